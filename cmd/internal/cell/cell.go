package cell

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// Spec says what a cell is.
type Spec struct {
	Path     netpath.Spec
	Isolated bool // the cell gets its own network namespace
	Server   ServerSpec
	Program  Program // in place of the reference server
	Fleet    loadgen.Config
	Driver   bool   // Fleet.Client is a library client, whose driver takes the fleet's place
	Folder   string // where drivers get their folders; empty is the system's place
	Capture  Capture
	Ladder   string // begins the title of a drawing of a typical connection; empty draws none
}

// Report is what was measured in a cell.
type Report struct {
	Fleet        loadgen.Report // without Attempts
	Server       results.Server // zero for a program
	ServerCPU    time.Duration  // of a program while the fleet ran
	AcceptErrors int64
	TCP          map[string]int64 // deltas of the kernel's counters at the server's end
	TimeWait     results.TimeWait
	Ledger       results.Ledger
	Path         results.Path
	Wire         *results.Wire     // nil unless the path records its packets
	Ladder       string            // SVG; empty if none was asked for
	Sysctl       map[string]string // TCP settings at the path's ends
	Error        string            // what went wrong; empty if nothing did
}

// Run measures a cell in a child process. An error of the cell is in the report;
// the returned error is one of starting the child, or that of ctx.
func Run(ctx context.Context, spec Spec) (Report, error) {
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	p, err := process.New("cell")
	if err != nil {
		return Report{}, err
	}
	if spec.Isolated {
		defer isolate(p)()
	}
	if err := p.Start((*exec.Cmd).Start, spec); err != nil {
		return Report{}, fmt.Errorf("start the cell: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Cmd.Process.Kill() })
	defer stop()
	var report Report
	err = p.Receive(&report)
	if err != nil && ctx.Err() == nil {
		report = Report{Error: fmt.Sprintf("the cell's process died: %v", p.Cause(err))}
	}
	// Wait, not Stop: closing the child's input tells it that the cell is not
	// wanted, and it ends by itself after its report.
	waitErr := p.Wait()
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	if report.Error == "" && waitErr != nil {
		report.Error = fmt.Sprintf("the cell's process: %v", waitErr)
	}
	return report, nil
}

// clearDrivers removes the folders of all drivers, for a process that made them and
// is gone.
func (s Spec) clearDrivers() {
	if s.Folder != "" {
		_ = os.RemoveAll(s.Folder)
	}
}
