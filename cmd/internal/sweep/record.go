package sweep

import (
	"fmt"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/witness"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// record makes the record of a try from what the cell's process reported. use is how
// the machine's CPUs were used meanwhile; nil if that is not known.
func (o Options) record(v visit, try int, started time.Time, r cell.Report, use *witness.Use) results.Cell {
	c := results.Cell{Point: v.Point, Round: v.round, Try: try, Twin: v.twin, Started: started.UTC()}
	o.measured(&c, v.Point, r)
	if c.CPU = cpuOf(r.Waited, use); c.CPU != nil {
		c.CPU.ServerCPUs = r.ServerCPUs
	}
	o.validate(&c, v.Point, r, use)
	c.SetShare()
	return c
}

// measured adds what fleet, server, path and kernel report.
func (o Options) measured(c *results.Cell, p results.Point, r cell.Report) {
	r.Fleet.Describe(c)
	c.Rejected = r.Server.Rejected
	c.TCP, c.Server, c.Path, c.Ledger, c.TimeWait, c.Wire = r.TCP, r.Server, r.Path, r.Ledger, r.TimeWait, r.Wire
	if !o.ledgerHasRejections(p) {
		c.Rejected = r.Fleet.Counts.RejectedWithoutLedger()
	}
	if _, program := o.Programs[p.Strategy]; program && c.Rejected > 0 {
		c.Server.CPUUsPerRejection = float64(r.ServerCPU.Microseconds()) / float64(c.Rejected)
	}
	if c.Wire != nil && c.Wire.Agreement.Disagreements == nil {
		c.Wire.Agreement.Disagreements = []results.WireDisagreement{} // gob drops an empty slice
	}
}

// validate says whether the cell is valid, or why not.
func (o Options) validate(c *results.Cell, p results.Point, r cell.Report, use *witness.Use) {
	c.InvalidReason = invalidReason(p, o.PathOf(p), o.ledgerHasRejections(p), r, use)
	if want := o.requests(p); c.InvalidReason == "" && c.Attempts < want {
		c.InvalidReason = fmt.Sprintf("only %d of %d attempts were due within %v", c.Attempts, want, o.MaxCell)
	}
	c.Valid = c.InvalidReason == ""
}

// ledgerHasRejections tells whether the server's ledger has every connection that
// it rejects. A program keeps no ledger, and a strategy that leaves connections in
// the backlog accepts none that it rejects.
func (o Options) ledgerHasRejections(p results.Point) bool {
	if _, program := o.Programs[p.Strategy]; program {
		return false
	}
	s, err := targets.StrategyByName(p.Strategy)
	return err != nil || !s.Queues
}
