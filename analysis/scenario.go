package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// The verdicts on a scenario.
const (
	Reproduced    = "reproduced"
	Fixed         = "fixed"
	NotReproduced = "not reproduced"
	Undecided     = "undecided"
)

// ScenarioVerdicts is the one table of what a run can say of a scenario.
var ScenarioVerdicts = []results.Term{
	{Name: Reproduced, Summary: "the reported part lost answers, at least 2, and measurably more than every control (Newcombe's 95% interval of the difference is above 0)"},
	{Name: Fixed, Summary: "so it did, and the part with what mended it lost none, and measurably fewer than the reported part"},
	{Name: NotReproduced, Summary: "the reported part lost no more than 1 answer, or not measurably more than a control"},
	{Name: Undecided, Summary: "the reported part or a control has no valid cell"},
}

// reproducedLosses is how many answers the reported part has to lose: a single one
// may be an accident of the machine. From the first on, the interval of the lost
// share is above 0.
const reproducedLosses = 2

// ScenarioResult is what a run shows of a scenario.
type ScenarioResult struct {
	results.Scenario
	Verdict string // of ScenarioVerdicts
	// Why says in a clause what decided, where that is not plain: which part is
	// missing, or which one lost no less. Empty otherwise.
	Why   string
	Parts []ScenarioPartResult // in the order of the scenario's
}

// ScenarioPartResult is what a run shows of a part.
type ScenarioPartResult struct {
	results.ScenarioPart
	// Summary adds up the part's valid cells; its Point is what was asked. Nil where
	// nothing of the part is on record.
	Summary *Summary
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
func (p ScenarioPartResult) Known() bool { return p.Summary != nil && p.Summary.Delivered.Known() }

// Delivered is the share of rejections whose answer arrived; zero where nothing is known.
func (p ScenarioPartResult) Delivered() Share {
	if p.Summary == nil {
		return Share{}
	}
	return p.Summary.Delivered
}

// Lost is the share of rejections whose answer did not arrive.
func (p ScenarioPartResult) Lost() Share {
	d := p.Delivered()
	return NewShare(d.N-d.K, d.N)
}

// Missing says why there is no share; empty where there is one.
func (p ScenarioPartResult) Missing() string {
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
func (p ScenarioPartResult) losesLess(than ScenarioPartResult) bool {
	a, b := p.Lost(), than.Lost()
	low, _ := Newcombe(float64(a.K), float64(a.N), float64(b.K), float64(b.N), Z95)
	return low > 0
}

// Heading is the verdict as a reader meets it, with the version that mended it.
func (r ScenarioResult) Heading() string {
	if r.Verdict == Fixed && r.Fixed != "" {
		return "fixed since " + r.Fixed
	}
	return r.Verdict
}

// Scenarios judges every scenario of a run, in the order of its manifest; none for
// a run of a grid.
func Scenarios(s *Study) []ScenarioResult {
	var judged []ScenarioResult
	for _, of := range s.Run.Manifest.Scenarios {
		r := ScenarioResult{Scenario: of}
		for _, part := range of.Parts {
			r.Parts = append(r.Parts, ScenarioPartResult{part, partSummary(s, of.Name, part.Name), partErrors(s, of.Name, part.Name)})
		}
		r.Verdict, r.Why = judgeScenario(r.Parts)
		judged = append(judged, r)
	}
	return judged
}

// partSummary adds up what is on record of a part; runs that were merged may have
// it under several conditions.
func partSummary(study *Study, scenario, part string) *Summary {
	of := where(study.Summaries, func(s *Summary) bool { return s.Scenario == scenario && s.Part == part })
	switch valid := where(of, (*Summary).Valid); {
	case len(of) == 0:
		return nil
	case len(valid) == 0:
		return of[0]
	case len(valid) == 1:
		return valid[0]
	default:
		all := pool(valid)
		all.Point = valid[0].Point
		return all
	}
}

func partErrors(s *Study, scenario, part string) []ErrorCount {
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

// judgeScenario holds a scenario's parts against each other.
func judgeScenario(parts []ScenarioPartResult) (verdict, why string) {
	showing := func(role string) []ScenarioPartResult {
		return slices.DeleteFunc(slices.Clone(parts), func(p ScenarioPartResult) bool { return p.Shows != role })
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
		case slices.ContainsFunc(reported, func(r ScenarioPartResult) bool { return !f.losesLess(r) }):
			return Reproduced, fmt.Sprintf("%s lost not measurably less than the reported part", f.Name)
		}
	}
	return Fixed, ""
}

// findScenarios says of each scenario what became of its report.
func findScenarios(study *Study) []string {
	var found []string
	for _, r := range Scenarios(study) {
		var parts []string
		for _, p := range r.Parts {
			name := p.Name + " (" + p.Shows + ")"
			if !p.Known() {
				parts = append(parts, name+" has no figure, "+p.Missing())
				continue
			}
			text := name + " " + sharePhrase(p.Delivered())
			if p.Shows == results.RoleFixed && p.Lost().K == 0 {
				_, _, high := bounds(p.Lost())
				text += ", so that at most " + high + "% are lost"
			}
			parts = append(parts, text)
		}
		verdict := r.Heading()
		if r.Why != "" && r.Verdict != Undecided {
			verdict += " (" + r.Why + ")"
		}
		found = append(found, fmt.Sprintf("Scenario %s is %s. Answers that arrived: %s.", r.Name, verdict, strings.Join(parts, "; ")))
	}
	return found
}
