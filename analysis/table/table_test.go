package table

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
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
	if head, _, _ := strings.Cut(b.String(), "lost as"); len(head) > 147 {
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

// longest returns the length of the longest line, in columns.
func longest(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		n = max(n, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
	}
	return n
}

func TestATableThatIsFittedIsAsRecorded(t *testing.T) {
	small := analysis.NewStudy(analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid()))).Summaries
	var b bytes.Buffer
	for _, f := range []Fit{{Width: 80}, {Width: 80, Rows: 8}, {Width: 80, Rows: 2}, {Width: 160}, {Width: 80, Rows: 8, Colour: true}, {Rows: 8}} {
		fmt.Fprintf(&b, "# width %d, at most %d rows, colour %v\n", f.Width, f.Rows, f.Colour)
		if err := WriteFit(&b, small, f); err != nil {
			t.Fatal(err)
		}
	}
	analysistest.Golden(t, "table-fit.golden", b.Bytes())
}

func TestALineOfAFittedTableIsNoLongerThanItsWidth(t *testing.T) {
	full := analysis.NewStudy(analysistest.Synthetic(t, analysistest.FullGrid())).Summaries
	for _, s := range full[:len(full)/2] {
		s.Impairments = "jitter 5ms, rate-up 2Mbit, rate-down 10Mbit, queue 64KiB"
	}
	for _, summaries := range [][]*analysis.Summary{full, full[:1], analysis.NewStudy(analysistest.LeagueRun(t)).Summaries} {
		for width := 20; width <= 200; width += 15 {
			for _, rows := range []int{0, 10} {
				var b strings.Builder
				if err := WriteFit(&b, summaries, Fit{Width: width, Rows: rows}); err != nil {
					t.Fatal(err)
				}
				if n := longest(b.String()); n > width {
					t.Errorf("width %d: a line of %d:\n%s", width, n, &b)
				}
			}
		}
	}
}

func TestAFittedTableHasSixColumnsAt80(t *testing.T) {
	full := analysis.NewStudy(analysistest.Synthetic(t, analysistest.FullGrid())).Summaries
	var b strings.Builder
	if err := WriteFit(&b, full, Fit{Width: 80, Rows: 20}); err != nil {
		t.Fatal(err)
	}
	for _, head := range []string{"strategy", "body", "delivered", "lost as", "p50/p99", "hold"} {
		if !strings.Contains(b.String(), head) {
			t.Errorf("no column %s:\n%s", head, &b)
		}
	}
}

func TestTheWorstPointsComeFirst(t *testing.T) {
	ordered := worstFirst(analysis.NewStudy(analysistest.Flawed(analysistest.Synthetic(t, analysistest.SmallGrid()))).Summaries)
	for i, s := range ordered[1:] {
		before := ordered[i]
		if s.HasShare() && (!before.HasShare() || before.Delivered.Value > s.Delivered.Value) {
			t.Errorf("%s delivers %v and comes after %s", s.Point, s.Delivered.Value, before.Point)
		}
	}
}

func TestOnlyATableInColourHasEscapes(t *testing.T) {
	run := analysis.NewStudy(analysistest.Synthetic(t, analysistest.SmallGrid())).Summaries
	for _, width := range []int{0, 80} {
		var plain, coloured strings.Builder
		if err := errors.Join(WriteFit(&plain, run, Fit{Width: width}), WriteFit(&coloured, run, Fit{Width: width, Colour: true})); err != nil {
			t.Fatal(err)
		}
		stripped := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(coloured.String(), "")
		if strings.Contains(plain.String(), "\x1b") || stripped == coloured.String() {
			t.Errorf("width %d: plain:\n%s\ncoloured:\n%q", width, &plain, &coloured)
		}
	}
}

func TestTheScenariosOfANarrowTerminalFit(t *testing.T) {
	judged := reproduce.Judge(analysis.NewStudy(analysistest.EveryVerdict()))
	for _, width := range []int{60, 80, 120, 200} {
		var b strings.Builder
		if err := WriteScenarios(&b, judged, Fit{Width: width}); err != nil {
			t.Fatal(err)
		}
		if n := longest(b.String()); n > width {
			t.Errorf("width %d: a line of %d:\n%s", width, n, &b)
		}
	}
}
