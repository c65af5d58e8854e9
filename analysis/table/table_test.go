package table

import (
	"bytes"
	"errors"
	"slices"
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

// hasColumn reports whether a table has a column of that head.
func hasColumn(table *bytes.Buffer, head string) bool {
	line, _, _ := strings.Cut(table.String(), "\n")
	return slices.Contains(strings.Fields(line), head)
}

// A server of another project has no ledger: its figures are unknown and not 0.
func TestAServerWithoutALedgerHasNoFiguresOfOne(t *testing.T) {
	cell := analysistest.Synthetic(t, analysistest.SingleGrid()).Cells[0]
	foreign := cell
	foreign.Server = results.Server{CPUUsPerRejection: 40}
	for _, c := range []struct {
		cell  results.Cell
		known bool
	}{{cell, true}, {foreign, false}} {
		s := analysis.NewStudy(&results.Run{Cells: []results.Cell{c.cell}}).Summaries[0]
		for _, head := range []string{"peak open", "drained", "hold p99"} {
			i := slices.IndexFunc(MoreColumns(), func(col Column) bool { return col.Head == head })
			col := MoreColumns()[i]
			if text, value := col.Cell(s), col.Fields[0].Of(s); (text == "-") == c.known || (value == nil) == c.known {
				t.Errorf("%s: %q and %v, known %v", head, text, value, c.known)
			}
		}
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
	if hasColumn(&without, "path") || !hasColumn(&with, "path") || !strings.Contains(with.String(), "  jitter 5ms, rate-up 2Mbit  ") {
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
