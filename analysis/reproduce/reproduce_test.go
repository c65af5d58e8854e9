package reproduce

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

func TestVerdictsFollowTheirTable(t *testing.T) {
	want := map[string]string{
		"lost": Reproduced, "mended": "fixed since 2.0", "half-mended": Reproduced, "unmended": Reproduced,
		"whole": NotReproduced, "everywhere": NotReproduced, "spoilt": Undecided, "absent": Undecided, "unfinished": Undecided,
	}
	for _, r := range Judge(analysis.NewStudy(analysistest.EveryVerdict())) {
		if r.Heading() != want[r.Name] {
			t.Errorf("%s is %s (%s), want %s", r.Name, r.Heading(), r.Why, want[r.Name])
		}
	}
}

// For any counts the verdict is one of the table, and no stronger than the counts allow.
func TestNoVerdictIsStrongerThanItsCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts []PartResult
		for i := range rapid.IntRange(0, 5).Draw(t, "parts") {
			role := rapid.SampledFrom(results.ScenarioRoles).Draw(t, "role").Name
			p := PartResult{ScenarioPart: results.ScenarioPart{Name: fmt.Sprint(i), Shows: role}}
			if n := rapid.Int64Range(-1, 100).Draw(t, "n"); n >= 0 {
				p.Summary = &analysis.Summary{Delivered: stats.NewShare(rapid.Int64Range(0, n).Draw(t, "delivered"), n)}
			}
			parts = append(parts, p)
		}
		verdict, why := verdictOf(parts)
		known := false
		for _, v := range Verdicts {
			known = known || v.Name == verdict
		}
		if !known {
			t.Fatalf("%q is not a verdict", verdict)
		}
		reported := 0
		for _, p := range parts {
			if p.Shows == results.RoleReported {
				reported++
			}
			switch {
			case verdict != Reproduced && verdict != Fixed:
			case p.Shows == results.RoleReported && (p.Lost().K < reproducedLosses || p.Lost().Low <= 0):
				t.Errorf("%s with %+v", verdict, p.Lost())
			case p.Shows == results.RoleControl && (!p.Known() || p.Lost().Value >= 1):
				t.Errorf("%s with a control of %+v", verdict, p.Lost())
			case verdict == Fixed && p.Shows == results.RoleFixed && (!p.Known() || p.Lost().K > 0):
				t.Errorf("fixed with %+v", p.Lost())
			}
		}
		if reported == 0 && verdict != Undecided {
			t.Errorf("%s without a reported part", verdict)
		}
		if why == "" && (verdict == Undecided || verdict == NotReproduced) {
			t.Errorf("%s without a reason", verdict)
		}
	})
}
