package sweep

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"time"

	"github.com/rejectbench/rejectbench/targets/netpath"
)

// Choice is a path that this machine allows.
type Choice struct {
	Kind     netpath.Kind
	Isolated bool // cells get network namespaces of their own
}

// Finding is what the attempt to make one kind of path has shown.
type Finding struct {
	Choice
	Error string // why it cannot be had; empty when it can
}

// Allowed tells whether the path can be had.
func (f Finding) Allowed() bool { return f.Error == "" }

// probeTimeout bounds the attempt to make a path.
const probeTimeout = 10 * time.Second

// Probe tries every kind of path on this machine, the best first, with what it
// is to do to packets and the congestion control that is asked for. Nothing is
// left behind.
func Probe(ctx context.Context, im netpath.Impairments, congestion string) []Finding {
	var findings []Finding
	for _, c := range []Choice{
		{netpath.Netem, true}, {netpath.DelayLine, true}, {netpath.Loopback, true}, {netpath.Loopback, false},
	} {
		f := Finding{Choice: c}
		if err := probe(ctx, c, im, congestion); err != nil {
			f.Error = err.Error()
		}
		findings = append(findings, f)
	}
	return findings
}

// Choose returns the path to use for a kind that was asked for. With Auto it is
// the best that the machine allows and that can do to packets what it is to do,
// which rules the loopback out if that is anything; a congestion control of the
// user's own choice rules out the system's namespace.
func Choose(ctx context.Context, kind netpath.Kind, im netpath.Impairments, congestion string) (Choice, error) {
	var failures []error
	for _, f := range Probe(ctx, im, congestion) {
		switch {
		case kind != netpath.Auto && f.Kind != kind:
		case !f.Allowed():
			failures = append(failures, errors.New(f.Error))
		case im != (netpath.Impairments{}) && f.Kind == netpath.Loopback:
			failures = append(failures, netpath.ErrNeedsDelay)
		case !f.Isolated && congestion != netpath.DefaultCongestion && congestion != netpath.SystemCongestion:
			failures = append(failures, fmt.Errorf("the system's own loopback has the system's congestion control, not %s", congestion))
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
}

func probe(ctx context.Context, c Choice, im netpath.Impairments, congestion string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := newProcess("probe")
	if err != nil {
		return err
	}
	if c.Isolated {
		netpath.Isolate(p.cmd)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	spec := probeSpec{netpath.Spec{Kind: c.Kind, Congestion: congestion}, c.Isolated}
	if c.Kind != netpath.Loopback {
		// Without a delay there is nothing between the ends to be tried.
		spec.Impairments = im
		if im == (netpath.Impairments{}) {
			spec.Impairments = im.WithRTT(time.Millisecond)
		}
	}
	if err := p.start((*exec.Cmd).Start, spec); err != nil {
		return fmt.Errorf("%w: %w", netpath.ErrNotAllowed, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stop()
	var failure string
	err = p.out.Decode(&failure)
	if err != nil {
		err = exitOf(p, err)
	}
	_ = p.stop()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case failure != "":
		return fmt.Errorf("%s", failure)
	}
	return nil
}

// probeRole makes a path and says how that went.
func probeRole(_ context.Context, in *json.Decoder, out *gob.Encoder) error {
	var spec probeSpec
	if err := in.Decode(&spec); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	var failure string
	path, err := netpath.Open(spec.Spec, spec.Isolated)
	if err == nil {
		_, err = path.Close()
	}
	if err != nil {
		failure = err.Error()
	}
	return out.Encode(failure)
}
