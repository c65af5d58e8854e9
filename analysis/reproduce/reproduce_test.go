package reproduce

import (
	"fmt"
	"slices"
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
		"whole": notReproduced, "everywhere": notReproduced, "spoilt": Undecided, "absent": Undecided, "one-round": Undecided, "unfinished": Undecided,
	}
	judged := Judge(analysis.NewStudy(analysistest.EveryVerdict()))
	if len(judged) != len(want) {
		t.Errorf("%d scenarios, want %d", len(judged), len(want))
	}
	for _, r := range judged {
		if r.Heading() != want[r.Name] {
			t.Errorf("%s is %s (%s), want %s", r.Name, r.Heading(), r.Why, want[r.Name])
		}
	}
}

// drawParts draws the results of parts of any role, some without a cell.
func drawParts(t *rapid.T) (parts []PartResult) {
	for i := range rapid.IntRange(0, 5).Draw(t, "parts") {
		role := rapid.SampledFrom(results.ScenarioRoles).Draw(t, "role").Name
		p := PartResult{ScenarioPart: results.ScenarioPart{Name: fmt.Sprint(i), Shows: role}}
		if n := rapid.Int64Range(-1, 100).Draw(t, "n"); n >= 0 {
			p.Summary = &analysis.Summary{Delivered: stats.NewIndependentShare(rapid.Int64Range(0, n).Draw(t, "delivered"), n)}
		}
		parts = append(parts, p)
	}
	return parts
}

// contradicts reports whether the counts of a part do not allow the verdict.
func contradicts(p PartResult, verdict string) bool {
	if verdict != Reproduced && verdict != Fixed {
		return false
	}
	switch p.Shows {
	case results.RoleReported:
		return p.Lost().K < reproducedLosses || p.Lost().Low <= 0
	case results.RoleControl:
		return !p.Known() || p.Lost().Value >= 1
	case results.RoleFixed:
		return verdict == Fixed && (!p.Known() || p.Lost().K > 0)
	}
	return false
}

// For any counts the verdict is one of the table, and no stronger than the counts allow.
func TestNoVerdictIsStrongerThanItsCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := drawParts(t)
		verdict, why := verdictOf(parts)
		if !slices.ContainsFunc(Verdicts, func(v results.Term) bool { return v.Name == verdict }) {
			t.Fatalf("%q is not a verdict", verdict)
		}
		reported := 0
		for _, p := range parts {
			if p.Shows == results.RoleReported {
				reported++
			}
			if contradicts(p, verdict) {
				t.Errorf("%s with a %s part of %+v", verdict, p.Shows, p.Lost())
			}
		}
		if reported == 0 && verdict != Undecided {
			t.Errorf("%s without a reported part", verdict)
		}
		if why == "" && (verdict == Undecided || verdict == notReproduced) {
			t.Errorf("%s without a reason", verdict)
		}
	})
}
