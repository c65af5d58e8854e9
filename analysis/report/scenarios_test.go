package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/analysis/reproduce"
	"github.com/rejectbench/rejectbench/analysis/table"
)

func TestScenariosAreAsRecorded(t *testing.T) {
	run := analysistest.EveryVerdict()
	study := analysis.NewStudy(run)
	var b bytes.Buffer
	if err := table.WriteScenarios(&b, reproduce.Judge(study), table.Fit{}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "\n%s\n", strings.Join(contentOfStudy(study).Findings, "\n"))
	analysistest.Golden(t, "scenarios.golden", b.Bytes())
	b.Reset()
	if err := Write(&b, contentOfStudy(study)); err != nil {
		t.Fatal(err)
	}
	page := withoutScripts(b.String())
	start, end := strings.Index(page, `<section id="scenarios">`), strings.Index(page, `<section id="points">`)
	if start < 0 || end < start {
		t.Fatal("the page has no section of scenarios")
	}
	analysistest.Golden(t, "report-scenarios.golden", outline(t, page[start:end]))
}

func TestARunOfAGridHasNoScenarios(t *testing.T) {
	study := analysis.NewStudy(analysistest.Synthetic(t, analysistest.TinyGrid()))
	var b bytes.Buffer
	if err := table.WriteScenarios(&b, reproduce.Judge(study), table.Fit{}); err != nil || b.Len() > 0 {
		t.Errorf("%v\n%s", err, &b)
	}
	if len(reproduce.Judge(study)) > 0 || scenarioSection(nil, &study.Run.Manifest) != nil {
		t.Error("a grid has scenarios")
	}
}
