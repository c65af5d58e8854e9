package cell

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// memoryLimit starts a garbage collection in the cell's process when a ledger is
// huge, in bytes.
const memoryLimit = 1 << 30

// cellRole measures a cell. Its report leaves out the attempts, which would be
// large: their counts and histograms are in it.
func cellRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec Spec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	// A garbage collection would delay the path's thread, and with it packets.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)
	process.BecomeSubreaper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cleanup := func() {
		spec.Program.clear()
		spec.clearDrivers()
	}
	go exitAtNextMessage(in, cancel, cleanup)
	entered := func(p Phase) {
		switch p {
		case Measuring:
			process.Foreground()
		case Ending:
			process.Background()
		}
		_ = out.Encode(message{Phase: p})
	}
	report, err := measure(ctx, spec, entered)
	process.EndChildren()
	if err != nil {
		report.Error = err.Error()
	}
	report.Fleet.Attempts = nil
	return sendOrCleanUp(out, message{Report: &report}, cleanup)
}

// measure calls entered at the start of each phase after the first.
func measure(ctx context.Context, spec Spec, entered func(Phase)) (report Report, err error) {
	path, err := netpath.Open(spec.Path, spec.Isolated)
	if err != nil {
		return report, err
	}
	report.Sysctl = path.Sysctl()
	entries, err := report.measureEnds(ctx, path, spec, entered)
	stats, closeErr := path.Close()
	report.Path = stats.Record()
	if closeErr != nil {
		err = errors.Join(err, fmt.Errorf("path: %w", closeErr))
	}
	if err != nil || stats.Log == nil {
		return report, err
	}
	return report, report.addWire(spec, stats.Log, entries)
}

// measureEnds runs server and fleet at the ends of the path, and adds what they and
// the kernel report. It returns the server's ledger, nil for a program.
func (r *Report) measureEnds(ctx context.Context, path *netpath.Path, spec Spec, entered func(Phase)) ([]targets.LedgerEntry, error) {
	// The fleet's process starts while the server's does, and before the binding, which
	// is not for it.
	fleet, err := startFleet(path, spec)
	if err != nil {
		return nil, err
	}
	// Not before the counters are read through its process.
	defer fleet.Kill()
	list, unbind := spec.bindServer()
	defer unbind()
	r.ServerCPUs = list
	// The server's output is discarded: one log line per request would flood the
	// terminal.
	server, err := startServer(ctx, path, spec.Program, nil, spec.Server)
	if err != nil {
		return nil, err
	}
	defer server.kill()
	before, err := server.counters()
	if err != nil {
		return nil, err
	}
	cpu := server.programCPU(path)
	spec.Fleet.Target.Addr = server.addr
	processes := cellProcesses{fleet: []int{fleet.Cmd.Process.Pid}, server: server.pids(path)}
	waited := processes.waited()
	entered(Measuring)
	if r.Fleet, err = runFleet(fleet, spec); err != nil {
		return nil, err
	}
	if r.TimeWait.Client, err = timeWait(fleet.Cmd.Process.Pid); err != nil {
		return nil, err
	}
	serverReport, err := server.stop()
	if err != nil {
		return nil, err
	}
	r.ServerCPU = server.programCPU(path) - cpu
	after, err := counters(server.pid())
	if err != nil {
		return nil, err
	}
	if r.TimeWait.Server, err = timeWait(server.pid()); err != nil {
		return nil, err
	}
	unbind() // another cell may be starting on these CPUs
	entered(Ending)
	processes.server = server.pids(path) // a program may have started more
	r.Waited = waitedSince(waited, processes.waited())
	r.TCP = delta(before, after)
	if serverReport == nil {
		return nil, nil
	}
	r.Server, r.AcceptErrors = serverReport.Server, serverReport.AcceptErrors
	r.Ledger = spec.fleetKind().join(r.Fleet.Attempts, serverReport.Entries)
	return serverReport.Entries, nil
}

// startFleet starts the process of the fleet, or of the driver in its place.
func startFleet(path *netpath.Path, spec Spec) (*process.Child, error) {
	fleet, err := process.New(spec.fleetKind().role)
	if err != nil {
		return nil, err
	}
	if err := fleet.StartEarly(path.StartClient); err != nil {
		return nil, fmt.Errorf("start the fleet: %w", err)
	}
	return fleet, nil
}

// runFleet runs the fleet, or the driver in its place, until it has reported. Its
// process still runs when runFleet returns.
func runFleet(fleet *process.Child, spec Spec) (loadgen.Report, error) {
	if err := fleet.Send(spec.fleetKind().spec(spec)); err != nil {
		return loadgen.Report{}, fmt.Errorf("the fleet died: %w", fleet.Cause(err))
	}
	var report fleetReport
	if err := fleet.Receive(&report); err != nil {
		return loadgen.Report{}, fmt.Errorf("the fleet died: %w", fleet.Cause(err))
	}
	if report.Error != "" {
		return loadgen.Report{}, errors.New(report.Error)
	}
	return report.Report, nil
}

// addWire adds the ledger of the wire, joined with those of fleet and server, and
// the capture and the drawing that were asked for.
func (r *Report) addWire(spec Spec, log *wire.Log, entries []targets.LedgerEntry) error {
	kind := spec.fleetKind()
	joined := kind.joinWire(log, r.Fleet.Attempts, entries)
	wire.SetExtra(joined, wire.Extra{TLS: spec.Server.TLS, Earlier: spec.Server.Nth > 1})
	keeps := wire.Ledgers{Fleet: kind.keeps(r.Fleet.Attempts), Server: len(spec.Program.Command) == 0}
	w := wire.Total(log, joined, keeps)
	r.Wire = &w
	if err := kind.complete(&w, r.Fleet, spec.Server.TLS); err != nil {
		return err
	}
	if err := spec.Capture.write(log, joined); err != nil {
		return err
	}
	if spec.Ladder == "" {
		return nil
	}
	var err error
	r.Ladder, err = drawTypical(spec.Ladder, log, joined)
	return err
}
