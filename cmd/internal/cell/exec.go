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
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// URLVariable names the environment variable that tells a client program where
// the server is.
const URLVariable = "REJECTBENCH_URL"

// ExecOptions say what to run at the two ends of a path.
type ExecOptions struct {
	Path    Choice
	Spec    netpath.Spec // Kind is taken from Path
	Server  ServerOptions
	Program Program  // in place of the reference server
	Command []string // the client program and its arguments
	TLS     bool     // the server speaks TLS 1.3, and its URL is https
}

// ServerOptions are the options of the reference server.
type ServerOptions struct {
	Strategy string
	Limit    int
	Bounds   targets.Bounds
}

// ExecReport is what was seen beside the client program's own output.
type ExecReport struct {
	ExitCode      int              // of the client program; 128 and the signal's number if one ended it
	Server        *targets.Report  // of the reference server
	TCP           map[string]int64 // deltas of the kernel's counters at the server's end
	Path          results.Path
	Wire          *ExecWire // nil without a path that keeps a record
	Error         string
	Interrupted   bool // before the program was started
	CommandFailed bool // Error is the command's: it does not exist or the server never listened
}

// execSpec is what the exec process is told.
type execSpec struct {
	ExecOptions
	Isolated bool
}

// signalMessage is sent to the exec process while it runs.
type signalMessage struct{ Signal int }

// Exec runs a client program at the client's end of a path, with the standard
// streams of this process. Signals that come in on the channel are passed on to it.
func Exec(ctx context.Context, o ExecOptions, signals <-chan os.Signal) (ExecReport, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := process.NewWithStreams("exec")
	if err != nil {
		return ExecReport{}, err
	}
	defer p.Close()
	if o.Path.Isolated {
		netpath.Isolate(p.Cmd)
		process.SurviveParent(p.Cmd)
		process.BecomeSubreaper()
		defer process.EndChildren(true) // of a path's process that was killed
	}
	netpath.Foreground(p.Cmd)
	o.Spec.Kind = o.Path.Kind
	if err := p.Start((*exec.Cmd).Start, execSpec{o, o.Path.Isolated}); err != nil {
		return ExecReport{}, fmt.Errorf("start: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Cmd.Process.Kill() })
	defer stop()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-signals:
				if n, ok := s.(syscall.Signal); ok {
					_ = p.Send(signalMessage{int(n)})
				}
			case <-done:
				return
			}
		}
	}()
	var report ExecReport
	err = p.Receive(&report)
	if err != nil {
		err = fmt.Errorf("the path's process died: %w", p.Cause(err))
	}
	_ = p.Wait()
	return report, errors.Join(err, ctx.Err())
}

// execRole runs the two programs and reports.
func execRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec execSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	// A terminal sends its signals to the program, to its parent and to this
	// process between them, which has to stay for the program's sake. Not
	// ignored: the program would inherit that.
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGQUIT, syscall.SIGHUP)
	defer cancel()
	process.BecomeSubreaper()
	signals := make(chan syscall.Signal, 8)
	go func() {
		for {
			var m signalMessage
			if in.Decode(&m) != nil { // nobody waits for the program any more
				process.EndChildren(false)
				spec.Program.clear()
				os.Exit(1)
			}
			cancel() // what waits for the server; the program is past that
			signals <- syscall.Signal(m.Signal)
		}
	}()
	report, err := runExec(ctx, spec, signals)
	process.EndChildren(false)
	if err != nil {
		report.Error = err.Error()
		report.CommandFailed = errors.As(err, new(CommandError))
		report.Interrupted = errors.Is(err, context.Canceled)
	}
	return out.Encode(report)
}

func runExec(ctx context.Context, spec execSpec, signals <-chan syscall.Signal) (report ExecReport, err error) {
	if spec.Spec.Kind == netpath.DelayLine {
		spec.Spec.LogLimits = &wire.Limits{}
	}
	path, err := netpath.Open(spec.Spec, spec.Isolated)
	if err != nil {
		return report, err
	}
	defer func() {
		stats, e := path.Close()
		report.Path = stats.Record()
		err = errors.Join(err, e)
		if stats.Log != nil {
			report.Wire = totalExecWire(stats.Log, report.Server)
		}
	}()
	// Standard error: the client program's output is kept apart.
	server, err := startServer(ctx, path, spec.Program, os.Stderr, ServerSpec{
		TLS: spec.TLS, Strategy: spec.Server.Strategy, Limit: spec.Server.Limit, Bounds: spec.Server.Bounds, Grace: 10*time.Second + 4*spec.Spec.Impairments.RTT(),
	})
	if err != nil {
		return report, err
	}
	defer server.kill()
	before, err := server.counters()
	if err != nil {
		return report, err
	}
	report.ExitCode, err = runClient(path, spec, server.addr, signals)
	if err != nil {
		return report, err
	}
	if report.Server, err = server.stop(); err != nil {
		return report, err
	}
	after, err := counters(server.pid())
	if err != nil {
		return report, err
	}
	report.TCP = delta(before, after)
	return report, nil
}

// runClient runs the client program and returns its exit code.
func runClient(path *netpath.Path, spec execSpec, server netip.AddrPort, signals <-chan syscall.Signal) (int, error) {
	command := substitute(spec.Command, server, spec.TLS)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), URLVariable+"="+serverURL(server, spec.TLS))
	netpath.Foreground(cmd)
	if err := path.StartClient(cmd); err != nil {
		return 0, CommandError{fmt.Errorf("start %s: %w", command[0], err)}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s)
		case err := <-ended:
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				return 0, fmt.Errorf("wait for %s: %w", command[0], err)
			}
			return exitCode(cmd.ProcessState), nil
		}
	}
}

// exitCode is a process's exit code as a shell gives it.
func exitCode(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return s.ExitCode()
}
