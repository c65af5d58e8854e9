package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/table"
	"github.com/rejectbench/rejectbench/results"
)

func TestARunWithoutPacketRecordsSaysNothingOfThem(t *testing.T) {
	g := analysistest.SmallGrid()
	g.Strategies, g.Clients, g.Rounds, g.Blind = []string{"close", "lingering-close"}, []string{"blocking"}, 2, true
	run := analysistest.Flawed(analysistest.Synthetic(t, g))
	var text, page bytes.Buffer
	if err := errors.Join(table.Write(&text, analysis.NewStudy(&results.Run{Cells: run.Cells}).Summaries), Write(&page, contentOf(t, run, false))); err != nil {
		t.Fatal(err)
	}
	analysistest.Golden(t, "table-blind.golden", text.Bytes())
	for _, word := range []string{"wire", "arrived-not-read", "Typical connections", "kernel and were not read"} {
		if strings.Contains(withoutScripts(page.String()), word) {
			t.Errorf("the page speaks of %q", word)
		}
	}
}

func TestReportIsAsRecorded(t *testing.T) {
	g := analysistest.SmallGrid()
	g.Strategies, g.Clients, g.Rounds = []string{"close", "lingering-close"}, []string{"blocking"}, 2
	run := analysistest.Flawed(analysistest.Synthetic(t, g))
	var b bytes.Buffer
	if err := Write(&b, contentOf(t, run, false)); err != nil {
		t.Fatal(err)
	}
	analysistest.Golden(t, "report.golden", outline(t, withoutScripts(b.String())))
}
