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

// The verdicts on a scenario.
const (
	Reproduced    = "reproduced"
	Fixed         = "fixed"
	NotReproduced = "not reproduced"
	Undecided     = "undecided"
)

// Verdicts is the one table of what a run can say of a scenario.
var Verdicts = []results.Term{
	{Name: Reproduced, Summary: "the reported part lost answers, at least 2, and measurably more than every control (Newcombe's 95% interval of the difference is above 0)"},
	{Name: Fixed, Summary: "so it did, and the part with what mended it lost none, and measurably fewer than the reported part"},
	{Name: NotReproduced, Summary: "the reported part lost no more than 1 answer, or not measurably more than a control"},
	{Name: Undecided, Summary: "the reported part or a control has no valid cell"},
}

// reproducedLosses is how many answers the reported part has to lose: a single one
// may be an accident of the machine. From the first on, the interval of the lost
// share is above 0.
const reproducedLosses = 2

// Result is what a run shows of a scenario.
type Result struct {
	results.Scenario
	Verdict string // of ScenarioVerdicts
	// Why says in a clause what decided, where that is not plain: which part is
	// missing, or which one lost no less. Empty otherwise.
	Why   string
	Parts []PartResult // in the order of the scenario's
}

// PartResult is what a run shows of a part.
type PartResult struct {
	results.ScenarioPart
	// Summary adds up the part's valid cells; its Point is what was asked. Nil where
	// nothing of the part is on record.
	Summary *analysis.Summary
	// Errors are the library client's own words for what it met, of the valid cells,
	// the most frequent first.
	Errors []ErrorCount
}

// ErrorCount is how many attempts met an error, in a library's own words.
type ErrorCount struct {
	Words string
	N     int64
}

// Known tells whether the part has a share to judge by.
func (p PartResult) Known() bool { return p.Summary != nil && p.Summary.Delivered.Known() }

// Delivered is the share of rejections whose answer arrived; zero where nothing is known.
func (p PartResult) Delivered() stats.Share {
	if p.Summary == nil {
		return stats.Share{}
	}
	return p.Summary.Delivered
}

// Lost is the share of rejections whose answer did not arrive.
func (p PartResult) Lost() stats.Share {
	d := p.Delivered()
	return stats.NewShare(d.N-d.K, d.N)
}

// Missing says why there is no share; empty where there is one.
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

// losesLess tells whether a part lost measurably less than another.
func (p PartResult) losesLess(than PartResult) bool {
	a, b := p.Lost(), than.Lost()
	low, _ := stats.Newcombe(float64(a.K), float64(a.N), float64(b.K), float64(b.N), stats.Z95)
	return low > 0
}

// Heading is the verdict as a reader meets it, with the version that mended it.
func (r Result) Heading() string {
	if r.Verdict == Fixed && r.Fixed != "" {
		return "fixed since " + r.Fixed
	}
	return r.Verdict
}

// Judge judges every scenario of a run, in the order of its manifest; none for
// a run of a grid.
func Judge(s *analysis.Study) []Result {
	var judged []Result
	for _, of := range s.Run.Manifest.Scenarios {
		r := Result{Scenario: of}
		for _, part := range of.Parts {
			r.Parts = append(r.Parts, PartResult{part, partSummary(s, of.Name, part.Name), partErrors(s, of.Name, part.Name)})
		}
		r.Verdict, r.Why = judge(r.Parts)
		judged = append(judged, r)
	}
	return judged
}

// partSummary adds up what is on record of a part; runs that were merged may have
// it under several conditions.
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

func partErrors(s *analysis.Study, scenario, part string) []ErrorCount {
	words := map[string]int64{}
	for _, c := range s.Run.Cells {
		if c.Scenario != scenario || c.Part != part || !c.Valid || c.Twin {
			continue
		}
		for text, n := range c.Errors {
			words[text] += n
		}
	}
	var counts []ErrorCount
	for _, text := range slices.Sorted(maps.Keys(words)) {
		counts = append(counts, ErrorCount{text, words[text]})
	}
	slices.SortStableFunc(counts, func(a, b ErrorCount) int { return cmp.Compare(b.N, a.N) })
	return counts
}

// judge holds a scenario's parts against each other.
func judge(parts []PartResult) (verdict, why string) {
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
			return NotReproduced, fmt.Sprintf("%s lost %d of %d", r.Name, r.Lost().K, r.Lost().N)
		}
		for _, c := range controls {
			if !c.losesLess(r) {
				return NotReproduced, fmt.Sprintf("%s lost not measurably less than %s", c.Name, r.Name)
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
			return Reproduced, fmt.Sprintf("%s, with what mended it, lost %d of %d", f.Name, f.Lost().K, f.Lost().N)
		case slices.ContainsFunc(reported, func(r PartResult) bool { return !f.losesLess(r) }):
			return Reproduced, fmt.Sprintf("%s lost not measurably less than the reported part", f.Name)
		}
	}
	return Fixed, ""
}
