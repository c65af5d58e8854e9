// Package calibrate compares a path with what was asked of it.
//
// Run measures one kind of path in four steps, each on paths made for it:
//
//  1. Handshakes at several round trips: the client's kernel times SYN to SYN-ACK.
//  2. Lateness under load: the path compares when packets leave with when they are
//     due.
//  3. Loss: datagrams are counted at both ends and by the path.
//  4. One large upload: its rate, and that the server reads every byte.
//
// Every figure becomes a Check with bounds. The path is within its bounds if every
// check is.
package calibrate

import (
	"context"
	"runtime"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Result is a calibration of one kind of path.
type Result struct {
	Path    netpath.Kind `json:"path"`
	Seconds float64      `json:"seconds"` // that the calibration took
	Within  bool         `json:"within"`  // every check is within its bounds
	Checks  []Check      `json:"checks"`
}

// Outside returns how many checks are out of their bounds.
func (r Result) Outside() (n int) {
	for _, c := range r.Checks {
		if !c.Within {
			n++
		}
	}
	return n
}

// What a calibration measures. With these counts it takes about 20 s.
var (
	handshakeRTTs = []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond}
	// losses are shares and the number of packets each way that they are measured
	// with. At the smallest share 80 packets are lost, within a quarter either way.
	losses = []struct {
		share   float64
		packets int
	}{{0.001, 80_000}, {0.01, 20_000}, {0.1, 10_000}}
)

const (
	handshakeRate = 100 // attempts a second, for a second
	latenessRate  = 500 // attempts a second, of about ten packets each
	latenessTime  = 2 * time.Second
	loadRTT       = 20 * time.Millisecond // of lateness and upload
	uploadBytes   = 64 << 20
	timeLimit     = 20 * time.Second // of one measurement; the longest takes about five
)

// Run measures a path: how far handshakes are off the round trip, how late packets
// are, whether the share of lost packets is right, and the rate of an upload. Each
// measurement has its own path and processes.
//
// The seed chooses which packets a delay line loses; netem draws anew each time. A
// correct path fails one of the six loss intervals of 99% in about 6 of 100
// calibrations. It hardly fails again in a second one with another seed.
func Run(ctx context.Context, c cell.Choice, seed uint64) (Result, error) {
	// The kernel kills a child when the thread that started it ends, so that
	// thread must last.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	started := time.Now()
	r := Result{Path: c.Kind}
	m := measurement{choice: c, seed: seed}
	for _, step := range []func(context.Context) ([]Check, error){m.handshakes, m.lateness, m.loss, m.upload} {
		checks, err := step(ctx)
		r.Checks = append(r.Checks, checks...)
		if err != nil {
			return r, err
		}
	}
	r.Seconds = time.Since(started).Seconds()
	r.Within = r.Outside() == 0
	return r, nil
}

// measurement makes the measurements of a path.
type measurement struct {
	choice cell.Choice
	seed   uint64
}

func (m measurement) handshakes(ctx context.Context) (checks []Check, err error) {
	for _, rtt := range handshakeRTTs {
		r, err := m.cell(ctx, rtt, loadgen.Config{Concurrency: handshakeRate, Rate: handshakeRate, Requests: handshakeRate})
		if err != nil {
			return checks, err
		}
		checks = append(checks, checkHandshake(rtt, r))
	}
	return checks, nil
}

func (m measurement) lateness(ctx context.Context) ([]Check, error) {
	r, err := m.cell(ctx, loadRTT, loadgen.Config{Concurrency: latenessRate, Rate: latenessRate, Duration: latenessTime})
	if err != nil {
		return nil, err
	}
	return checkLateness(loadRTT, r), nil
}

func (m measurement) loss(ctx context.Context) (checks []Check, err error) {
	for i, l := range losses {
		im := impair.OneWay{Loss: l.share, Delay: time.Millisecond}
		path := m.path(impair.Set{Up: im, Down: im})
		// With one seed the packets lost at a small share would be among those lost
		// at a larger one, so that the three losses would not be independent.
		path.Seed += uint64(i)
		r, err := measureLoss(ctx, lossSpec{Path: path, Isolated: m.choice.Isolated, Packets: l.packets})
		if err != nil {
			return checks, err
		}
		checks = append(checks, checkLoss(l.share, r)...)
	}
	return checks, nil
}

func (m measurement) upload(ctx context.Context) ([]Check, error) {
	r, err := m.cell(ctx, loadRTT, loadgen.Config{Requests: 1, BodyBytes: uploadBytes})
	if err != nil {
		return nil, err
	}
	return checkUpload(loadRTT, uploadBytes, r), nil
}

func (m measurement) path(im impair.Set) netpath.Spec {
	return netpath.Spec{Kind: m.choice.Kind, Impairments: im, Seed: m.seed}
}

// cell measures a cell of blocking clients, which a server that reads each request
// rejects.
func (m measurement) cell(ctx context.Context, rtt time.Duration, fleet loadgen.Config) (cell.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	fleet.Client = "blocking"
	return cell.Run(ctx, cell.Spec{
		Path:     m.path(impair.Set{}.WithRTT(rtt)),
		Isolated: m.choice.Isolated,
		Fleet:    fleet,
		Server:   cell.ServerSpec{Strategy: "read-request", Grace: time.Second},
	})
}
