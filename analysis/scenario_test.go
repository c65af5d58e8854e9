package analysis

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

// scenarioPart is what a made-up part measured.
type scenarioPart struct {
	name, shows     string
	lost, n         int64 // n of 0 is no cell at all
	invalid, notRun string
	errors          map[string]int64
}

// scenarioRun makes up a run of scenarios, by name, of one cell a part.
func scenarioRun(scenarios map[string][]scenarioPart, order ...string) *results.Run {
	started := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	run := &results.Run{Manifest: results.Manifest{
		Schema: results.Schema, Name: "scenarios", Tool: "rejectbench v0", Go: "go1.26", System: "linux/amd64", Kernel: "6.18.0",
		CPU: "Example CPU", Cores: 2, Started: started, Finished: started.Add(time.Minute), PathKind: "delayline", Seed: 1,
		Strategies: allStrategies, Clients: allClients,
	}}
	for _, name := range order {
		s := results.Scenario{
			Name: name, Title: "An answer to a large POST is lost in " + name, Source: "https://example.org/" + name, Date: "2016-10-13",
			Reported: "A POST of 10 MB ends with ECONNRESET, one of 1 MB gets its answer.", Differs: "The server is played by another one.",
		}
		for _, p := range scenarios[name] {
			if p.shows == results.RoleFixed {
				s.Fixed, s.FixedSource = "2.0", "the changes of 2.0"
			}
			s.Parts = append(s.Parts, results.ScenarioPart{Name: p.name, Summary: "what " + p.name + " is", Shows: p.shows, NotRun: p.notRun})
			if p.n == 0 {
				continue
			}
			c := results.Cell{
				Schema: results.Schema, Point: results.Point{Strategy: "read-header", Client: "blocking", Concurrency: 5, BodyBytes: 10_000_000, Scenario: name, Part: p.name},
				Started: started, Attempts: p.n, Rejected: p.n, Delivered: p.n - p.lost, Errors: p.errors,
				Valid: p.invalid == "", InvalidReason: p.invalid, Seconds: 1,
			}
			c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = p.n-p.lost, p.lost
			c.SetShare()
			run.Cells = append(run.Cells, c)
		}
		run.Manifest.Scenarios = append(run.Manifest.Scenarios, s)
	}
	run.Manifest.Planned = len(run.Cells)
	run.Manifest.ClientVersions = map[string]string{"blocking": "1.2"}
	return run
}

// everyVerdict is a run with each verdict, and each way to come by it.
func everyVerdict() *results.Run {
	reset := map[string]int64{"ECONNRESET: read": 20, "EPIPE: write": 5, "<script>": 2, "socket hang up": 1}
	return scenarioRun(map[string][]scenarioPart{
		"lost":        {{name: "it", shows: results.RoleReported, lost: 28, n: 40, errors: reset}, {name: "small", shows: results.RoleControl, n: 40}},
		"mended":      {{name: "it", shows: results.RoleReported, lost: 28, n: 40}, {name: "small", shows: results.RoleControl, n: 40}, {name: "new", shows: results.RoleFixed, n: 40}},
		"half-mended": {{name: "it", shows: results.RoleReported, lost: 28, n: 40}, {name: "new", shows: results.RoleFixed, lost: 1, n: 40}},
		"unmended":    {{name: "it", shows: results.RoleReported, lost: 28, n: 40}, {name: "new", shows: results.RoleFixed, notRun: "new is not installed"}},
		"whole":       {{name: "it", shows: results.RoleReported, lost: 1, n: 40}, {name: "small", shows: results.RoleControl, n: 40}},
		"everywhere":  {{name: "it", shows: results.RoleReported, lost: 28, n: 40}, {name: "small", shows: results.RoleControl, lost: 25, n: 40}},
		"spoilt":      {{name: "it", shows: results.RoleReported, lost: 28, n: 40, invalid: "the path was late"}, {name: "small", shows: results.RoleControl, n: 40}},
		"absent":      {{name: "it", shows: results.RoleReported, lost: 28, n: 40}, {name: "small", shows: results.RoleControl, notRun: "curl is not installed"}},
		"unfinished":  {{name: "it", shows: results.RoleReported}, {name: "small", shows: results.RoleControl, n: 40}},
	}, "lost", "mended", "half-mended", "unmended", "whole", "everywhere", "spoilt", "absent", "unfinished")
}

