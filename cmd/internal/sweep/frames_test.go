package sweep

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// What a loss changes is seen only against a path that carries the same packets.
func TestPointsThatAreComparedCrossTheSameKindOfPath(t *testing.T) {
	plain, lossy := results.Point{Strategy: "close"}, results.Point{Strategy: "close", Loss: 0.01}
	other := results.Point{Strategy: "close", Scenario: "other"}
	for name, c := range map[string]struct {
		o    Options
		p    results.Point
		want bool
	}{
		"without impairments":             {Options{Points: []results.Point{plain, other}}, plain, false},
		"beside a point with a loss":      {Options{Points: []results.Point{plain, lossy, other}}, plain, true},
		"with a loss":                     {Options{Points: []results.Point{lossy}}, lossy, true},
		"of another scenario":             {Options{Points: []results.Point{plain, lossy, other}}, other, false},
		"on a path that drops":            {Options{Points: []results.Point{plain}, Impairments: impair.Set{Up: impair.OneWay{Loss: 0.1}}}, plain, true},
		"where a search has other losses": {Options{Points: []results.Point{plain}, Frames: true}, plain, true},
	} {
		if got := c.o.framed(c.p); got != c.want {
			t.Errorf("a point %s: frames %v", name, got)
		}
	}
}
