package cell

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
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
	// Placement is how the parts of the cell are placed on the CPUs while the fleet
	// runs: a name in Placements. Empty is Free.
	Placement string
	Ladder    string // begins the title of a drawing of a typical connection; empty draws none
	// Background starts the cell's processes in the background, because other cells are
	// being measured. A Program or a library client would stay there.
	Background bool
}

// Report is what was measured in a cell.
type Report struct {
	Fleet        loadgen.Report // without Attempts
	Server       results.Server // zero for a program
	ServerCPU    time.Duration  // of a program while the fleet ran
	AcceptErrors int64
	TCP          map[string]int64 // deltas of the kernel's counters at the server's end
	TimeWait     results.TimeWait
	Waited       *results.CPUWait // for a CPU, while the fleet ran; nil where the system does not say
	ServerCPUs   string           // of server and path, such as 2-3; empty where they had all
	Ledger       results.Ledger
	Path         results.Path
	Wire         *results.Wire     // nil unless the path records its packets
	Ladder       string            // SVG; empty if none was asked for
	Sysctl       map[string]string // TCP settings at the path's ends
	Error        string            // what went wrong; empty if nothing did
}

// Phase is how far a cell is.
type Phase int

// The phases of a cell, in their order.
const (
	Starting  Phase = iota // its processes start
	Measuring              // the fleet runs
	Ending                 // everything is measured; its processes end
)

// message is a message of a cell's process: that it enters a phase, or with Report the
// last one.
type message struct {
	Phase  Phase
	Report *Report
}

// Group is the cells that this process runs side by side. The zero value has none.
type Group struct {
	mu      sync.Mutex
	running map[int]bool // the ids of the cells' processes
}

// Run measures one cell, as Group.Run does.
func Run(ctx context.Context, spec Spec) (Report, error) {
	return new(Group).Run(ctx, spec, func(Phase) {})
}

// Run measures a cell in a child process. An error of the cell is in the report;
// the returned error is one of starting the child, or that of ctx. entered is called
// at the start of each phase after Starting, unless the cell fails before.
func (g *Group) Run(ctx context.Context, spec Spec, entered func(Phase)) (Report, error) {
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := process.New("cell")
	if err != nil {
		return Report{}, err
	}
	if spec.Isolated {
		isolate(p)
	}
	if err := g.start(p, spec); err != nil {
		return Report{}, fmt.Errorf("start the cell: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Cmd.Process.Kill() })
	defer stop()
	report, err := receive(p, entered)
	if err != nil && ctx.Err() == nil {
		report = Report{Error: fmt.Sprintf("the cell's process died: %v", p.Cause(err))}
	}
	// Wait, not Stop: closing the child's input tells it that the cell is not
	// wanted, and it ends by itself after its report.
	waitErr := p.Wait()
	g.ended(p, spec.Isolated && err != nil)
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	if report.Error == "" && waitErr != nil {
		report.Error = fmt.Sprintf("the cell's process: %v", waitErr)
	}
	return report, nil
}

// start starts a cell's process and counts it as running.
func (g *Group) start(p *process.Child, spec Spec) error {
	g.mu.Lock() // so that ended does not end it before it counts
	start := func() error { return p.StartEarly((*exec.Cmd).Start) }
	if spec.Background {
		alone := start
		start = func() error { return process.StartInBackground(alone) }
	}
	err := start()
	if err == nil {
		if g.running == nil {
			g.running = map[int]bool{}
		}
		g.running[p.Cmd.Process.Pid] = true
	}
	g.mu.Unlock()
	if err != nil {
		return err
	}
	return p.Send(spec)
}

// ended removes a cell's process that has ended. If it was killed or died, ended ends
// the processes that it has left, and no others: the other cells go on.
func (g *Group) ended(p *process.Child, killed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.running, p.Cmd.Process.Pid)
	if killed {
		process.EndOrphans(func(pid int) bool { return g.running[pid] })
	}
}

// receive reads the messages of a cell's process up to its report.
func receive(p *process.Child, entered func(Phase)) (Report, error) {
	for {
		var m message
		if err := p.Receive(&m); err != nil {
			return Report{}, err
		}
		if m.Report != nil {
			return *m.Report, nil
		}
		entered(m.Phase)
	}
}

// clearDrivers removes the folders of all drivers, for a process that made them and
// is gone.
func (s Spec) clearDrivers() {
	if s.Folder != "" {
		_ = os.RemoveAll(s.Folder)
	}
}
