package findings

import (
	"regexp"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/league"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/results"
)

// of is what a study shows.
func of(study *analysis.Study) []string {
	return Of(study, league.New(study), reproduce.Judge(study))
}

// findings is what five rounds with the same result show.
func findings(cells ...results.Cell) string {
	return strings.Join(of(analysis.NewStudy(&results.Run{Cells: analysistest.Repeated(cells, 5)})), "\n")
}

func TestEverySentenceOnASharesCarriesNAndInterval(t *testing.T) {
	counted := regexp.MustCompile(`n=[0-9]|[0-9] of [0-9]|rounds`)
	percentage := regexp.MustCompile(`[0-9]% \(`)
	checked := 0
	for _, sentence := range of(analysis.NewStudy(analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid())))) {
		if !counted.MatchString(sentence) {
			t.Errorf("no n: %s", sentence)
		}
		shares := len(percentage.FindAllString(sentence, -1))
		if intervals := strings.Count(sentence, "% (95% CI"); intervals != shares {
			t.Errorf("%d shares but %d intervals: %s", shares, intervals, sentence)
		}
		checked += shares
	}
	if checked < 5 {
		t.Errorf("the findings have %d shares", checked)
	}
}

func TestTheWayOfReadingDecidesOnlyWhenClientsDiffer(t *testing.T) {
	const claim = "The way a client reads decides"
	differ := findings(analysistest.CellOf("close", "blocking", 50, 1<<20, 100, 1000), analysistest.CellOf("close", "duplex", 50, 1<<20, 1000, 1000))
	if !strings.Contains(differ, claim) {
		t.Errorf("not said: %s", differ)
	}
	for name, got := range map[string]string{
		"both deliver all":     findings(analysistest.CellOf("close", "blocking", 50, 0, 1000, 1000), analysistest.CellOf("close", "duplex", 50, 0, 1000, 1000)),
		"intervals overlap":    findings(analysistest.CellOf("close", "blocking", 50, 0, 9, 10), analysistest.CellOf("close", "duplex", 50, 0, 10, 10)),
		"both lose":            findings(analysistest.CellOf("close", "blocking", 50, 0, 100, 1000), analysistest.CellOf("close", "duplex", 50, 0, 900, 1000)),
		"different round trip": findings(analysistest.CellOf("close", "blocking", 50, 0, 100, 1000), analysistest.CellOf("close", "duplex", 0, 0, 1000, 1000)),
	} {
		if strings.Contains(got, claim) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAStrategyMeasuredElsewhereDoesNotSilenceTheOthers(t *testing.T) {
	got := findings(
		analysistest.CellOf("close", "blocking", 50, 0, 100, 1000), analysistest.CellOf("shutdown", "blocking", 50, 0, 900, 1000),
		analysistest.CellOf("close", "blocking", 0, 0, 100, 1000), analysistest.CellOf("shutdown", "blocking", 0, 0, 900, 1000),
		analysistest.CellOf("nethttp", "blocking", 200, 0, 5, 1000),
	)
	if !strings.Contains(got, "; close at 2 of 2 conditions, as few as 10.0% (95% CI 8.9–11.2, n=5000) at rtt 0 ms; shutdown at 2 of 2") {
		t.Error(got)
	}
}

func TestTheBreakIsAtTheSmallestBodyThatFallsShort(t *testing.T) {
	got := findings(
		analysistest.CellOf("close", "blocking", 0, 0, 1000, 1000), analysistest.CellOf("close", "blocking", 50, 0, 1000, 1000),
		analysistest.CellOf("close", "blocking", 0, 1024, 1000, 1000), analysistest.CellOf("close", "blocking", 50, 1024, 800, 1000),
		analysistest.CellOf("close", "blocking", 0, 4096, 100, 1000), analysistest.CellOf("close", "blocking", 50, 4096, 90, 1000),
	)
	want := "smallest body with delivery below 95% is 1 KiB, at rtt 50 ms: close delivered 80.0% (95% CI 78.4–81.5, n=5000). At 0 B it delivered 100%"
	if !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestNothingIsSaidOfARunWithoutValidCells(t *testing.T) {
	c := analysistest.CellOf("close", "blocking", 50, 0, 10, 1000)
	c.Valid, c.InvalidReason = false, "path late"
	got := of(analysis.NewStudy(&results.Run{Cells: []results.Cell{c}, Manifest: results.Manifest{Planned: 2}}))
	want := []string{
		`No figure includes 1 of 1 measured round without a valid try (1: "path late"); 0 invalid tries were replaced by a valid one.`,
		"The run is not complete: it has 1 of 2 planned rounds.",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
}

// Each of the runs planned the rounds that the merged run has on record once.
func TestAMergedRunIsNotCalledIncompleteForWhatItsRunsHadInCommon(t *testing.T) {
	one := results.Source{Name: "one"}
	run := &results.Run{
		Manifest: results.Manifest{Planned: 2, Sources: []results.Source{one, {Name: "other"}}},
		Cells:    []results.Cell{connectionCell("close", false, 0, 50, 0)},
	}
	said := func() string { return strings.Join(of(analysis.NewStudy(run)), "\n") }
	if text := said(); strings.Contains(text, "not complete") || strings.Contains(text, "not finished") {
		t.Error(text)
	}
	run.Manifest.Interrupted = true
	if text := said(); !strings.Contains(text, "One of the merged runs was not finished.") {
		t.Error(text)
	}
	run.Manifest.Sources, run.Manifest.Interrupted = []results.Source{one}, false
	if text := said(); !strings.Contains(text, "The run is not complete: it has 1 of 2 planned rounds") {
		t.Error(text)
	}
}

func TestFindingsAreAsRecorded(t *testing.T) {
	for name, run := range map[string]*results.Run{
		"findings.golden":       analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid())),
		"findings-alone.golden": analysistest.Synthetic(t, analysistest.SingleGrid()),
	} {
		analysistest.Golden(t, name, []byte(strings.Join(of(analysis.NewStudy(run)), "\n")+"\n"))
	}
}

func TestTheMostImportantFindingsComeFirst(t *testing.T) {
	study := analysis.NewStudy(analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid())))
	found := Ranked(study, nil, nil)
	for i := 1; i < len(found); i++ {
		if found[i].Rank < found[i-1].Rank || found[0].Rank < 1 {
			t.Errorf("rank %d after %d: %s", found[i].Rank, found[i-1].Rank, found[i].Text)
		}
	}
}

