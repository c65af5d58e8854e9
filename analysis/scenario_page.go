package analysis

import (
	"fmt"
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// pageScenarios is the report page's section on scenarios.
type pageScenarios struct {
	Tally    string
	All      []pageScenario
	Verdicts []results.Term
	Roles    []results.Term
}

// pageScenario is a scenario of the page.
type pageScenario struct {
	results.Scenario
	Heading, Why string
	Held         bool // the loss was there, whether or not it is mended
	Rows         []pagePart
}

// pagePart is a line of a scenario's table.
type pagePart struct {
	results.ScenarioPart
	Setup                         string // what was asked, and of which software, in words
	Share, Interval, N, Ends, Bad string
	Words                         []string // the library's own, with how many met each
	MoreWords                     int
}

// maxErrorWords is how many of a library's own words a part shows.
const maxErrorWords = 3

// scenarioSection is the section on a run's scenarios; nil without one.
func scenarioSection(study *Study) *pageScenarios {
	judged := Scenarios(study)
	if len(judged) == 0 {
		return nil
	}
	page := &pageScenarios{Verdicts: ScenarioVerdicts, Roles: results.ScenarioRoles}
	count := map[string]int{}
	for _, r := range judged {
		count[r.Verdict]++
		s := pageScenario{Scenario: r.Scenario, Heading: r.Heading(), Why: r.Why, Held: r.Verdict == Reproduced || r.Verdict == Fixed}
		for _, p := range r.Parts {
			s.Rows = append(s.Rows, newPagePart(p, &study.Run.Manifest))
		}
		page.All = append(page.All, s)
	}
	var tally []string
	for _, v := range ScenarioVerdicts {
		if n := count[v.Name]; n > 0 {
			tally = append(tally, fmt.Sprintf("%d %s", n, v.Name))
		}
	}
	page.Tally = list(tally)
	return page
}

func newPagePart(p ScenarioPartResult, m *results.Manifest) pagePart {
	row := pagePart{ScenarioPart: p.ScenarioPart, Share: none, Interval: none, N: none, Bad: p.Missing()}
	if p.Summary != nil {
		at := p.Summary.Point
		at.Scenario, at.Part = "", ""
		row.Setup = at.String() + versionsOf(at, m)
	}
	if !p.Known() {
		return row
	}
	row.Share, row.Interval, row.N, _ = partCells(p)
	row.Ends = endsOf(p.Summary)
	for _, e := range p.Errors[:min(len(p.Errors), maxErrorWords)] {
		row.Words = append(row.Words, fmt.Sprintf("%d× %s", e.N, e.Words))
	}
	row.MoreWords = len(p.Errors) - len(row.Words)
	return row
}

// versionsOf names the software of a point, as "; node 20.20.2"; empty where both
// ends are the program's own.
func versionsOf(p results.Point, m *results.Manifest) (text string) {
	server, _, _ := strings.Cut(p.Strategy, ":")
	if v, ok := m.Servers[server]; ok {
		text += "; " + server + " " + v
	}
	if v, ok := m.ClientVersions[p.Client]; ok {
		text += "; " + p.Client + " " + v
	}
	return text
}

// endsOf counts a point's outcomes, as "delivered 12, reset-send 28".
func endsOf(s *Summary) string {
	var words []string
	for o, n := range s.Outcomes {
		if n > 0 {
			words = append(words, fmt.Sprintf("%s %d", results.Outcome(o), n))
		}
	}
	return strings.Join(words, ", ")
}
