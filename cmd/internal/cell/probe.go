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

// Choice is a kind of path that this machine allows.
type Choice struct {
	Kind     netpath.Kind
	Isolated bool // cells get their own network namespaces
}

// ProbeResult is the result of an attempt to open one kind of path.
type ProbeResult struct {
	Choice
	Error string // why it cannot be opened; empty if it can
}

// Allowed reports whether the path can be opened.
func (r ProbeResult) Allowed() bool { return r.Error == "" }

// probeTimeout bounds an attempt to open a path.
const probeTimeout = 10 * time.Second

// Probe tries every kind of path on this machine, the best first, with the settings
// of spec, whose Kind is ignored. It leaves nothing behind.
func Probe(ctx context.Context, spec netpath.Spec) []ProbeResult {
	var probed []ProbeResult
	for _, c := range []Choice{
		{netpath.Netem, true}, {netpath.DelayLine, true}, {netpath.Loopback, true}, {netpath.Loopback, false},
	} {
		r := ProbeResult{Choice: c}
		if err := TryProgram(ctx, c, spec, Program{}); err != nil {
			r.Error = err.Error()
		}
		probed = append(probed, r)
	}
	return probed
}

// Choose returns the path to use for spec. Auto is the best available path that
// supports the impairments; loopback supports none. The system's own namespace
// supports only the default congestion control and the system's. When ctx ends, it
// returns ctx's error.
func Choose(ctx context.Context, spec netpath.Spec) (Choice, error) {
	var failures []error
	probed := Probe(ctx, spec)
	if err := ctx.Err(); err != nil {
		return Choice{}, err
	}
	for _, r := range probed {
		switch {
		case spec.Kind != netpath.Auto && r.Kind != spec.Kind:
		case !r.Allowed():
			failures = append(failures, errors.New(r.Error))
		case spec.Impairments != (impair.Set{}) && r.Kind == netpath.Loopback:
			failures = append(failures, netpath.ErrLoopbackImpairments)
		case !r.Isolated && spec.Congestion != netpath.DefaultCongestion && spec.Congestion != netpath.SystemCongestion:
			failures = append(failures, fmt.Errorf("the system's loopback has the system's congestion control, not %s", spec.Congestion))
		default:
			return r.Choice, nil
		}
	}
	return Choice{}, oncePerMessage(failures)
}

// oncePerMessage joins errors. Equal neighbours, as of the two loopbacks, become
// one.
func oncePerMessage(all []error) error {
	same := func(a, b error) bool { return a.Error() == b.Error() }
	return errors.Join(slices.CompactFunc(all, same)...)
}

// probeSpec is the specification of the probe's process.
type probeSpec struct {
	netpath.Spec
	Isolated bool
	Program  Program // tried at the server's end; zero is none
}

// probeReport is the report of the probe's process.
type probeReport struct {
	Error         string // why the path or the program cannot be had; empty if it can
	CommandFailed bool   // Error is the program's
	NotAllowed    bool   // Error is an ErrNotAllowed of package netpath
}

// TryProgram opens a path, starts a server program at the server's end, waits until
// it listens, and ends it. An error of the program is a CommandError. The zero
// Program tries the path alone.
func TryProgram(ctx context.Context, c Choice, path netpath.Spec, program Program) error {
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := process.New("probe")
	if err != nil {
		return err
	}
	if c.Isolated {
		isolate(p)
		defer process.EndOrphans(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout+program.ListenTimeout)
	defer cancel()
	if err := p.Start((*exec.Cmd).Start, newProbeSpec(c, path, program)); err != nil {
		return explainNamespaceError(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Cmd.Process.Kill() })
	defer stop()
	var report probeReport
	err = p.Receive(&report)
	if err != nil {
		err = p.Cause(err)
	}
	_ = p.Stop()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case report.CommandFailed:
		return CommandError{errors.New(report.Error)}
	case report.NotAllowed:
		return notAllowedError(report.Error)
	case report.Error != "":
		return errors.New(report.Error)
	}
	return nil
}

// notAllowedError is the text of an error of another process that wrapped
// netpath.ErrNotAllowed.
type notAllowedError string

func (e notAllowedError) Error() string { return string(e) }
func (e notAllowedError) Unwrap() error { return netpath.ErrNotAllowed }

// newProbeSpec adapts a path to the kind that is tried: loopback has no
// impairments, and the other kinds get a round trip of 1 ms if none is asked for.
func newProbeSpec(c Choice, path netpath.Spec, program Program) probeSpec {
	none := impair.Set{}
	path.Kind = c.Kind
	switch {
	case c.Kind == netpath.Loopback:
		path.Impairments = none
	case path.Impairments == none:
		path.Impairments = none.WithRTT(time.Millisecond)
	}
	return probeSpec{path, c.Isolated, program}
}

// explainNamespaceError says why a process could not start in its own namespaces.
// The texts of clone(2)'s error numbers do not mention namespaces.
func explainNamespaceError(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: no user or network namespace is left to this user (sysctls user.max_user_namespaces, user.max_net_namespaces)", netpath.ErrNotAllowed)
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w: this user may make no namespaces", netpath.ErrNotAllowed)
	}
	return fmt.Errorf("%w: %w", netpath.ErrNotAllowed, err)
}

// probeRole opens a path, tries the program on it, and reports.
func probeRole(ctx context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec probeSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	process.BecomeSubreaper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go exitAtNextMessage(in, cancel, spec.Program.clear)
	err := spec.try(ctx)
	process.EndChildren()
	var report probeReport
	if err != nil {
		report.Error = err.Error()
		report.CommandFailed = errors.As(err, new(CommandError))
		report.NotAllowed = errors.Is(err, netpath.ErrNotAllowed)
	}
	return sendOrCleanUp(out, report, spec.Program.clear)
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
	_, closeErr := path.Close()
	return errors.Join(err, closeErr)
}