func TestAShareOfSeveralConditionsIsNeverAPercentage(t *testing.T) {
	// Two conditions of 50% and 100%: no sentence may say 75%.
	got := findings(analysistest.CellOf("close", "blocking", 0, 0, 1000, 1000), analysistest.CellOf("close", "blocking", 50, 0, 500, 1000))
	if strings.Contains(got, "75.0%") || strings.Contains(got, "75%") {
		t.Error(got)
	}
}

func TestASingleRoundIsNotCalledAllRounds(t *testing.T) {
	one := analysistest.CellOf("close", "blocking", 50, 0, 10, 10)
	rounds := func(cells ...results.Cell) string {
		return strings.Join(of(analysis.NewStudy(&results.Run{Cells: cells})), "\n")
	}
	if got := rounds(one); !strings.Contains(got, "The only measured round was valid; 0 invalid tries were replaced by a valid one.") || strings.Contains(got, "All 1") {
		t.Error(got)
	}
	invalid := one
	invalid.Valid, one.Try = false, 1
	if got := rounds(invalid, one); !strings.Contains(got, "The only measured round was valid; 1 invalid try was replaced by a valid one.") {
		t.Error(got)
	}
}

// invalid returns a cell of a point that has no valid one.
func invalid(strategy, client string) results.Cell {
	c := analysistest.CellOf(strategy, client, 50, 0, 1000, 1000)
	c.Valid, c.InvalidReason = false, "path late"
	return c
}

func whole(strategy, client string) results.Cell {
	return analysistest.CellOf(strategy, client, 50, 0, 1000, 1000)
}

func TestAllStrategiesAreThoseWithAValidCell(t *testing.T) {
	got := findings(whole("close", "duplex"), whole("shutdown", "duplex"), invalid("wait-acked", "duplex"))
	if want := "With duplex clients every 503 arrived under all 2 strategies with a valid cell (2 of 3): "; !strings.Contains(got, want) {
		t.Errorf("no %q in %s", want, got)
	}
	silent, late := invalid("backlog", "duplex"), invalid("backlog", "duplex")
	silent.Valid, silent.Rejected, silent.Delivered, silent.Outcomes = true, 0, 0, results.Counts{results.TimeoutReceive: 1000}
	late.BodyBytes = 1
	got = findings(whole("close", "duplex"), whole("shutdown", "duplex"), silent, late)
	if !strings.Contains(got, "every 503 arrived under all 2 strategies: ") {
		t.Error(got)
	}
}
