package compare

import (
	"maps"
	"slices"
	"strconv"

	"github.com/rejectbench/rejectbench/results"
)

// Mismatch is a condition that differs between two runs.
type Mismatch struct {
	What string // name of the condition: kernel, tcp_rmem, --requests and so on
	Base string // value in BASE; empty where it is not on record
	New  string // value in NEW; empty where it is not on record
}

// differences returns the conditions that may explain a difference besides what is
// compared: machine, kernel, TCP settings, path and options.
func differences(base, new *results.Run) []Mismatch {
	b, n := base.Manifest, new.Manifest
	var all []Mismatch
	add := func(what, old, now string) {
		if old != now {
			all = append(all, Mismatch{what, old, now})
		}
	}
	add("kernel", b.Kernel, n.Kernel)
	add("system", b.System, n.System)
	add("CPU", b.CPU, n.CPU)
	add("cores", strconv.Itoa(b.Cores), strconv.Itoa(n.Cores))
	add("path", b.PathKind, n.PathKind)
	for _, key := range keys(b.TCP, n.TCP) {
		add(key, b.TCP[key], n.TCP[key])
	}
	for _, key := range keys(b.Options, n.Options) {
		if !results.Incidental(key) {
			add("--"+key, b.Options[key], n.Options[key])
		}
	}
	add("tool", b.Tool, n.Tool)
	add("Go", b.Go, n.Go)
	return all
}

// keys returns the keys of both maps, sorted.
func keys(a, b map[string]string) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
