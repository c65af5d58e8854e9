package figure

import (
	"testing"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

func TestAStrategyLooksTheSameInEveryRun(t *testing.T) {
	m := &results.Manifest{Strategies: analysistest.AllStrategies}
	some := Looks(m, []string{"close"})
	all := Looks(m, []string{"zeta", "nethttp", "close", "alpha"})
	if some["close"].Glyph != all["close"].Glyph || some["close"].Color != all["close"].Color {
		t.Error("the look of close depends on what else was measured")
	}
	if want := lookOf(len(analysistest.AllStrategies)); all["alpha"].Glyph != want.Glyph || all["alpha"].Color != want.Color {
		t.Error("names the manifest does not know do not follow by alphabet")
	}
}

func TestLooksOfDifferentStrategiesDiffer(t *testing.T) {
	type pair struct{ color, glyph any }
	seen := map[pair]int{}
	for i := range 56 {
		l := lookOf(i)
		p := pair{l.Color, l.Glyph}
		if j, ok := seen[p]; ok {
			t.Fatalf("%d looks like %d", i, j)
		}
		seen[p] = i
	}
}
