package analysis

import (
	"regexp"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// cellOf is a valid cell of n rejections of which k were delivered.
func cellOf(strategy, client string, rtt float64, body, k, n int64) results.Cell {
	c := results.Cell{Point: results.Point{Strategy: strategy, Client: client, RTTMs: rtt, BodyBytes: body, Concurrency: 10}, Valid: true}
	c.Attempts, c.Rejected, c.Delivered = n, n, k
	c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = k, n-k
	c.TCP = map[string]int64{abortOnClose: n - k, abortOnData: 0}
	c.Server = results.Server{Rejected: n, HoldMs: results.Percentiles{Count: n, Mean: 10, P99: 12}}
	return c
}

func findings(cells ...results.Cell) string {
	return strings.Join(Findings(NewStudy(&results.Run{Cells: cells})), "\n")
}

func TestEverySentenceOnASharesCarriesNAndInterval(t *testing.T) {
	percentage := regexp.MustCompile(`[0-9]% \(`)
	for _, sentence := range Findings(NewStudy(flawed(synthetic(t, smallGrid())))) {
		if !strings.Contains(sentence, "n=") && !strings.Contains(sentence, "rounds") {
			t.Errorf("no n: %s", sentence)
		}
		shares := len(percentage.FindAllString(sentence, -1))
		if intervals := strings.Count(sentence, "% (95% CI"); intervals != shares {
			t.Errorf("%d shares but %d intervals: %s", shares, intervals, sentence)
		}
	}
}

func TestTheWayOfReadingDecidesOnlyWhenClientsDiffer(t *testing.T) {
	const claim = "way of reading decides"
	differ := findings(cellOf("close", "blocking", 50, 1<<20, 100, 1000), cellOf("close", "duplex", 50, 1<<20, 1000, 1000))
	if !strings.Contains(differ, claim) {
		t.Errorf("not said: %s", differ)
	}
	for name, got := range map[string]string{
		"both deliver all":     findings(cellOf("close", "blocking", 50, 0, 1000, 1000), cellOf("close", "duplex", 50, 0, 1000, 1000)),
		"intervals overlap":    findings(cellOf("close", "blocking", 50, 0, 9, 10), cellOf("close", "duplex", 50, 0, 10, 10)),
		"both lose":            findings(cellOf("close", "blocking", 50, 0, 100, 1000), cellOf("close", "duplex", 50, 0, 900, 1000)),
		"different round trip": findings(cellOf("close", "blocking", 50, 0, 100, 1000), cellOf("close", "duplex", 0, 0, 1000, 1000)),
	} {
		if strings.Contains(got, claim) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestStrategiesWithOverlappingIntervalsAreNotToldApart(t *testing.T) {
	near := findings(cellOf("close", "blocking", 50, 0, 500, 1000), cellOf("shutdown", "blocking", 50, 0, 510, 1000))
	if !strings.Contains(near, "close and shutdown cannot be told apart") {
		t.Error(near)
	}
	far := findings(cellOf("close", "blocking", 50, 0, 100, 1000), cellOf("shutdown", "blocking", 50, 0, 900, 1000))
	if strings.Contains(far, "told apart") {
		t.Error(far)
	}
}

func TestAStrategyMeasuredElsewhereDoesNotSilenceTheOthers(t *testing.T) {
	got := findings(
		cellOf("close", "blocking", 50, 0, 100, 1000), cellOf("shutdown", "blocking", 50, 0, 900, 1000),
		cellOf("close", "blocking", 0, 0, 100, 1000), cellOf("shutdown", "blocking", 0, 0, 900, 1000),
		cellOf("nethttp", "blocking", 200, 0, 5, 1000),
	)
	if !strings.Contains(got, "fewest 503s arrived under close 10.0% (95% CI 8.8–11.4, n=2000) and shutdown") {
		t.Error(got)
	}
}

func TestTheBreakIsAtTheSmallestBodyThatFallsShort(t *testing.T) {
	got := findings(
		cellOf("close", "blocking", 0, 0, 1000, 1000), cellOf("close", "blocking", 50, 0, 1000, 1000),
		cellOf("close", "blocking", 0, 1024, 1000, 1000), cellOf("close", "blocking", 50, 1024, 800, 1000),
		cellOf("close", "blocking", 0, 4096, 100, 1000), cellOf("close", "blocking", 50, 4096, 90, 1000),
	)
	want := "below 99% is 1 KiB, there first at rtt 50 ms: close 80.0% (95% CI 77.4–82.4, n=1000); at 0 B it delivered 100%"
	if !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestTheCheapestIsAmongThoseThatDeliverEnough(t *testing.T) {
	cheap := cellOf("close", "blocking", 50, 0, 500, 1000)
	cheap.Server.HoldMs.Mean = 1
	good := cellOf("wait-acked", "blocking", 50, 0, 1000, 1000)
	dear := cellOf("lingering-close", "blocking", 50, 0, 1000, 1000)
	dear.Server.HoldMs.Mean = 100
	if got := findings(cheap, good, dear); !strings.Contains(got, "cheapest of the 2 strategies that delivered 99% or more under all of 1 condition is wait-acked") {
		t.Error(got)
	}
	if got := findings(cheap, cellOf("wait-acked", "blocking", 50, 0, 10, 10)); !strings.Contains(got, "no strategy is sure to deliver 99%") {
		t.Error("ten attempts are too few to be sure of 99%:", got)
	}
}

func TestNothingIsSaidOfARunWithoutValidCells(t *testing.T) {
	c := cellOf("close", "blocking", 50, 0, 10, 1000)
	c.Valid, c.InvalidReason = false, "path late"
	got := Findings(NewStudy(&results.Run{Cells: []results.Cell{c}, Manifest: results.Manifest{Planned: 2}}))
	want := []string{
		`Left out of every figure, for want of a valid try: 1 of 1 measured round (1 for "path late"); 0 invalid tries were run again.`,
		"The run is not complete: 1 of 2 planned rounds are on record.",
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
	said := func() string { return strings.Join(Findings(NewStudy(run)), "\n") }
	if text := said(); strings.Contains(text, "not complete") || strings.Contains(text, "not finished") {
		t.Error(text)
	}
	run.Manifest.Interrupted = true
	if text := said(); !strings.Contains(text, "One of the runs that were merged was not finished.") {
		t.Error(text)
	}
	run.Manifest.Sources, run.Manifest.Interrupted = []results.Source{one}, false
	if text := said(); !strings.Contains(text, "The run is not complete: 1 of 2 planned rounds") {
		t.Error(text)
	}
}
