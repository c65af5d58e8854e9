package frontier

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// mixOf returns points of several strategies under the same conditions.
func mixOf(strategies map[string][]pareto) []*analysis.Summary {
	var all []*analysis.Summary
	for name, of := range strategies {
		for i, p := range of {
			all = append(all, &analysis.Summary{
				Point: results.Point{Strategy: name, Client: "blocking", RTTMs: float64(i)}, Cells: 1, Rounds: 1,
				Rejected: 1000, Delivered: stats.NewIndependentShare(p.delivered, 1000), Cost: analysis.Cost{HoldMs: results.Percentiles{Count: 1000, Mean: p.hold}},
			})
		}
	}
	return all
}

type pareto struct {
	delivered int64
	hold      float64
}

func anyMix(t *rapid.T) []*analysis.Summary {
	conditions := rapid.IntRange(1, 8).Draw(t, "conditions")
	mix := map[string][]pareto{}
	for i := range rapid.IntRange(2, 6).Draw(t, "strategies") {
		for range conditions {
			mix[fmt.Sprintf("s%d", i)] = append(mix[fmt.Sprintf("s%d", i)], pareto{
				rapid.SampledFrom([]int64{0, 480, 500, 990, 1000}).Draw(t, "delivered"), float64(rapid.IntRange(0, 4).Draw(t, "hold")),
			})
		}
	}
	return mixOf(mix)
}

func TestSomeStrategyIsUnbeatenAndBeatersDominate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points, _ := Of(anyMix(t), Costs[0])
		byName := map[string]Position{}
		for _, p := range points {
			byName[p.Strategy] = p
		}
		standing := 0
		for _, p := range points {
			if p.Place != Beaten {
				standing++
				continue
			}
			by := byName[p.BeatenBy]
			if by.Cost > p.Cost || by.below(&p) {
				t.Fatalf("%s is beaten by %s, which costs more or delivers less", p.Strategy, p.BeatenBy)
			}
			if by.dominates(&p) && p.dominates(&by) {
				t.Fatal("two points dominate each other")
			}
		}
		if standing == 0 {
			t.Fatal("nothing is left")
		}
	})
}

func TestAFrontierDoesNotDependOnTheOrderOfItsPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mix := anyMix(t)
		one, _ := Of(mix, Costs[0])
		two, _ := Of(rapid.Permutation(mix).Draw(t, "order"), Costs[0])
		if len(one) < 2 || len(two) != len(one) {
			t.Fatalf("%d and %d positions", len(one), len(two))
		}
		for i := range one {
			if one[i].Strategy != two[i].Strategy || one[i].Place != two[i].Place {
				t.Fatalf("%v and %v", one[i], two[i])
			}
		}
	})
}

func TestFrontierPlacesKnownStrategies(t *testing.T) {
	six := func(p pareto) []pareto { return []pareto{p, p, p, p, p, p} }
	points, conditions := Of(mixOf(map[string][]pareto{
		"cheap":   six(pareto{300, 0.1}),
		"dear":    six(pareto{1000, 500}),
		"best":    six(pareto{1000, 60}),
		"useless": six(pareto{300, 70}),
		"twin":    {{1000, 59}, {1000, 59}, {1000, 59}, {1000, 61}, {1000, 61}, {1000, 62}},
	}), Costs[0])
	if conditions != 6 {
		t.Errorf("%d conditions", conditions)
	}
	want := map[string]Place{"cheap": OnFrontier, "best": OnFrontier, "dear": Beaten, "useless": Beaten, "twin": NotApart}
	if len(points) != len(want) {
		t.Errorf("%d positions, want %d", len(points), len(want))
	}
	for _, p := range points {
		if p.Place != want[p.Strategy] {
			t.Errorf("%s is %s, want %s", p.Strategy, p.Place, want[p.Strategy])
		}
	}
}

func TestOneConditionDistinguishesNoCosts(t *testing.T) {
	points, _ := Of(mixOf(map[string][]pareto{"a": {{1000, 1}}, "b": {{1000, 100}}}), Costs[0])
	if points[0].Place != OnFrontier || points[1].Place != NotApart {
		t.Errorf("%v", points)
	}
}
