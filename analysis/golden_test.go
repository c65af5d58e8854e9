package analysis

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rejectbench/rejectbench/results"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (run with -update when this is meant):\n%s", path, diff)
	}
}

func TestTableIsAsRecorded(t *testing.T) {
	run := flawed(synthetic(t, smallGrid()))
	var b bytes.Buffer
	if err := Table(&b, Summarize(run.Cells, nil)); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.golden", b.Bytes())
}

func TestTableOfALossyRatedRunIsAsRecorded(t *testing.T) {
	g := smallGrid()
	g.strategies, g.losses, g.rounds = []string{"close"}, []float64{0, 0.01}, 1
	run := synthetic(t, g)
	for i := range run.Cells {
		run.Cells[i].Limit, run.Cells[i].Rate = 16, 1000
	}
	var b bytes.Buffer
	if err := Table(&b, Summarize(run.Cells, nil)); err != nil {
		t.Fatal(err)
	}
	golden(t, "table-lossy.golden", b.Bytes())
}

func TestARunWithoutARecordOfThePathShowsAsItDidBefore(t *testing.T) {
	g := smallGrid()
	g.strategies, g.clients, g.rounds, g.blind = []string{"close", "lingering-close"}, []string{"blocking"}, 2, true
	run := flawed(synthetic(t, g))
	var text, page bytes.Buffer
	if err := errors.Join(Table(&text, Summarize(run.Cells, nil)), Report(&page, contentOf(t, run, false))); err != nil {
		t.Fatal(err)
	}
	golden(t, "table-blind.golden", text.Bytes())
	for _, word := range []string{"wire", "arrived-not-read", "Typical connections", "kernel and were not read"} {
		if strings.Contains(withoutScripts(page.String()), word) {
			t.Errorf("the page speaks of %q", word)
		}
	}
}

// A terminal shows the figures of a wide run on one line, whatever follows as
// words at its end.
func TestFixedColumnsOfATableStayNarrow(t *testing.T) {
	g := smallGrid()
	g.strategies = []string{"close", "drain-until-acked"}
	var b bytes.Buffer
	if err := Table(&b, Summarize(synthetic(t, g).Cells, nil)); err != nil {
		t.Fatal(err)
	}
	if head, _, _ := strings.Cut(b.String(), "lost as"); len(head) > 145 {
		t.Errorf("%d characters before the last column", len(head))
	}
}

func TestTableNamesImpairmentsOnlyWhereThereAreAny(t *testing.T) {
	run := synthetic(t, aloneGrid())
	var without, with bytes.Buffer
	err := Table(&without, Summarize(run.Cells, nil))
	run.Cells[0].Impairments = "jitter 5ms, rate-up 2Mbit"
	if err := errors.Join(err, Table(&with, Summarize(run.Cells, nil))); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(without.String(), "impaired") || !strings.Contains(with.String(), "  jitter 5ms, rate-up 2Mbit  ") {
		t.Errorf("without:\n%s\nwith:\n%s", &without, &with)
	}
}

func TestTableOfNothingSaysSo(t *testing.T) {
	var b bytes.Buffer
	if err := Table(&b, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "no cells on record\n" {
		t.Errorf("got %q", got)
	}
}

func TestFindingsAreAsRecorded(t *testing.T) {
	for name, run := range map[string]*results.Run{
		"findings.golden":       flawed(synthetic(t, smallGrid())),
		"findings-alone.golden": synthetic(t, aloneGrid()),
	} {
		golden(t, name, []byte(strings.Join(Findings(NewStudy(run)), "\n")+"\n"))
	}
}

func TestReportIsAsRecorded(t *testing.T) {
	g := smallGrid()
	g.strategies, g.clients, g.rounds = []string{"close", "lingering-close"}, []string{"blocking"}, 2
	run := flawed(synthetic(t, g))
	var b bytes.Buffer
	if err := Report(&b, contentOf(t, run, false)); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.golden.html", []byte(withoutScripts(b.String())))
}
