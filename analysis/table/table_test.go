package table

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

func TestTableIsAsRecorded(t *testing.T) {
	run := analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid()))
	var b bytes.Buffer
	if err := Write(&b, analysis.NewStudy(&results.Run{Cells: run.Cells}).Summaries); err != nil {
		t.Fatal(err)
	}
	analysistest.Golden(t, "table.golden", b.Bytes())
}

func TestTableOfALossyRatedRunIsAsRecorded(t *testing.T) {
	g := analysistest.SmallGrid()
	g.Strategies, g.Losses, g.Rounds = []string{"close"}, []float64{0, 0.01}, 1
	run := analysistest.Synthetic(t, g)
	for i := range run.Cells {
		run.Cells[i].Limit, run.Cells[i].Rate = 16, 1000
	}
	var b bytes.Buffer
	if err := Write(&b, analysis.NewStudy(&results.Run{Cells: run.Cells}).Summaries); err != nil {
		t.Fatal(err)
	}
	analysistest.Golden(t, "table-lossy.golden", b.Bytes())
}

// A terminal shows the figures of a wide run on one line, whatever follows as
// words at its end.
func TestFixedColumnsOfATableStayNarrow(t *testing.T) {
	g := analysistest.SmallGrid()
	g.Strategies = []string{"close", "drain-until-acked"}
	var b bytes.Buffer
	if err := Write(&b, analysis.NewStudy(&results.Run{Cells: analysistest.Synthetic(t, g).Cells}).Summaries); err != nil {
		t.Fatal(err)
	}
	if head, _, _ := strings.Cut(b.String(), "lost as"); len(head) > 145 {
		t.Errorf("%d characters before the last column", len(head))
	}
}

func TestTableNamesImpairmentsOnlyWhereThereAreAny(t *testing.T) {
	run := analysistest.Synthetic(t, analysistest.SingleGrid())
	var without, with bytes.Buffer
	err := Write(&without, analysis.NewStudy(&results.Run{Cells: run.Cells}).Summaries)
	run.Cells[0].Impairments = "jitter 5ms, rate-up 2Mbit"
	if err := errors.Join(err, Write(&with, analysis.NewStudy(&results.Run{Cells: run.Cells}).Summaries)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(without.String(), "impaired") || !strings.Contains(with.String(), "  jitter 5ms, rate-up 2Mbit  ") {
		t.Errorf("without:\n%s\nwith:\n%s", &without, &with)
	}
}

func TestTableOfNothingSaysSo(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "no cells on record\n" {
		t.Errorf("got %q", got)
	}
}

func TestDisagreeingLedgersAreNamedEvenOfInvalidCells(t *testing.T) {
	c := analysistest.WireOf("close", "blocking", map[results.Fate]int64{results.Read: 10})
	c.Valid = false
	c.Wire.Agreement.Disagreed = 1
	c.Wire.Agreement.Disagreements = []results.WireDisagreement{{ClientPort: 40001, What: "the fleet read more than arrived", Wire: "<wire>", Fleet: "<fleet>"}}
	var b strings.Builder
	if err := Write(&b, analysis.NewStudy(&results.Run{Cells: []results.Cell{c}}).Summaries); err != nil {
		t.Fatal(err)
	}
	if want := "1 of 10 connections disagree; port 40001: the fleet read more than arrived (wire: <wire>; fleet: <fleet>; server: nothing)"; !strings.Contains(b.String(), want) {
		t.Error(b.String())
	}
}
