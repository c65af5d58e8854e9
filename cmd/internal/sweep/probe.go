package sweep

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
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

// Probe tries every kind of path on this machine, the best first. Nothing is
// left behind.
func Probe(ctx context.Context) []Finding {
	var findings []Finding
	for _, c := range []Choice{
		{netpath.Netem, true}, {netpath.DelayLine, true}, {netpath.Loopback, true}, {netpath.Loopback, false},
	} {
		f := Finding{Choice: c}
		if err := probe(ctx, c); err != nil {
			f.Error = err.Error()
		}
		findings = append(findings, f)
	}
	return findings
}

// Choose returns the path to use for a kind that was asked for. With Auto it is
// the best that the machine allows; needsDelay rules the loopback out.
func Choose(ctx context.Context, kind netpath.Kind, needsDelay bool) (Choice, error) {
	var last error
	for _, f := range Probe(ctx) {
		if kind != netpath.Auto && f.Kind != kind {
			continue
		}
		if needsDelay && f.Kind == netpath.Loopback {
			last = netpath.ErrNeedsDelay
			continue
		}
		if f.Allowed() {
			return f.Choice, nil
		}
		last = fmt.Errorf("a %s path: %s", f.Kind, f.Error)
	}
	return Choice{}, last
}

func probe(ctx context.Context, c Choice) error {
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
	if err := p.start((*exec.Cmd).Start, c); err != nil {
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
	var c Choice
	if err := in.Decode(&c); err != nil {
		return fmt.Errorf("read the specification: %w", err)
	}
	var failure string
	path, err := netpath.Open(netpath.Spec{Kind: c.Kind}, c.Isolated)
	if err == nil {
		_, err = path.Close()
	}
	if err != nil {
		failure = err.Error()
	}
	return out.Encode(failure)
}
