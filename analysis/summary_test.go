package analysis

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

func TestSummariesDoNotDependOnTheOrderOfCells(t *testing.T) {
	run := analysistest.Flawed(analysistest.Synthetic(t, analysistest.TinyGrid()))
	want := summarizeCells(run.Cells, &run.Manifest)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3 {
		cells := slices.Clone(run.Cells)
		rng.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
		if diff := cmp.Diff(want, summarizeCells(cells, &run.Manifest), cmp.AllowUnexported(Cost{}, Distribution{}, step{}), cmpopts.IgnoreUnexported(Summary{})); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestSummarizeDoesNotChangeItsInput(t *testing.T) {
	run := analysistest.Flawed(analysistest.Synthetic(t, analysistest.TinyGrid()))
	before := slices.Clone(run.Cells)
	summarizeCells(run.Cells, &run.Manifest)
	if diff := cmp.Diff(before, run.Cells); diff != "" {
		t.Fatal(diff)
	}
}

// drawCell draws the counts of one cell.
func drawCell(t *rapid.T, round int) results.Cell {
	c := results.Cell{Point: results.Point{Strategy: "close", Client: "blocking"}, Round: round, Valid: rapid.Bool().Draw(t, "valid")}
	for o := range c.Outcomes {
		c.Outcomes[o] = rapid.Int64Range(0, 1000).Draw(t, "count")
	}
	c.Attempts, c.Delivered = c.Outcomes.Total(), c.Outcomes.Delivered()
	c.Rejected = c.Outcomes.RejectedWithoutLedger()
	c.UnreadAtReset = rapid.Int64Range(0, c.Delivered).Draw(t, "unread")
	c.TCP = map[string]int64{results.AbortOnClose: rapid.Int64Range(0, 1000).Draw(t, "resets")}
	c.Server.Rejected = c.Rejected
	c.Server.HoldMs = results.Percentiles{Count: c.Rejected, Mean: rapid.Float64Range(0, 100).Draw(t, "hold")}
	return c
}

func TestSummaryAddsTheCountsOfValidCellsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cells []results.Cell
		var outcomes results.Counts
		var valid int
		var rejected, delivered, unread, resets int64
		for round := range rapid.IntRange(1, 6).Draw(t, "rounds") {
			c := drawCell(t, round)
			cells = append(cells, c)
			if c.Valid {
				valid++
				outcomes.Add(c.Outcomes)
				rejected += c.Rejected
				delivered += c.Delivered
				unread += c.UnreadAtReset
				resets += c.TCP[results.AbortOnClose]
			}
		}
		all := summarizeCells(cells, nil)
		if len(all) != 1 {
			t.Fatalf("%d points of one", len(all))
		}
		s := all[0]
		switch {
		case s.Cells != valid || s.Rounds != len(cells) || len(s.Invalid) != len(cells)-valid:
			t.Fatalf("%d valid of %d rounds, %d invalid", s.Cells, s.Rounds, len(s.Invalid))
		case s.Outcomes != outcomes || s.Attempts != outcomes.Total():
			t.Fatalf("outcomes %v, want %v", s.Outcomes, outcomes)
		case s.Delivered.K != delivered || s.Delivered.N != rejected || s.Unread.K != unread || s.Unread.N != delivered:
			t.Fatalf("shares %v, %v", s.Delivered, s.Unread)
		case s.TCP[results.AbortOnClose] != resets:
			t.Fatalf("%d resets, want %d", s.TCP[results.AbortOnClose], resets)
		}
	})
}

