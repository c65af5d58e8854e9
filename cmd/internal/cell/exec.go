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

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// URLVariable names the environment variable in which a client program finds the
// server's URL.
const URLVariable = "REJECTBENCH_URL"

// ExecOptions say what Exec runs at the two ends of a path.
type ExecOptions struct {
	Path    Choice
	Spec    netpath.Spec // Kind is taken from Path
	Server  ServerSpec   // its TLS is also that of a Program; Addr and Grace are ignored
	Program Program      // in place of the reference server
	Command []string     // the client program and its arguments
}

// ExecReport is what Exec saw of a client program, without the program's output.
type ExecReport struct {
	ExitCode      int              // of the program; 128 and the signal's number if a signal ended it
	Server        *targets.Report  // of the reference server; nil for another
	TCP           map[string]int64 // deltas of the kernel's counters at the server's end
	Path          results.Path
	Wire          *ExecWire // nil unless the path records its packets
	Error         string
	Interrupted   bool // before the program was started
	CommandFailed bool // Error is a program's: it does not exist, or the server never listened
}

// execSpec is the specification of the exec process.
type execSpec struct {
	ExecOptions
	Isolated bool
}

// signalMessage has the exec process send a signal to the client program.
type signalMessage struct{ Signal int }

// Exec runs a client program at the client's end of a path, with the standard
// streams of this process. Signals from the channel are passed on to it.
func Exec(ctx context.Context, o ExecOptions, signals <-chan os.Signal) (ExecReport, error) {
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := process.NewWithStreams("exec")
	if err != nil {
		return ExecReport{}, err
	}
	defer p.Close()
	if o.Path.Isolated {
		isolate(p)
		defer process.EndOrphans(nil)
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

// execRole runs a server and a client program, and reports.
func execRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec execSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	// A terminal sends its signals to the client program, to this process and to its
	// parent. This process has to stay until the program ends. It catches the signals
	// and does not ignore them, because the program would inherit that.
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGQUIT, syscall.SIGHUP)
	defer cancel()
	process.BecomeSubreaper()
	signals := make(chan syscall.Signal, 8)
	go func() {
		for {
			var m signalMessage
			if in.Decode(&m) != nil { // the parent is gone
				cancel()
				endAndExit(spec.Program.clear)
			}
			cancel() // ends the wait for the server; it does not affect a running program
			signals <- syscall.Signal(m.Signal)
		}
	}()
	report, err := runExec(ctx, spec, signals)
	process.EndChildren()
	if err != nil {
		report.Error = err.Error()
		report.CommandFailed = errors.As(err, new(CommandError))
		report.Interrupted = errors.Is(err, context.Canceled)
	}
	return sendOrCleanUp(out, report, spec.Program.clear)
}

func runExec(ctx context.Context, spec execSpec, signals <-chan syscall.Signal) (report ExecReport, err error) {
	if spec.Spec.Kind == netpath.DelayLine {
		spec.Spec.LogOptions = &wire.LogOptions{}
	}
	path, err := netpath.Open(spec.Spec, spec.Isolated)
	if err != nil {
		return report, err
	}
	err = report.execEnds(ctx, path, spec, signals)
	stats, closeErr := path.Close()
	report.Path = stats.Record()
	if stats.Log != nil {
		report.Wire = totalExecWire(stats.Log, report.Server)
	}
	return report, errors.Join(err, closeErr)
}

// execEnds runs server and client program at the ends of the path, and adds what
// was seen of them.
func (r *ExecReport) execEnds(ctx context.Context, path *netpath.Path, spec execSpec, signals <-chan syscall.Signal) error {
	// The server's output goes to standard error, apart from the client program's.
	spec.Server.Grace = StopGrace(spec.Spec.Impairments.RTT())
	server, err := startServer(ctx, path, spec.Program, os.Stderr, spec.Server)
	if err != nil {
		return err
	}
	defer server.kill()
	before, err := server.counters()
	if err != nil {
		return err
	}
	if r.ExitCode, err = runClient(path, spec, server.addr, signals); err != nil {
		return err
	}
	if r.Server, err = server.stop(); err != nil {
		return err
	}
	after, err := counters(server.pid())
	if err != nil {
		return err
	}
	r.TCP = delta(before, after)
	return nil
}

// runClient runs the client program and returns its exit code.
func runClient(path *netpath.Path, spec execSpec, server netip.AddrPort, signals <-chan syscall.Signal) (int, error) {
	command := substitute(spec.Command, server, spec.Server.TLS)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), URLVariable+"="+serverURL(server, spec.Server.TLS))
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

// exitCode returns a process's exit code as a shell does.
func exitCode(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return s.ExitCode()
}
