package sweep

import (
	"strings"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/witness"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
)

func TestOthersInvalidateACellOnlyIfItWaitedForThem(t *testing.T) {
	const second = time.Second
	waiting := &results.CPUWait{Fleet: 20, Path: 30}
	for _, c := range []struct {
		name   string
		waited *results.CPUWait
		use    *witness.Use
		valid  bool
	}{
		{"others took much, and the cell waited", waiting, &witness.Use{CPUs: 2, Total: 2 * second, Others: second}, false},
		{"others took much, and the cell did not wait", &results.CPUWait{Fleet: 1}, &witness.Use{CPUs: 2, Total: 2 * second, Others: second}, true},
		{"others took little", waiting, &witness.Use{CPUs: 2, Total: 2 * second, Others: second / 10}, true},
		{"others took no more than the resolution", waiting, &witness.Use{CPUs: 2, Total: second / 5, Others: second / 20}, true},
		{"the hypervisor took much", &results.CPUWait{}, &witness.Use{CPUs: 2, Total: 2 * second, Stolen: second}, false},
		{"nothing is known", nil, nil, true},
	} {
		var found problems
		found.checkCPU(c.waited, c.use)
		if (len(found) == 0) != c.valid {
			t.Errorf("%s: %q", c.name, found)
		}
	}
}

func TestLongRoundTripsRunSideBySideAndFastCellsAlone(t *testing.T) {
	far := results.Point{Strategy: "close", Client: "blocking", RTTMs: 200, Concurrency: 50}
	near, local, heavy, library := far, far, far, far
	near.RTTMs, local.RTTMs = 5, 0
	heavy.BodyBytes = 64 << 20
	library.Client = "curl"
	o := Options{Programs: map[string]cell.Program{"nginx": {}}}
	program := far
	program.Strategy = "nginx"
	if l := o.load(far); !o.fits(l, []float64{l, l}) {
		t.Errorf("a cell of load %v does not fit beside two others", l)
	}
	for name, p := range map[string]results.Point{"near": near, "local": local, "heavy": heavy, "library": library, "program": program} {
		// loadBudget is a share of CPUs, of which a machine may have many.
		if l := o.load(p); name != "near" && name != "heavy" && o.fits(l, []float64{o.load(far)}) || l <= o.load(far) {
			t.Errorf("%s: load %v", name, l)
		}
		if !o.fits(o.load(p), nil) {
			t.Errorf("%s: it does not run alone", name)
		}
	}
	o.SideBySide = 1
	if o.fits(o.load(far), []float64{o.load(far)}) {
		t.Error("two cells run one after another")
	}
}

func TestRecordsEndInAnyOrderWithTheirOwnPoints(t *testing.T) {
	r := &runner{Options: Options{Points: []results.Point{{Strategy: "a"}, {Strategy: "b"}}, Rounds: 1}}
	r.stopping = newStoppingRule(0, Gate{}, r.Points)
	var got []string
	r.events.Done = func(c results.Cell, final bool) error {
		got = append(got, c.Strategy)
		return nil
	}
	report := cell.Report{Fleet: loadgen.Report{}, Error: "on purpose"}
	first := &running{attempt: attempt{visit: visit{Point: r.Points[0]}}}
	second := &running{attempt: attempt{visit: visit{Point: r.Points[1]}, try: maxTries - 1}}
	r.running = []*running{first, second}
	for _, c := range []*running{second, first} {
		if err := r.handle(change{cell: c, ended: true, report: report}); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(got, " ") != "b a" || len(r.running) != 0 || r.done != 1 {
		t.Errorf("records %v, %d cells running, %d done", got, len(r.running), r.done)
	}
	if len(r.queue) != 1 || r.queue[0].try != 1 || r.fits(r.queue[0].load, []float64{0}) {
		t.Errorf("the invalid cell's next try is %+v, want it alone", r.queue)
	}
}