func TestPercentilesOfMergedHistogramsAreThoseOfAllValues(t *testing.T) {
	one, two, all := results.NewHistogram(), results.NewHistogram(), results.NewHistogram()
	for i := range int64(1000) {
		h := one
		if i%3 == 0 {
			h = two
		}
		results.Record(h, i*1e6)
		results.Record(all, i*1e6)
	}
	var cells []results.Cell
	for round, h := range []string{encode(t, one), encode(t, two)} {
		cells = append(cells, results.Cell{Point: results.Point{Strategy: "close"}, Round: round, Valid: true, Attempts: 500, Histograms: map[string]string{
			"response/delivered": h, "end/delivered": h, "uncorrected/response/delivered": h, "response/truncated": h,
		}})
	}
	s := summarizeCells(cells, nil)[0]
	if diff := cmp.Diff(results.Summarise(all), s.Response); diff != "" {
		t.Error("response:", diff)
	}
	if diff := cmp.Diff(results.Summarise(all), s.End); diff != "" {
		t.Error("end:", diff)
	}
}

func TestCombinedPercentilesNeverUnderstateThePooledOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := hdrhistogram.New(1, 1e6, 2)
		var parts []results.Percentiles
		for range rapid.IntRange(1, 5).Draw(t, "parts") {
			h := hdrhistogram.New(1, 1e6, 2)
			for _, v := range rapid.SliceOfN(rapid.Int64Range(1, 1e6), 1, 20).Draw(t, "values") {
				// With a thousand of each no rank of a percentile is rounded.
				if err := errors.Join(h.RecordValues(v, 1000), all.RecordValues(v, 1000)); err != nil {
					t.Fatal(err)
				}
			}
			parts = append(parts, results.Summarise(h))
		}
		got, pooled := results.CombinePercentiles(parts), results.Summarise(all)
		if got.Count != pooled.Count || got.P50 < pooled.P50 || got.P90 < pooled.P90 || got.P99 < pooled.P99 || got.P999 < pooled.P999 || got.Max != pooled.Max {
			t.Fatalf("combined %+v, pooled %+v", got, pooled)
		}
	})
}

func TestACellWithoutHistogramsFallsBackToItsPercentiles(t *testing.T) {
	p := results.Percentiles{Count: 10, Mean: 2, P50: 2, P90: 3, P99: 4, P999: 5, Max: 6}
	s := summarizeCells([]results.Cell{{Valid: true, Attempts: 10, LatencyMs: results.Latency{Response: p, End: p}}}, nil)[0]
	if s.Response != p || s.End != p || s.ResponseCurve != nil || len(s.Warnings) != 0 {
		t.Errorf("response %+v, end %+v, curve %v, warnings %v", s.Response, s.End, s.ResponseCurve, s.Warnings)
	}
}

func TestUnreadableHistogramsAreInTheWarnings(t *testing.T) {
	p := results.Percentiles{Count: 10, P50: 2}
	c := results.Cell{Valid: true, Attempts: 10, LatencyMs: results.Latency{Response: p}, Histograms: map[string]string{"response/delivered": "no histogram"}}
	s := summarizeCells([]results.Cell{c}, nil)[0]
	if len(s.Warnings) != 1 || s.Response != p {
		t.Errorf("warnings %q, response %+v", s.Warnings, s.Response)
	}
}

func TestRepeatedTriesAreRetriesAndNoInvalidRounds(t *testing.T) {
	bad := func(round, try int) results.Cell {
		return results.Cell{Round: round, Try: try, InvalidReason: "path late", Attempts: 7}
	}
	good := results.Cell{Round: 0, Try: 2, Valid: true, Attempts: 5}
	s := summarizeCells([]results.Cell{bad(0, 0), good, bad(0, 1), bad(1, 0), bad(1, 1)}, nil)[0]
	want := []InvalidRound{{Round: 1, Tries: 2, Reason: "path late"}}
	if s.Retries != 2 || s.Attempts != 5 || s.Cells != 1 || s.Rounds != 2 || !cmp.Equal(s.Invalid, want) {
		t.Errorf("%+v", s)
	}
}

func encode(t *testing.T, h *hdrhistogram.Histogram) string {
	t.Helper()
	text, err := results.EncodeHistogram(h)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// summarizeCells returns the summaries of the points of a run.
func summarizeCells(cells []results.Cell, m *results.Manifest) []*Summary {
	return summarizePoints(Group(cells), m)
}
