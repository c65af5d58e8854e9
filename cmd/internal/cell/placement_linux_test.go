package cell

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

func TestServerAndPathAreBoundToTheirHalfOfTheCPUs(t *testing.T) {
	all := process.CPUs()
	if len(all) < 2 {
		t.Skip("one CPU has no halves")
	}
	every, half := cpuList(all), cpuList(all[len(all)/2:])
	spec := netpath.Spec{Kind: netpath.DelayLine}
	choice, err := Choose(t.Context(), spec)
	if err != nil {
		t.Skipf("no path: %v", err)
	}
	for placement, want := range map[string]struct {
		recorded string
		lists    []string // of the threads of fleet, server and cell
	}{
		Together: {half, []string{half, every}},
		Free:     {"", []string{every}},
	} {
		t.Run(placement, func(t *testing.T) {
			var found, after []string
			report, err := new(Group).Run(t.Context(), Spec{
				Path: spec, Isolated: choice.Isolated, Placement: placement,
				Server: ServerSpec{Strategy: "close", Grace: time.Second},
				// The attempts start while the test looks.
				Fleet: loadgen.Config{Client: "blocking", Concurrency: 1, Requests: 5, Arrivals: results.EvenArrivals, Rate: 5},
			}, func(p Phase) {
				switch p {
				case Measuring:
					found = placesOfChildren(t, os.Getpid())
				case Ending:
					after = placesOfChildren(t, os.Getpid())
				}
			})
			if err != nil || report.Error != "" {
				t.Fatal(err, report.Error)
			}
			if report.ServerCPUs != want.recorded {
				t.Errorf("on record is %q, want %q", report.ServerCPUs, want.recorded)
			}
			slices.Sort(want.lists)
			if !slices.Equal(found, want.lists) {
				t.Errorf("the threads run on %q, want %q", found, want.lists)
			}
			if !slices.Contains(after, every) {
				t.Errorf("after the measurement the threads run on %q, and the cell's own not on %s", after, every)
			}
		})
	}
}

// placesOfChildren returns the CPUs of the threads of the descendants of a process, each
// list once, in order.
func placesOfChildren(t *testing.T, parent int) (lists []string) {
	processes, err := procfs.AllProcs()
	if err != nil {
		t.Error(err)
	}
	for _, p := range processes {
		stat, err := p.Stat()
		if err != nil || stat.PPID != parent {
			continue // or it is gone
		}
		threads, err := filepath.Glob("/proc/" + strconv.Itoa(p.PID) + "/task/*/status")
		if err != nil {
			t.Error(err)
		}
		for _, status := range threads {
			text, err := os.ReadFile(status)
			if err != nil {
				continue // the thread is gone
			}
			_, after, _ := strings.Cut(string(text), "Cpus_allowed_list:")
			list, _, _ := strings.Cut(after, "\n")
			lists = append(lists, strings.TrimSpace(list))
		}
		lists = append(lists, placesOfChildren(t, p.PID)...)
	}
	slices.Sort(lists)
	return slices.Compact(lists)
}

func TestOnlyADelayLineSharesCPUsWithTheServer(t *testing.T) {
	for _, c := range []struct {
		placement string
		kind      netpath.Kind
		all, want []int
	}{
		{Together, netpath.DelayLine, []int{0, 1}, []int{1}},
		{Together, netpath.DelayLine, []int{2, 5, 7}, []int{5, 7}},
		{Together, netpath.DelayLine, []int{4, 5, 6, 7}, []int{6, 7}},
		{Together, netpath.DelayLine, []int{3}, nil},
		{Together, netpath.DelayLine, nil, nil},
		{Together, netpath.Netem, []int{0, 1}, nil},
		{Together, netpath.Loopback, []int{0, 1}, nil},
		{Free, netpath.DelayLine, []int{0, 1}, nil},
		{"", netpath.DelayLine, []int{0, 1}, nil},
	} {
		spec := Spec{Placement: c.placement, Path: netpath.Spec{Kind: c.kind}}
		if got := spec.serverCPUs(c.all); !slices.Equal(got, c.want) {
			t.Errorf("%s, %s, CPUs %v: %v, want %v", c.placement, c.kind, c.all, got, c.want)
		}
	}
}

func TestAListOfCPUsNamesEachOnce(t *testing.T) {
	for want, cpus := range map[string][]int{"": nil, "3": {3}, "0-1": {0, 1}, "0-2": {0, 1, 2}, "0-1023": until(1024), "1,3-5,9": {1, 3, 4, 5, 9}} {
		if got := cpuList(cpus); got != want {
			t.Errorf("%v: %q, want %q", cpus, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		cpus := rapid.SliceOfDistinct(rapid.IntRange(0, 40), rapid.ID).Draw(t, "cpus")
		slices.Sort(cpus)
		var read []int
		for part := range strings.SplitSeq(cpuList(cpus), ",") {
			if part == "" {
				continue
			}
			first, last, isRange := strings.Cut(part, "-")
			from, err := strconv.Atoi(first)
			if err != nil {
				t.Fatal(err)
			}
			to := from
			if isRange {
				if to, err = strconv.Atoi(last); err != nil {
					t.Fatal(err)
				}
			}
			for cpu := from; cpu <= to; cpu++ {
				read = append(read, cpu)
			}
		}
		if !slices.Equal(read, cpus) {
			t.Fatalf("%v was written as %q", cpus, cpuList(cpus))
		}
	})
}

func until(n int) (cpus []int) {
	for cpu := range n {
		cpus = append(cpus, cpu)
	}
	return cpus
}
