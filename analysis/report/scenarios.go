package report

import (
	"fmt"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/analysis/table"
	"github.com/rejectbench/rejectbench/results"
)

// pageScenarios is the section on scenarios.
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
	Held         bool // whether answers were lost as reported, fixed since or not
	Rows         []pagePart
}

// pagePart is a line of a scenario's table.
type pagePart struct {
	results.ScenarioPart
	Setup                         string // the point and the versions of the software
	Share, Interval, N, Ends, Bad string
	Words                         []string // the library's error messages, each with its count
	MoreWords                     int
}

// maxErrorWords is the most error messages of a library that a part shows.
const maxErrorWords = 3

// scenarioSection shows the scenarios of a run; nil in a run without them.
func scenarioSection(judged []reproduce.Result, m *results.Manifest) *pageScenarios {
	if len(judged) == 0 {
		return nil
	}
	page := &pageScenarios{Verdicts: reproduce.Verdicts, Roles: results.ScenarioRoles}
	count := map[string]int{}
	for _, r := range judged {
		count[r.Verdict]++
		s := pageScenario{Scenario: r.Scenario, Heading: r.Heading(), Why: r.Why, Held: r.Verdict == reproduce.Reproduced || r.Verdict == reproduce.Fixed}
		for _, p := range r.Parts {
			s.Rows = append(s.Rows, newPagePart(p, m))
		}
		page.All = append(page.All, s)
	}
	var tally []string
	for _, v := range reproduce.Verdicts {
		if n := count[v.Name]; n > 0 {
			tally = append(tally, fmt.Sprintf("%d %s", n, v.Name))
		}
	}
	page.Tally = words.List(tally)
	return page
}

func newPagePart(p reproduce.PartResult, m *results.Manifest) pagePart {
	row := pagePart{ScenarioPart: p.ScenarioPart, Share: words.None, Interval: words.None, N: words.None, Bad: p.Missing()}
	if p.Summary != nil {
		at := p.Summary.Without("scenario", "part")
		row.Setup = at.String() + versionsOf(at, m)
	}
	if !p.Known() {
		return row
	}
	row.Share, row.Interval, row.N, _ = table.PartCells(p)
	row.Ends = outcomesOf(p.Summary)
	for _, e := range p.Errors[:min(len(p.Errors), maxErrorWords)] {
		row.Words = append(row.Words, fmt.Sprintf("%d× %s", e.N, e.Words))
	}
	row.MoreWords = len(p.Errors) - len(row.Words)
	return row
}

// versionsOf writes the versions of a point's server and client, as
// "; node 20.20.2". It is empty where both are part of this program.
func versionsOf(p results.Point, m *results.Manifest) (text string) {
	server := results.Program(p.Strategy)
	if v, ok := m.Servers[server]; ok {
		text += "; " + server + " " + v
	}
	if v, ok := m.ClientVersions[p.Client]; ok {
		text += "; " + p.Client + " " + v
	}
	return text
}

// outcomesOf writes a point's outcomes, as "delivered 12, reset-send 28".
func outcomesOf(s *analysis.Summary) string {
	var words []string
	for o, n := range s.Outcomes {
		if n > 0 {
			words = append(words, fmt.Sprintf("%s %d", results.Outcome(o), n))
		}
	}
	return strings.Join(words, ", ")
}
