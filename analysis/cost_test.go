package analysis

import (
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// costly returns a cell with n rejections, each of the given cost.
func costly(n int64, ledger bool, cpu float64, drained int64) *results.Cell {
	c := &results.Cell{Rejected: n, Server: results.Server{CPUUsPerRejection: cpu}}
	if ledger {
		c.Server.Rejected, c.Server.BytesDrained = n, n*drained
		c.Server.HoldMs = results.Percentiles{Count: n, Mean: cpu / 10}
	}
	return c
}

func TestCostsAreMeansOverRejections(t *testing.T) {
	got := CostOf([]*results.Cell{costly(10, true, 100, 8), costly(30, true, 200, 4)})
	want := Cost{Rejections: 40, CPUUs: 175, BytesDrained: 200, HoldMs: results.Percentiles{Count: 40, Mean: 17.5}, ledgered: true}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if drained, ok := got.DrainedPerRejection(); drained != 5 || !ok {
		t.Errorf("%v bytes drained, known %v", drained, ok)
	}
}

func TestPooledCostsAreThoseOfTheCells(t *testing.T) {
	a, b := costly(10, true, 100, 8), costly(30, true, 200, 4)
	got := Pool([]*Summary{{Cost: CostOf([]*results.Cell{a})}, {Cost: CostOf([]*results.Cell{b})}}).Cost
	if want := CostOf([]*results.Cell{a, b}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestServersWithoutALedgerHaveOnlyCPUTime(t *testing.T) {
	got := CostOf([]*results.Cell{costly(10, false, 100, 0), costly(30, false, 200, 0)})
	if got != (Cost{Rejections: 40, CPUUs: 175}) {
		t.Errorf("%+v", got)
	}
	if drained, ok := got.DrainedPerRejection(); ok {
		t.Errorf("%v bytes drained", drained)
	}
}
