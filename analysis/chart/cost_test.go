package chart

import (
	"testing"

	"github.com/rejectbench/rejectbench/analysis/internal/analysistest"
	"github.com/rejectbench/rejectbench/results"
)

// Servers of other projects have no ledger, so the plot of a league had only panels
// that said "nothing was rejected", which was wrong.
func TestNoPlotOfCostsWithoutHoldTimes(t *testing.T) {
	run := analysistest.Synthetic(t, analysistest.TinyGrid())
	if !draws(t, run, "cost") {
		t.Error("a run with hold times has no plot of costs")
	}
	for i := range run.Cells {
		run.Cells[i].Server.HoldMs = results.Percentiles{}
	}
	if draws(t, run, "cost") {
		t.Error("a run without hold times has a plot of costs")
	}
}

// draws tells whether a run has a plot of some name.
func draws(t testing.TB, run *results.Run, name string) bool {
	for _, f := range laidOut(t, run) {
		if f.Name == name {
			return true
		}
	}
	return false
}