func TestVerdictsAreAsTheTableSays(t *testing.T) {
	want := map[string]string{
		"lost": Reproduced, "mended": "fixed since 2.0", "half-mended": Reproduced, "unmended": Reproduced,
		"whole": NotReproduced, "everywhere": NotReproduced, "spoilt": Undecided, "absent": Undecided, "unfinished": Undecided,
	}
	for _, r := range Scenarios(NewStudy(everyVerdict())) {
		if r.Heading() != want[r.Name] {
			t.Errorf("%s is %s (%s), want %s", r.Name, r.Heading(), r.Why, want[r.Name])
		}
	}
}

func TestScenariosShowAsRecorded(t *testing.T) {
	run := everyVerdict()
	study := NewStudy(run)
	var b bytes.Buffer
	if err := ScenarioTable(&b, study); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "\n%s\n", strings.Join(Findings(study), "\n"))
	golden(t, "scenarios.golden", b.Bytes())
	b.Reset()
	if err := Report(&b, Content{Study: study, Findings: Findings(study)}); err != nil {
		t.Fatal(err)
	}
	page := withoutScripts(b.String())
	start, end := strings.Index(page, `<section id="scenarios">`), strings.Index(page, `<section id="points">`)
	if start < 0 || end < start {
		t.Fatal("the page has no section of scenarios")
	}
	golden(t, "scenarios.golden.html", []byte(page[start:end]))
}

// What a scenario measured is no figure of a strategy: the scenarios' conditions
// have nothing in common.
func TestScenariosStayOutOfPlotsAndComparisons(t *testing.T) {
	run := everyVerdict()
	if figures := layOut(NewStudy(run)); len(figures) != 0 {
		t.Errorf("%d figures are drawn of scenarios alone", len(figures))
	}
	mixed := synthetic(t, tinyGrid())
	grid := Findings(NewStudy(mixed))
	points := len(newFacets(NewStudy(mixed)).summaries)
	mixed.Cells = append(mixed.Cells, run.Cells...)
	mixed.Manifest.Scenarios = run.Manifest.Scenarios
	mixed.Manifest.Planned = len(mixed.Cells)
	study := NewStudy(mixed)
	all := Findings(study)
	for _, sentence := range grid[:len(grid)-1] { // the last counts valid rounds
		found := false
		for _, s := range all {
			found = found || s == sentence
		}
		if !found {
			t.Errorf("scenarios changed the finding %q", sentence)
		}
	}
	if got := len(newFacets(study).summaries); got != points {
		t.Errorf("%d points are drawn, want %d", got, points)
	}
	var b bytes.Buffer
	if err := Table(&b, study.Summaries); err != nil || !regexp.MustCompile(`lost +it `).MatchString(b.String()) {
		t.Errorf("the table leaves the scenarios out: %v", err)
	}
}

func TestARunOfAGridHasNoScenarios(t *testing.T) {
	study := NewStudy(synthetic(t, tinyGrid()))
	var b bytes.Buffer
	if err := ScenarioTable(&b, study); err != nil || b.Len() > 0 {
		t.Errorf("%v\n%s", err, &b)
	}
	if len(Scenarios(study)) > 0 || scenarioSection(study) != nil {
		t.Error("a grid has scenarios")
	}
}

// Whatever was counted, a verdict of the table comes out, and it is no stronger
// than the counts.
func TestNoVerdictIsStrongerThanItsCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var parts []ScenarioPartResult
		for i := range rapid.IntRange(0, 5).Draw(t, "parts") {
			role := rapid.SampledFrom(results.ScenarioRoles).Draw(t, "role").Name
			p := ScenarioPartResult{ScenarioPart: results.ScenarioPart{Name: fmt.Sprint(i), Shows: role}}
			if n := rapid.Int64Range(-1, 100).Draw(t, "n"); n >= 0 {
				p.Summary = &Summary{Delivered: NewShare(rapid.Int64Range(0, n).Draw(t, "delivered"), n)}
			}
			parts = append(parts, p)
		}
		verdict, why := judgeScenario(parts)
		known := false
		for _, v := range ScenarioVerdicts {
			known = known || v.Name == verdict
		}
		if !known {
			t.Fatalf("%q is no verdict", verdict)
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
