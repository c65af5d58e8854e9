package screen

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/findings"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/analysis/verdict"
	"github.com/rejectbench/rejectbench/results"
)

func contentOf(run *results.Run) Content {
	study := analysis.NewStudy(run)
	judged := reproduce.Judge(study)
	return Content{Study: study, Scenarios: judged, Findings: findings.Of(study, league.New(study), judged), Verdict: verdict.New(study, verdict.Options{})}
}

// runs are runs of every kind: of a grid, of servers, of scenarios, of one cell, and of
// none.
func runs(t *testing.T) map[string]*results.Run {
	t.Helper()
	return map[string]*results.Run{
		"grid":      analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid())),
		"league":    analysistest.LeagueRun(t),
		"scenarios": analysistest.EveryVerdict(),
		"one cell":  analysistest.Synthetic(t, analysistest.SingleGrid()),
		"nothing":   {},
	}
}

func shown(t *testing.T, c Content, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, c, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheScreensOfARunAreAsRecorded(t *testing.T) {
	c := contentOf(runs(t)["grid"])
	var b strings.Builder
	for _, o := range []Options{{Findings: 5}, {Width: 80, Height: 24, Findings: 5}, {Width: 160, Height: 50, Findings: 2, Colour: true}, {Width: 80, Findings: 1, All: true}} {
		fmt.Fprintf(&b, "# %+v\n%s", o, shown(t, c, o))
	}
	analysistest.Golden(t, "screen.golden", []byte(b.String()))
}

func TestNoLineIsLongerThanTheTerminal(t *testing.T) {
	for name, run := range runs(t) {
		c := contentOf(run)
		for _, width := range []int{40, 80, 100, 160} {
			for _, o := range []Options{{Width: width, Height: 24, Findings: 5}, {Width: width, All: true}} {
				for line := range strings.Lines(shown(t, c, o)) {
					if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
						t.Errorf("%s: width %d: a line of %d: %s", name, width, n, line)
					}
				}
			}
		}
	}
}

func TestTheAnswerHasAtMostTwelveLines(t *testing.T) {
	for name, run := range runs(t) {
		c := contentOf(run)
		for _, width := range []int{40, 80, 160} {
			answer, _, _ := strings.Cut(shown(t, c, Options{Width: width, Height: 24, Findings: 5}), "\n\n")
			if n := strings.Count(answer, "\n") + 1; n > answerLines {
				t.Errorf("%s: width %d: %d lines:\n%s", name, width, n, answer)
			}
		}
	}
}

func TestABusyMachineIsNamedInTheFirstLine(t *testing.T) {
	c := contentOf(runs(t)["one cell"])
	first := func() string {
		line, _, _ := strings.Cut(shown(t, c, Options{}), "\n")
		return line
	}
	if got := first(); strings.HasPrefix(got, "Quiet") || strings.HasPrefix(got, "BUSY") {
		t.Errorf("no cell has a record of the machine, and the first line is %q", got)
	}
	c.Verdict.Machine.Recorded = true
	if got := first(); !strings.HasPrefix(got, "Quiet machine.") {
		t.Errorf("the first line is %q", got)
	}
	cores := c.Study.Run.Manifest.Cores
	c.Study.Run.Manifest.Cores = 1
	if got := first(); !strings.HasPrefix(got, "Quiet machine, of ONE CPU:") {
		t.Errorf("the first line is %q", got)
	}
	c.Study.Run.Manifest.Cores = cores
	c.Verdict.Machine.Taken = 0.34
	if got := first(); !strings.HasPrefix(got, "BUSY MACHINE: other work took 34% of its CPU time.") {
		t.Errorf("the first line is %q", got)
	}
}

func TestFindingsAreCutAtTheirLimit(t *testing.T) {
	c := contentOf(runs(t)["grid"])
	c.Findings = []string{"one", "two", "three"}
	text := shown(t, c, Options{Findings: 2})
	if !strings.Contains(text, "\n- two\n1 more finding; --findings all shows the rest.\n") || strings.Contains(text, "- three") {
		t.Error(text)
	}
	if text := shown(t, c, Options{}); !strings.HasSuffix(text, "- two\n- three\n") {
		t.Error(text)
	}
}

func TestTheAnswerNamesWhatIsLostToWhomAndWhatToSet(t *testing.T) {
	g := analysistest.SmallGrid()
	g.Strategies = []string{"close", "lingering-close"}
	g.Rounds = 6
	text := shown(t, contentOf(analysistest.Synthetic(t, g)), Options{})
	answer, _, _ := strings.Cut(text, "\n\n")
	labels := []string{"Lost       close", "To whom    ", "Set        lingering-close"}
	if i := slices.IndexFunc(labels, func(l string) bool { return !strings.Contains(answer, l) }); i >= 0 {
		t.Errorf("no %q:\n%s", labels[i], answer)
	}
}
