package stats

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAdjustIsHolmsProcedureForAnyPValue(t *testing.T) {
	got := Adjust([]Test{{P: 0.01}, {P: 0.04}, {P: 0.03}, {P: 0.005}}, 0.05)
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if !near(got[i].P, want, 1e-12) || !got[i].Possible {
			t.Errorf("p-value %d: %+v, want %v", i, got[i], want)
		}
	}
}

func TestImpossibleTestsWeakenNoOtherTest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tests []Test
		for range rapid.IntRange(1, 20).Draw(t, "tests") {
			smallest := rapid.Float64Range(0, 0.2).Draw(t, "smallest")
			tests = append(tests, Test{P: max(smallest, rapid.Float64Range(0, 0.2).Draw(t, "p")), Smallest: smallest})
		}
		const alpha = 0.05
		before := Adjust(tests, alpha)
		more := slices.Clone(tests)
		for range rapid.IntRange(1, 30).Draw(t, "hopeless") {
			more = append(more, Test{P: 0.1, Smallest: 0.1})
		}
		after := Adjust(more, alpha)
		if !slices.Equal(before, after[:len(tests)]) {
			t.Fatalf("%v and with hopeless ones %v", before, after)
		}
		for i, a := range before {
			if a.P < tests[i].P || a.P > 1 || !a.Possible && a.P <= alpha {
				t.Fatalf("%v became %+v", tests[i], a)
			}
		}
		// Every test that Holm's procedure rejects is rejected here.
		plain := slices.Clone(tests)
		for i := range plain {
			plain[i].Smallest = 0
		}
		for i, a := range Adjust(plain, alpha) {
			if a.P <= alpha && before[i].P > alpha {
				t.Fatalf("%v is called by Holm's procedure, %v, and not here, %v", tests[i], a, before[i])
			}
		}
	})
}
