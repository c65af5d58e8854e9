package findings

import (
	"strings"
	"testing"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
)

func TestTheSentencesOfALeagueAreAsRecorded(t *testing.T) {
	run := analysistest.LeagueRun(t)
	analysistest.SpoilField(run, "h2o", "curl", 20, 0)
	analysistest.Golden(t, "findings-league.golden", []byte(strings.Join(of(analysis.NewStudy(run)), "\n")+"\n"))
}

func TestALeagueDoesNotSpeakForTheStrategiesBesideIt(t *testing.T) {
	run := analysistest.LeagueRun(t)
	for _, k := range []int64{10, 40} {
		c := analysistest.CellOf("close", "blocking", 20, 100_000, k, 40)
		c.Concurrency = int(k)
		run.Cells = append(run.Cells, c)
	}
	got := strings.Join(of(analysis.NewStudy(run)), "\n")
	if !strings.Contains(got, "With blocking clients 503s were lost under close at 1 of 2 conditions, as few as 25.0% (n=40) at concurrency 10.") {
		t.Error(got)
	}
}
