package cell

import (
	"os"
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
	all, err := process.CPUs()
	if err != nil {
		t.Fatal(err)
	}
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
		bound string
		lists []string // of the processes of fleet, server and cell
	}{
		Bound: {half, []string{every, half, half}},
		Free:  {"", []string{every, every, every}},
	} {
		t.Run(placement, func(t *testing.T) {
			var found []string
			report, err := new(Group).Run(t.Context(), Spec{
				Path: spec, Isolated: choice.Isolated, Placement: placement,
				Server: ServerSpec{Strategy: "close", Grace: time.Second},
				// The attempts start while the test looks.
				Fleet: loadgen.Config{Client: "blocking", Concurrency: 1, Requests: 5, Arrivals: results.EvenArrivals, Rate: 5},
			}, func(p Phase) {
				if p == Measuring {
					found = placesOfChildren(t, os.Getpid())
				}
			})
			if err != nil || report.Error != "" {
				t.Fatal(err, report.Error)
			}
			if report.Bound != want.bound {
				t.Errorf("on record is %q, want %q", report.Bound, want.bound)
			}
			slices.Sort(found)
			slices.Sort(want.lists)
			if !slices.Equal(found, want.lists) {
				t.Errorf("the processes run on %q, want %q", found, want.lists)
			}
		})
	}
}

// placesOfChildren returns the CPUs of each descendant of a process.
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
		text, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/status")
		if err != nil {
			t.Error(err)
		}
		_, after, _ := strings.Cut(string(text), "Cpus_allowed_list:")
		list, _, _ := strings.Cut(after, "\n")
		lists = append(lists, strings.TrimSpace(list))
		lists = append(lists, placesOfChildren(t, p.PID)...)
	}
	return lists
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
