// Package reproduce judges whether a run reproduces the public reports (scenarios) that
// it measured: whether the reported part loses answers, the controls lose fewer, and
// the part with the fix loses none.
package reproduce

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// The verdicts on a scenario. The table Verdicts describes each.
const (
	Reproduced    = "reproduced"
	Fixed         = "fixed"
	notReproduced = "not reproduced"
	Undecided     = "undecided"
)

// Verdicts is the table of the verdicts.
var Verdicts = []results.Term{
	{Name: Reproduced, Summary: "the reported part lost answers, at least 2, and measurably more than every control (Newcombe's 95% interval of the difference is above 0)"},
	{Name: Fixed, Summary: "as reproduced, and the part with the fix lost none, and measurably fewer than the reported part"},
	{Name: notReproduced, Summary: "the reported part lost no more than 1 answer, or not measurably more than a control"},
	{Name: Undecided, Summary: "the reported part or a control has no valid cell, or too few rounds to tell them apart"},
}

// reproducedLosses is the number of answers that the reported part has to lose. A
// single loss may be an accident of the machine, although the interval of the lost
// share is above 0 from the first one on.
const reproducedLosses = 2

// Result is the result of a run for a scenario.
type Result struct {
	results.Scenario
	Verdict string // a name in Verdicts
	// Why states in a clause what decided where the verdict does not: which part is
	// missing, or which one lost no fewer answers. Empty otherwise.
	Why   string
	Parts []PartResult // in the order of the scenario's parts
}

// PartResult is the result of a run for a part.
type PartResult struct {
	results.ScenarioPart
	// Summary is the sum of the valid cells of the part; nil where the part has no cell
	// on record.
	Summary *analysis.Summary
	// Errors are the error texts of the library client in the valid cells, the most
	// frequent first.
	Errors []ErrorCount
}

// ErrorCount is the number of attempts with an error text.
type ErrorCount struct {
	Words string // error text, as the library client wrote it
	N     int64  // number of attempts that ended with it
}

// Known reports whether the part has a share of delivered answers.
func (p PartResult) Known() bool { return p.Summary != nil && p.Summary.Delivered.Known() }

// Delivered returns the share of rejections whose answer was delivered; the zero Share
// where nothing is known.
func (p PartResult) Delivered() stats.Share {
	if p.Summary == nil {
		return stats.Share{}
	}
	return p.Summary.Delivered
}

// Lost returns the share of rejections whose answer was not delivered.
func (p PartResult) Lost() stats.Share {
	return p.Delivered().Complement()
}

// Missing states why there is no share; empty where there is one.
func (p PartResult) Missing() string {
	switch {
	case p.Known():
		return ""
	case p.NotRun != "":
		return "not run: " + p.NotRun
	case p.Summary == nil:
		return "no cell on record"
	case len(p.Summary.Invalid) > 0:
		return "no valid cell: " + p.Summary.Invalid[0].Reason
	}
	return "nothing was rejected"
}

// losesLess reports whether a part lost a measurably smaller share than another. One or
// two rounds do not show how much rounds differ. So it is not decided if the share is
// smaller for independent attempts, and not for the worst spread of rounds on record.
func (p PartResult) losesLess(than PartResult) (less, decided bool) {
	a, b := p.Lost(), than.Lost()
	low, _ := b.DifferenceFrom(a)
	if low <= 0 || a.HasInterval() && b.HasInterval() {
		return low > 0, true
	}
	chance, _ := stats.FewRoundsTest(a.K, a.N, b.K, b.N)
	return chance <= 0.05, chance <= 0.05
}

// Heading returns the verdict for a reader, with the version of the fix.
func (r Result) Heading() string {
	if r.Verdict == Fixed && r.Fixed != "" {
		return "fixed since " + r.Fixed
	}
	return r.Verdict
}

// Judge returns the result of every scenario of a run, in the order of its manifest;
// none for a run of a grid.
func Judge(s *analysis.Study) []Result {
	var judged []Result
	for _, of := range s.Run.Manifest.Scenarios {
		r := Result{Scenario: of}
		for _, part := range of.Parts {
			r.Parts = append(r.Parts, PartResult{part, partSummary(s, of.Name, part.Name), partErrors(s, of.Name, part.Name)})
		}
		r.Verdict, r.Why = verdictOf(r.Parts)
		judged = append(judged, r)
	}
	return judged
}

// partSummary returns the sum of the cells of a part. A merged run may have them under
// several conditions.
func partSummary(study *analysis.Study, scenario, part string) *analysis.Summary {
	of := analysis.Where(study.Summaries, func(s *analysis.Summary) bool { return s.Scenario == scenario && s.Part == part })
	switch valid := analysis.Where(of, (*analysis.Summary).Valid); {
	case len(of) == 0:
		return nil
	case len(valid) == 0:
		return of[0]
	case len(valid) == 1:
		return valid[0]
	default:
		all := analysis.Pool(valid)
		all.Point = valid[0].Point
		return all
	}
}

// partErrors returns the error texts of a part, the most frequent first.
func partErrors(s *analysis.Study, scenario, part string) []ErrorCount {
	attempts := map[string]int64{}
	for _, c := range s.Run.Cells {
		if c.Scenario != scenario || c.Part != part || !c.Valid || c.Twin {
			continue
		}
		for text, n := range c.Errors {
			attempts[text] += n
		}
	}
	var counts []ErrorCount
	for _, text := range slices.Sorted(maps.Keys(attempts)) {
		counts = append(counts, ErrorCount{text, attempts[text]})
	}
	slices.SortStableFunc(counts, func(a, b ErrorCount) int { return cmp.Compare(b.N, a.N) })
	return counts
}

// verdictOf compares the parts of a scenario.
func verdictOf(parts []PartResult) (verdict, why string) {
	showing := func(role string) []PartResult {
		return slices.DeleteFunc(slices.Clone(parts), func(p PartResult) bool { return p.Shows != role })
	}
	reported, controls := showing(results.RoleReported), showing(results.RoleControl)
	if len(reported) == 0 {
		return Undecided, "it has no reported part"
	}
	for _, p := range slices.Concat(reported, controls) {
		if !p.Known() {
			return Undecided, p.Name + ": " + p.Missing()
		}
	}
	for _, r := range reported {
		if r.Lost().K < reproducedLosses {
			return notReproduced, fmt.Sprintf("%s lost %d of %d", r.Name, r.Lost().K, r.Lost().N)
		}
		for _, c := range controls {
			switch less, decided := c.losesLess(r); {
			case !decided:
				return Undecided, fmt.Sprintf("%s lost less than %s, but the rounds are too few to show how much rounds differ", c.Name, r.Name)
			case !less:
				return notReproduced, fmt.Sprintf("%s did not lose measurably less than %s", c.Name, r.Name)
			}
		}
	}
	fixes := showing(results.RoleFixed)
	if len(fixes) == 0 {
		return Reproduced, ""
	}
	for _, f := range fixes {
		switch {
		case !f.Known():
			return Reproduced, ""
		case f.Lost().K > 0:
			return Reproduced, fmt.Sprintf("%s, with the fix, lost %d of %d", f.Name, f.Lost().K, f.Lost().N)
		case slices.ContainsFunc(reported, func(r PartResult) bool { less, _ := f.losesLess(r); return !less }):
			return Reproduced, fmt.Sprintf("%s did not lose measurably less than the reported part", f.Name)
		}
	}
	return Fixed, ""
}
