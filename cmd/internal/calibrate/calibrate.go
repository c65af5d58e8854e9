// Package calibrate compares a path with what was asked of it.
//
// Run measures one kind of path in four steps, each on paths made for it:
//
//  1. Handshakes at several round trips: the client's kernel times SYN to SYN-ACK.
//  2. Lateness under load: the path times packets against when they are due.
//  3. Loss: datagrams are counted at both ends and by the path.
//  4. One large upload: its rate, and that the server reads every byte.
//
// Every figure becomes a Check with bounds, and the path is within its bounds if
// every check is.
package calibrate

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/process"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Result is how a path that was measured compares with what was asked of it.
type Result struct {
	Path    netpath.Kind `json:"path"`
	Seconds float64      `json:"seconds"` // that it took
	Within  bool         `json:"within"`  // every check is
	Checks  []Check      `json:"checks"`
}

// Outside is how many checks are out of their bounds.
func (c Result) Outside() (n int) {
	for _, check := range c.Checks {
		if !check.Within {
			n++
		}
	}
	return n
}

// What a calibration measures. The counts make it take about 15 s.
var (
	calibratedRTTs = []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond}
	// calibratedLosses are what is lost of how many packets each way: of the
	// rarest 80, whose interval is a quarter of that either way.
	calibratedLosses = []struct {
		share   float64
		packets int
	}{{0.001, 80_000}, {0.01, 20_000}, {0.1, 10_000}}
)

const (
	handshakeRate     = 100 // attempts a second, for a second
	latenessRate      = 500 // attempts a second, of about ten packets each
	latenessTime      = 2 * time.Second
	calibratedRTT     = 20 * time.Millisecond // of lateness and upload
	uploadBytes       = 64 << 20
	datagramsAMilli   = 20
	calibrateDeadline = 20 * time.Second // of one measurement; they take at most five
)

// Run measures a path: how far handshakes are off the round trip, how late
// packets are, whether as many are lost as asked, and what an upload gets. Each
// measurement has a path, and processes, of its own. The seed decides which
// packets a delay line loses. Of six intervals of 99% an exact path misses one in
// 6 of 100 calibrations; with another seed, or a netem's own chance, hardly again.
func Run(ctx context.Context, c cell.Choice, seed uint64) (Result, error) {
	runtime.LockOSThread() // with which the path's processes end
	defer runtime.UnlockOSThread()
	started := time.Now()
	result := Result{Path: c.Kind}
	spec := func(im impair.Set) netpath.Spec {
		return netpath.Spec{Kind: c.Kind, Impairments: im, Seed: seed}
	}
	measure := func(rtt time.Duration, fleet loadgen.Config) (cell.Report, error) {
		fleet.Client = "blocking"
		ctx, cancel := context.WithTimeout(ctx, calibrateDeadline)
		defer cancel()
		return cell.Run(ctx, cell.Spec{
			Path: spec(impair.Set{}.WithRTT(rtt)), Isolated: c.Isolated, Fleet: fleet,
			Server: cell.ServerSpec{Strategy: "read-request", Grace: time.Second},
		})
	}
	for _, rtt := range calibratedRTTs {
		r, err := measure(rtt, loadgen.Config{Concurrency: handshakeRate, Rate: handshakeRate, Requests: handshakeRate})
		if err != nil {
			return result, err
		}
		result.Checks = append(result.Checks, checkHandshake(rtt, r))
	}
	r, err := measure(calibratedRTT, loadgen.Config{Concurrency: latenessRate, Rate: latenessRate, Duration: latenessTime})
	if err != nil {
		return result, err
	}
	result.Checks = append(result.Checks, checkLateness(calibratedRTT, r)...)
	for i, l := range calibratedLosses {
		im := impair.OneWay{Loss: l.share, Delay: time.Millisecond}
		path := spec(impair.Set{Up: im, Down: im})
		// From one seed all of them would lose the same packets, and more of them
		// the more likely it is: one chance in place of three.
		path.Seed += uint64(i)
		r, err := measureLoss(ctx, c, lossSpec{Path: path, Isolated: c.Isolated, Packets: l.packets})
		if err != nil {
			return result, err
		}
		result.Checks = append(result.Checks, checkLoss(l.share, r)...)
	}
	if r, err = measure(calibratedRTT, loadgen.Config{Requests: 1, BodyBytes: uploadBytes}); err != nil {
		return result, err
	}
	result.Checks = append(result.Checks, checkUpload(calibratedRTT, uploadBytes, r)...)
	result.Seconds = time.Since(started).Seconds()
	result.Within = result.Outside() == 0
	return result, nil
}

// lossSpec is what the loss process is told.
type lossSpec struct {
	Path     netpath.Spec
	Isolated bool
	Packets  int // datagrams each way
}

// lossReport is what the loss process hands back. Its two counts are taken
// apart from each other: by the path as it drops, and by the sockets at its ends.
type lossReport struct {
	Ways    [2]datagrams // up, down
	Dropped int64        // by the path's own count, as asked for
	Own     int64        // lost by the path for reasons of its own
	Error   string
}

// datagrams is what was sent one way and how much of it arrived.
type datagrams struct {
	Sent    int64
	Arrived int64
	// Marks are sent behind the others until one arrives. They are not in Sent,
	// and may be lost as well.
	Marks int64
}

func (d datagrams) lost() int64 { return d.Sent - d.Arrived }

// measureLoss sends datagrams both ways over a path, in a process of its own.
func measureLoss(ctx context.Context, c cell.Choice, spec lossSpec) (report lossReport, err error) {
	ctx, cancel := context.WithTimeout(ctx, calibrateDeadline)
	defer cancel()
	p, err := process.New("loss")
	if err != nil {
		return report, err
	}
	if c.Isolated {
		netpath.Isolate(p.Cmd)
	}
	if err := p.Start((*exec.Cmd).Start, spec); err != nil {
		return report, fmt.Errorf("start the loss process: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.Cmd.Process.Kill() })
	defer stop()
	err = p.Receive(&report)
	if err != nil {
		err = fmt.Errorf("the loss process died: %w", p.Cause(err))
	}
	_ = p.Stop()
	if ctx.Err() != nil {
		return report, ctx.Err()
	}
	return report, err
}
