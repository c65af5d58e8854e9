package cell

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Choice is a path that this machine allows.
type Choice struct {
	Kind     netpath.Kind
	Isolated bool // cells get network namespaces of their own
}

// ProbeResult is what the attempt to make one kind of path has shown.
type ProbeResult struct {
	Choice
	Error string // why it cannot be had; empty when it can
}

// Allowed tells whether the path can be had.
func (f ProbeResult) Allowed() bool { return f.Error == "" }

// probeTimeout bounds the attempt to make a path.
const probeTimeout = 10 * time.Second

// Probe tries every kind of path on this machine, the best first, as spec asks
// for it, whose kind is not looked at. Nothing is left behind.
func Probe(ctx context.Context, spec netpath.Spec) []ProbeResult {
	var findings []ProbeResult
	for _, c := range []Choice{
		{netpath.Netem, true}, {netpath.DelayLine, true}, {netpath.Loopback, true}, {netpath.Loopback, false},
	} {
		f := ProbeResult{Choice: c}
		if err := probe(ctx, c, spec, Program{}); err != nil {
			f.Error = err.Error()
		}
		findings = append(findings, f)
	}
	return findings
}

// Choose returns the path to use for the kind in spec. With Auto it is
// the best that the machine allows and that can do to packets what it is to do,
// which rules the loopback out if that is anything; a congestion control of the
// user's own choice rules out the system's namespace.
func Choose(ctx context.Context, spec netpath.Spec) (Choice, error) {
	var failures []error
	for _, f := range Probe(ctx, spec) {
		switch {
		case spec.Kind != netpath.Auto && f.Kind != spec.Kind:
		case !f.Allowed():
			failures = append(failures, errors.New(f.Error))
		case spec.Impairments != (impair.Set{}) && f.Kind == netpath.Loopback:
			failures = append(failures, netpath.ErrNeedsDelay)
		case !f.Isolated && spec.Congestion != netpath.DefaultCongestion && spec.Congestion != netpath.SystemCongestion:
			failures = append(failures, fmt.Errorf("the system's own loopback has the system's congestion control, not %s", spec.Congestion))
		default:
			return f.Choice, nil
		}
	}
	return Choice{}, oncePerMessage(failures)
}

// oncePerMessage joins errors; the two loopbacks may fail alike.
func oncePerMessage(all []error) error {
	same := func(a, b error) bool { return a.Error() == b.Error() }
	return errors.Join(slices.CompactFunc(all, same)...)
}

// probeSpec is what the probe process is told.
type probeSpec struct {
	netpath.Spec
	Isolated bool
	Program  Program // to be tried at the server's end, if there is one
}

// probeReport is what the probe process hands back.
type probeReport struct {
	Error         string // why the path cannot be had; empty when it can
	CommandFailed bool   // Error is the program's
}

// TryProgram starts a server program at the server's end of the path, waits until it
// listens, and ends it. A CommandError is the program's.
func TryProgram(ctx context.Context, c Choice, spec netpath.Spec, p Program) error {
	return probe(ctx, c, spec, p)
}

func probe(ctx context.Context, c Choice, path netpath.Spec, program Program) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := process.New("probe")
	if err != nil {
		return err
	}
	if c.Isolated {
		netpath.Isolate(p.Cmd)
		process.SurviveParent(p.Cmd)
		process.BecomeSubreaper()
		defer process.EndChildren(true) // of a probe that was killed
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout+program.ListenTimeout)
	defer cancel()
	spec := probeSpec{path, c.Isolated, program}
	spec.Kind = c.Kind
	switch none := (impair.Set{}); {
	case c.Kind == netpath.Loopback:
		spec.Impairments = none
	case spec.Impairments == none:
		// Without a delay there is nothing between the ends to be tried.
		spec.Impairments = none.WithRTT(time.Millisecond)
	}
	if err := p.Start((*exec.Cmd).Start, spec); err != nil {
		return explainNamespaceError(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Cmd.Process.Kill() })
	defer stop()
	var failure probeReport
	err = p.Receive(&failure)
	if err != nil {
		err = p.Cause(err)
	}
	_ = p.Stop()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case failure.CommandFailed:
		return CommandError{errors.New(failure.Error)}
	case failure.Error != "":
		return errors.New(failure.Error)
	}
	return nil
}

// explainNamespaceError says what it means that a process in namespaces of its own could
// not be started: clone(2) has words for other things only.
func explainNamespaceError(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: no user or network namespace is left to this user (sysctls user.max_user_namespaces, user.max_net_namespaces)", netpath.ErrNotAllowed)
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w: this user may make no namespaces", netpath.ErrNotAllowed)
	}
	return fmt.Errorf("%w: %w", netpath.ErrNotAllowed, err)
}

// probeRole makes a path, tries the program on it, and says how that went.
func probeRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec probeSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	process.BecomeSubreaper()
	go func() {
		var message struct{}
		_ = in.Decode(&message)
		process.EndChildren(false)
		spec.Program.clear()
		os.Exit(1)
	}()
	err := spec.try(ctx)
	process.EndChildren(false)
	var report probeReport
	if err != nil {
		report.Error = err.Error()
		report.CommandFailed = errors.As(err, new(CommandError))
	}
	return out.Encode(report)
}

func (s probeSpec) try(ctx context.Context) error {
	path, err := netpath.Open(s.Spec, s.Isolated)
	if err != nil {
		return err
	}
	if len(s.Program.Command) > 0 {
		var server *runningServer
		if server, err = startProgram(ctx, path, s.Program, os.Stderr); err == nil {
			server.kill()
		}
	}
	_, e := path.Close()
	return errors.Join(err, e)
}
