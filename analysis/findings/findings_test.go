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

func findings(cells ...results.Cell) string {
	return strings.Join(of(analysis.NewStudy(&results.Run{Cells: cells})), "\n")
}

func TestEverySentenceOnASharesCarriesNAndInterval(t *testing.T) {
	percentage := regexp.MustCompile(`[0-9]% \(`)
	checked := 0
	for _, sentence := range of(analysis.NewStudy(analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid())))) {
		if !strings.Contains(sentence, "n=") && !strings.Contains(sentence, "rounds") {
			t.Errorf("no n: %s", sentence)
		}
		shares := len(percentage.FindAllString(sentence, -1))
		if intervals := strings.Count(sentence, "% (95% CI"); intervals != shares {
			t.Errorf("%d shares but %d intervals: %s", shares, intervals, sentence)
		}
		checked += shares
	}
	if checked < 10 {
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

func TestStrategiesWithOverlappingIntervalsAreNotToldApart(t *testing.T) {
	near := findings(analysistest.CellOf("close", "blocking", 50, 0, 500, 1000), analysistest.CellOf("shutdown", "blocking", 50, 0, 510, 1000))
	if !strings.Contains(near, "The intervals of close and shutdown overlap") {
		t.Error(near)
	}
	far := findings(analysistest.CellOf("close", "blocking", 50, 0, 100, 1000), analysistest.CellOf("shutdown", "blocking", 50, 0, 900, 1000))
	if strings.Contains(far, "overlap") {
		t.Error(far)
	}
}

func TestAStrategyMeasuredElsewhereDoesNotSilenceTheOthers(t *testing.T) {
	got := findings(
		analysistest.CellOf("close", "blocking", 50, 0, 100, 1000), analysistest.CellOf("shutdown", "blocking", 50, 0, 900, 1000),
		analysistest.CellOf("close", "blocking", 0, 0, 100, 1000), analysistest.CellOf("shutdown", "blocking", 0, 0, 900, 1000),
		analysistest.CellOf("nethttp", "blocking", 200, 0, 5, 1000),
	)
	if !strings.Contains(got, "the fewest 503s arrived under close 10.0% (95% CI 8.8–11.4, n=2000) and shutdown") {
		t.Error(got)
	}
}

func TestTheBreakIsAtTheSmallestBodyThatFallsShort(t *testing.T) {
	got := findings(
		analysistest.CellOf("close", "blocking", 0, 0, 1000, 1000), analysistest.CellOf("close", "blocking", 50, 0, 1000, 1000),
		analysistest.CellOf("close", "blocking", 0, 1024, 1000, 1000), analysistest.CellOf("close", "blocking", 50, 1024, 800, 1000),
		analysistest.CellOf("close", "blocking", 0, 4096, 100, 1000), analysistest.CellOf("close", "blocking", 50, 4096, 90, 1000),
	)
	want := "smallest body with delivery below 99% is 1 KiB, at rtt 50 ms: close delivered 80.0% (95% CI 77.4–82.4, n=1000). At 0 B it delivered 100%"
	if !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestTheCheapestIsAmongThoseThatDeliverEnough(t *testing.T) {
	cheap := analysistest.CellOf("close", "blocking", 50, 0, 500, 1000)
	cheap.Server.HoldMs.Mean = 1
	good := analysistest.CellOf("wait-acked", "blocking", 50, 0, 1000, 1000)
	dear := analysistest.CellOf("lingering-close", "blocking", 50, 0, 1000, 1000)
	dear.Server.HoldMs.Mean = 100
	if got := findings(cheap, good, dear); !strings.Contains(got, "cheapest of the 2 strategies that delivered 99% or more under the only condition is wait-acked") {
		t.Error(got)
	}
	if got := findings(cheap, analysistest.CellOf("wait-acked", "blocking", 50, 0, 10, 10)); !strings.Contains(got, "no strategy surely delivers 99% or more under the only condition. The highest share is that of wait-acked: ") {
		t.Error("ten attempts are too few to be sure of 99%:", got)
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

func TestTheFrontierIsAFindingWithItsSamples(t *testing.T) {
	g := analysistest.SmallGrid()
	g.Strategies = []string{"close", "lingering-close", "drain-until-acked"}
	var found []string
	for _, s := range of(analysis.NewStudy(analysistest.Synthetic(t, g))) {
		if strings.HasPrefix(s, "Frontier") {
			found = append(found, s)
			if !strings.Contains(s, "n=") || !strings.Contains(s, "Against the frontier of each cost drain-until-acked is ") {
				t.Errorf("%s", s)
			}
		}
	}
	if len(found) != 3 {
		t.Errorf("%d sentences, want one for each of two clients and one for both: %q", len(found), found)
	}
}

func TestASingleRoundIsNotCalledAllRounds(t *testing.T) {
	one := analysistest.CellOf("close", "blocking", 50, 0, 10, 10)
	if got := findings(one); !strings.Contains(got, "The only measured round was valid; 0 invalid tries were replaced by a valid one.") || strings.Contains(got, "All 1") {
		t.Error(got)
	}
	invalid := one
	invalid.Valid, one.Try = false, 1
	if got := findings(invalid, one); !strings.Contains(got, "The only measured round was valid; 1 invalid try was replaced by a valid one.") {
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

func TestClientsWithoutValidCellsOfAStrategyAreNotCompared(t *testing.T) {
	cells := []results.Cell{
		whole("close", "duplex"), whole("shutdown", "duplex"), whole("wait-acked", "duplex"),
		whole("close", "blocking"), invalid("shutdown", "blocking"), invalid("wait-acked", "blocking"),
	}
	got := findings(cells...)
	for _, claim := range []string{"With all", "all clients"} {
		if strings.Contains(got, claim) {
			t.Errorf("one client has valid cells of every strategy, but %q is said: %s", claim, got)
		}
	}
	for _, want := range []string{"With duplex clients the cheapest of the 3 strategies", "Frontier of delivered share against hold time, duplex client, 1 condition: "} {
		if strings.Count(got, want) != 1 {
			t.Errorf("want %q once in %s", want, got)
		}
	}
	got = findings(append(cells, whole("close", "slow-reader"), whole("shutdown", "slow-reader"), whole("wait-acked", "slow-reader"))...)
	for _, want := range []string{
		"With duplex and slow-reader clients the cheapest of the 3 strategies that delivered 99% or more under all of 2 conditions with valid cells of every strategy compared is ",
		"Frontier of delivered share against hold time, all clients, 2 conditions: ",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("want %q once in %s", want, got)
		}
	}
}
