package cell

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime/debug"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// Spec is what a cell process is told.
type Spec struct {
	Path     netpath.Spec
	Isolated bool // the process has a network namespace of its own
	Server   ServerSpec
	Program  Program // in place of the reference server
	Fleet    loadgen.Config
	Driver   bool   // the fleet's client is a library client, and its driver the fleet
	Folder   string // of the drivers' folders
	Capture  Capture
	Ladder   string // what to call the drawing of a typical connection; empty draws none
}

// Report is what a cell process hands back.
type Report struct {
	Fleet        loadgen.Report
	Server       results.Server
	ServerCPU    time.Duration // of a program in place of the reference server, while the fleet ran
	AcceptErrors int64
	TCP          map[string]int64
	TimeWait     results.TimeWait
	Ledger       results.Ledger
	Path         results.Path
	Wire         *results.Wire // nil without a path that keeps a record
	Ladder       string        // SVG, if asked for
	Sysctl       map[string]string
	Error        string // what went wrong; empty when nothing did
}

// Run runs one cell in a process of its own. What went wrong with the cell is in
// the report; an error is one of this process, or that of ctx.
func Run(ctx context.Context, spec Spec) (Report, error) {
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	p, err := process.New("cell")
	if err != nil {
		return Report{}, err
	}
	if spec.Isolated {
		netpath.Isolate(p.Cmd)
		process.SurviveParent(p.Cmd)
		process.BecomeSubreaper()
		defer process.EndChildren(true) // of a cell that was killed
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
	// The process ends by itself once it has reported: closing its input before
	// that would mean that nobody wants the cell.
	waitErr := p.Wait()
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	if report.Error == "" && waitErr != nil {
		report.Error = fmt.Sprintf("the cell's process: %v", waitErr)
	}
	return report, nil
}

// cellRole makes the path, runs a server and a fleet at its ends, and hands
// back what they measured. The attempts stay behind: what is known of them is
// in the fleet's counts and histograms.
func cellRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec Spec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	// The path's thread must not wait for a collection of what the ledgers
	// leave; the limit still holds when a ledger is huge.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(1 << 30)
	process.BecomeSubreaper()
	// When the parent goes away nobody wants the cell.
	go func() {
		var message struct{}
		_ = in.Decode(&message)
		process.EndChildren(false)
		spec.Program.clear()
		spec.clearDrivers()
		os.Exit(1)
	}()
	report, err := measure(ctx, spec)
	process.EndChildren(false)
	if err != nil {
		report.Error = err.Error()
	}
	report.Fleet.Attempts = nil
	return out.Encode(report)
}

func measure(ctx context.Context, spec Spec) (report Report, err error) {
	path, err := netpath.Open(spec.Path, spec.Isolated)
	if err != nil {
		return report, err
	}
	var entries []targets.LedgerEntry
	defer func() {
		stats, e := path.Close()
		report.Path = stats.Record()
		if e != nil {
			err = errors.Join(err, fmt.Errorf("path: %w", e))
		}
		if err == nil && stats.Log != nil {
			fleet := spec.fleet()
			joined := fleet.joinWire(stats.Log, report.Fleet.Attempts, entries)
			wire.SetExtra(joined, wire.Extra{TLS: spec.Server.TLS, Earlier: spec.Server.Nth > 1})
			w := wire.Total(stats.Log, joined, wire.Ledgers{Fleet: fleet.keeps(report.Fleet.Attempts), Server: len(spec.Program.Command) == 0})
			err = fleet.complete(&w, report.Fleet, spec.Server.TLS)
			report.Wire = &w
			if err == nil {
				err = spec.Capture.write(stats.Log, joined)
			}
			if err == nil && spec.Ladder != "" {
				report.Ladder, err = drawTypical(spec.Ladder, stats.Log, joined)
			}
		}
	}()
	report.Sysctl = path.Sysctl()

	// A line a request of every cell is nothing to read.
	server, err := startServer(ctx, path, spec.Program, nil, spec.Server)
	if err != nil {
		return report, err
	}
	defer server.kill()
	before, err := server.counters()
	if err != nil {
		return report, err
	}
	cpu := path.ServerCPU()
	spec.Fleet.Target.Addr = server.addr
	kind := spec.fleet()
	fleet, err := process.New(kind.role)
	if err != nil {
		return report, err
	}
	if err := fleet.Start(path.StartClient, kind.spec(spec)); err != nil {
		return report, fmt.Errorf("start the fleet: %w", err)
	}
	defer fleet.Kill()
	var seen fleetReport
	if err := fleet.Receive(&seen); err != nil {
		return report, fmt.Errorf("the fleet died: %w", fleet.Cause(err))
	}
	if seen.Error != "" {
		return report, errors.New(seen.Error)
	}
	report.Fleet = seen.Report
	if report.TimeWait.Client, err = timeWait(fleet.Cmd.Process.Pid); err != nil {
		return report, err
	}

	own, err := server.stop()
	if err != nil {
		return report, err
	}
	report.ServerCPU = path.ServerCPU() - cpu
	after, err := counters(server.pid())
	if err != nil {
		return report, err
	}
	if report.TimeWait.Server, err = timeWait(server.pid()); err != nil {
		return report, err
	}
	report.TCP = delta(before, after)
	if own == nil {
		return report, nil // a program keeps no ledger
	}
	report.Server = own.Server
	report.AcceptErrors = own.AcceptErrors
	report.Ledger = kind.join(seen.Report.Attempts, own.Entries)
	entries = own.Entries
	return report, nil
}

func startReference(path *netpath.Path, spec ServerSpec) (_ *process.Child, addr netip.AddrPort, err error) {
	spec.Addr = path.ServerAddr()
	p, err := process.New("server")
	if err != nil {
		return nil, addr, err
	}
	if err := p.Start(path.StartServer, spec); err != nil {
		return nil, addr, fmt.Errorf("start the server: %w", err)
	}
	var ready serverReady
	if err := p.Receive(&ready); err != nil {
		err = p.Cause(err)
		p.Kill()
		return nil, addr, fmt.Errorf("the server died: %w", err)
	}
	if ready.Error != "" {
		p.Kill()
		return nil, addr, fmt.Errorf("the server did not start: %s", ready.Error)
	}
	return p, ready.Addr, nil
}
