package compare

import (
	"maps"
	"slices"
	"strconv"

	"github.com/rejectbench/rejectbench/results"
)

// Mismatch is a condition that two runs do not share.
type Mismatch struct {
	What string `json:"what"` // kernel, tcp_rmem, --requests and so on
	Base string `json:"base"` // empty where it is not on record
	New  string `json:"new"`
}

// harmless are the options that change nothing of what is measured.
var harmless = map[string]bool{"out": true, "name": true, "format": true, "quiet": true, "seed": true}

// differences lists what may explain a difference besides what is compared:
// machine, kernel, TCP settings, path and options.
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
		if !harmless[key] {
			add("--"+key, b.Options[key], n.Options[key])
		}
	}
	add("tool", b.Tool, n.Tool)
	add("Go", b.Go, n.Go)
	return all
}

// keys are those of both maps, sorted.
func keys(a, b map[string]string) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
