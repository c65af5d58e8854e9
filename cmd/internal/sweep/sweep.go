// Package sweep measures the points of a grid, several times and in random order,
// and makes a record of every cell.
//
// Run takes these steps:
//
//  1. It plans a round: every point once, and the points of A/A pairs twice, in an
//     order that follows from the seed.
//  2. It leaves out the points whose delivered share is known well enough, if a
//     precision was asked for.
//  3. It runs the cell of each visit (package cell), and again while the cell is
//     invalid, at most three times.
//  4. It judges whether a cell is valid, makes its record, and hands that to
//     Events.Done.
//
// It goes on with step 1 until all rounds are done, no point is left, or the
// budget is used up.
package sweep

import (
	"context"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// maxTries is how often a cell is run at most until it is valid.
const maxTries = 3

// DefaultRequests is how many attempts a cell of a concurrency makes when
// neither their number nor a duration is given: every client's second, and
// enough for a share's interval to be narrower than 20%.
func DefaultRequests(concurrency int) int64 { return int64(max(2*concurrency, 100)) }

// requests is how many attempts a cell makes; 0 means until the duration is over.
func (o Options) requests(p Point) int64 {
	if part, ok := o.part(p); ok && part.Requests > 0 {
		return part.Requests
	}
	if o.Requests == 0 && o.Duration == 0 {
		return DefaultRequests(p.Concurrency)
	}
	return o.Requests
}

// Part is what the cells of a part of a scenario have of their own. A zero field
// is as in the other cells.
type Part struct {
	Bounds   *targets.Bounds
	Settings string // what Bounds differ by, for the record, as "close-delay=1s"
	Requests int64
}

func (o Options) part(p Point) (Part, bool) {
	part, ok := o.Parts[PartName{p.Scenario, p.Part}]
	return part, ok
}

// bounds are those of the reference server in a point's cells.
func (o Options) bounds(p Point) targets.Bounds {
	if part, ok := o.part(p); ok && part.Bounds != nil {
		return *part.Bounds
	}
	return o.Bounds
}

// PartName names a part of a scenario.
type PartName struct{ Scenario, Part string }

// endSlack is what a fleet waits for a connection's end beyond two round trips.
const endSlack = 250 * time.Millisecond

// Options say how the cells of a grid are run.
type Options struct {
	Points []Point
	Rounds int // at least 1, at most so many with a Precision
	Seed   uint64
	// Twins is how many points each round visits twice, in A/A pairs; 0 is none.
	Twins int
	// Precision is half the width, above 0 and below 0.5, that the 95% interval of
	// a point's delivered share is to have: a point is visited until it has. 0
	// visits every point in every round.
	Precision float64
	// Budget is how long the run may take: no try of a cell but the first starts
	// later. 0 is no limit.
	Budget time.Duration

	Path        cell.Choice
	Impairments impair.Set // of every cell; the point's round trip and loss come on top
	Congestion  string     // congestion control of both ends; empty is the path's default
	IPv6        bool
	// Programs are the server programs that stand in for the reference server,
	// by the name that stands in the points for the strategy.
	Programs map[string]cell.Program
	// Parts are what cells of scenarios have of their own.
	Parts       map[PartName]Part
	Limit       int
	ServiceTime time.Duration
	Workers     int           // admitted requests worked on at once; 0 is no limit
	Requests    int64         // attempts a cell; 0 means until Duration is over, or DefaultRequests without one
	Duration    time.Duration // of a cell; 0 means until Requests are made
	Rate        float64       // attempts a second; 0 is a closed loop
	Timeout     time.Duration // of each phase of an attempt
	ReadDelay   time.Duration // of the slow-reader client
	MaxCell     time.Duration // no attempt of a cell starts later than this
	Bounds      targets.Bounds
	Captures    string // folder of the cells' captures; empty for none
	Capture     int    // connections of each outcome that a cell's capture keeps
	// Ladders picks the points of which a typical connection is drawn; nil picks none.
	Ladders func(Point) bool

	folder string // of the drivers' folders, while Run runs
}

// Events are told of a sweep's progress. A nil function is not called.
type Events struct {
	// Planned is told at the start of each round how many cells the run has, those
	// that are done among them. Without a precision it is always the same; with one
	// it is what can be foreseen.
	Planned func(cells int)
	// Started is told before each try of a cell.
	Started func(p Point, round, try int)
	// Done is told each record, invalid tries among them; final is false when the
	// cell is going to be run again. Its error ends the sweep.
	Done func(c results.Cell, final bool) error
	// Drawn is told the ladder diagram, in SVG, of a typical connection of a
	// valid cell; only of the cells that Options.Ladders picks.
	Drawn func(p Point, svg string) error
}

// Run runs every point, and its twin if it has one, in every round that it is to
// be visited in. It returns the TCP settings that were in force at the path's
// ends. When ctx ends, the cell that is running is thrown away and ctx's error
// returned; when the budget is used up, the cell that is running is finished and
// ErrBudget returned.
func Run(ctx context.Context, o Options, e Events) (sysctl map[string]string, err error) {
	// A child dies with the thread that started it, so that thread must last.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	remove, err := o.driverFolder()
	if err != nil {
		return nil, err
	}
	defer remove()
	s := &sweeping{Options: o, events: e, started: time.Now(), known: newPrecision(o.Precision, o.Points)}
	left := o.rounds()
	for visits := range o.plan() {
		visits = slices.DeleteFunc(visits, func(v visit) bool { return !s.known.open(v.Point) })
		if len(visits) == 0 {
			break // every point is known well enough, or given up
		}
		if e.Planned != nil {
			e.Planned(s.done + s.known.foreseen(visits, left))
		}
		for _, v := range visits {
			if s.done > 0 && s.spent() {
				return s.sysctl, ErrBudget
			}
			if err := s.visit(ctx, v); err != nil {
				return s.sysctl, err
			}
		}
		left--
	}
	return s.sysctl, nil
}

// sweeping is a sweep that is under way.
type sweeping struct {
	Options
	events  Events
	started time.Time
	known   *precision
	done    int // cells, whatever became of them
	sysctl  map[string]string
}

// spent tells whether the budget is used up.
func (s *sweeping) spent() bool { return s.Budget > 0 && time.Since(s.started) >= s.Budget }

// visit runs a cell until it is valid, it was run often enough, or the budget is
// used up.
func (s *sweeping) visit(ctx context.Context, v visit) error {
	for try := range maxTries {
		if s.events.Started != nil {
			s.events.Started(v.Point, v.round, try)
		}
		started := time.Now()
		report, err := cell.Run(ctx, s.cell(v, try))
		if err != nil {
			return err
		}
		if report.Sysctl != nil {
			s.sysctl = report.Sysctl
		}
		c := s.record(v, try, started, report)
		final := c.Valid || try == maxTries-1 || s.spent()
		if final {
			s.done++
			if !v.twin {
				s.known.add(v.Point, c)
			}
		}
		if s.events.Done != nil {
			if err := s.events.Done(c, final); err != nil {
				return err
			}
		}
		if c.Valid && report.Ladder != "" && s.events.Drawn != nil {
			if err := s.events.Drawn(v.Point, report.Ladder); err != nil {
				return err
			}
		}
		if final {
			return nil
		}
	}
	return nil
}

// cell returns what the cell process is told.
func (o Options) cell(v visit, try int) cell.Spec {
	im := o.PathOf(v.Point)
	spec := cell.Spec{
		Path:     netpath.Spec{Kind: o.Path.Kind, Impairments: im, Seed: o.seed(v, try), Congestion: o.Congestion, IPv6: o.IPv6},
		Isolated: o.Path.Isolated,
		Program:  o.Programs[v.Strategy].Speaking(v.TLS),
		Server: cell.ServerSpec{
			Strategy:    v.Strategy,
			Limit:       o.Limit,
			ServiceTime: o.ServiceTime,
			Workers:     o.Workers,
			Bounds:      o.bounds(v.Point),
			TLS:         v.TLS,
			Nth:         v.Nth,
			Grace:       10*time.Second + 4*v.RTT,
		},
		Fleet: loadgen.Config{
			Client:         v.Client,
			Concurrency:    v.Concurrency,
			Requests:       o.requests(v.Point),
			Duration:       o.Duration,
			Rate:           o.Rate,
			BodyBytes:      v.BodyBytes,
			ConnectTimeout: o.Timeout,
			SendTimeout:    o.Timeout,
			ReceiveTimeout: o.Timeout,
			EndWait:        2*im.RTT() + endSlack,
			ReadDelay:      o.ReadDelay,
			Nth:            v.Nth,
			Target:         loadgen.Target{TLS: v.TLS},
		},
	}
	_, spec.Driver = drivers.ByName(v.Client)
	spec.Folder = o.folder
	if o.Path.Kind == netpath.DelayLine && im != (impair.Set{}) {
		if o.Capture > 0 {
			spec.Capture = cell.Capture{File: filepath.Join(o.Captures, captureName(v, try)), Connections: o.Capture}
		}
		spec.Path.LogLimits = spec.Capture.Limits()
		if o.Ladders != nil && v.round == 0 && !v.twin && o.Ladders(v.Point) {
			spec.Ladder = fmt.Sprintf("%s, %s client, %v, body %s", v.Strategy, v.Client, im, humanize.IBytes(uint64(v.BodyBytes)))
		}
	}
	if spec.Fleet.Duration == 0 || (o.MaxCell > 0 && spec.Fleet.Duration > o.MaxCell) {
		spec.Fleet.Duration = o.MaxCell
	}
	return spec
}

// seed is what chance in a cell follows from: no two cells share theirs, nor do
// the two of an A/A pair, nor two tries of one, or the same packets would be lost
// in each.
func (o Options) seed(v visit, try int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %+v %d %d", o.Seed, v.Point, v.round, try)
	if v.twin {
		fmt.Fprint(h, " twin")
	}
	return h.Sum64()
}

// captureName is the file name of a cell's capture.
func captureName(v visit, try int) string {
	name := fmt.Sprintf("%s-%s-rtt%v-c%d-body%d-loss%g-round%d", v.Strategy, v.Client, v.RTT, v.Concurrency, v.BodyBytes, v.Loss, v.round)
	if v.Scenario != "" {
		name = v.Scenario + "-" + v.Part + "-" + name
	}
	if v.TLS {
		name += "-tls"
	}
	if v.Nth > 1 {
		name += fmt.Sprintf("-request%d", v.Nth)
	}
	if v.twin {
		name += "-twin"
	}
	return fmt.Sprintf("%s-try%d.pcapng", name, try)
}

// PathOf is what the path of a point does to packets.
func (o Options) PathOf(p Point) impair.Set {
	im := o.Impairments.WithRTT(p.RTT)
	if p.Loss > 0 {
		im.Up.Loss, im.Down.Loss = p.Loss, p.Loss
	}
	return im
}

// record makes the record of a cell from what its process handed back.
func (o Options) record(v visit, try int, started time.Time, r cell.Report) results.Cell {
	f := r.Fleet
	c := results.Cell{
		Point: results.Point{
			Strategy: v.Strategy, Client: v.Client, RTTMs: ms(v.RTT), Concurrency: v.Concurrency, BodyBytes: v.BodyBytes, Loss: v.Loss,
			Impairments: o.Impairments.String(), IPv6: o.IPv6, Limit: o.Limit, Rate: o.Rate, TLS: v.TLS, Scenario: v.Scenario, Part: v.Part,
		},
		Round: v.round, Try: try, Twin: v.twin, Started: started.UTC(),
		TLSEnds: f.TLSEnds, Errors: f.Errors,
		Attempts: f.Counts.Total(), Outcomes: f.Counts,
		Rejected: r.Server.Rejected, Delivered: f.Counts.Delivered(),
		UnreadAtReset:        f.UnreadAtReset,
		LatencyMs:            f.Latency,
		LatencyUncorrectedMs: f.Uncorrected,
		HandshakeMs:          f.Handshake,
		TCP:                  r.TCP, Server: r.Server, Path: r.Path, Ledger: r.Ledger, TimeWait: r.TimeWait, Wire: r.Wire,
		Seconds:    f.Seconds,
		Histograms: f.Histograms,
	}
	if v.Nth > 1 {
		c.NthRequest = v.Nth
	}
	if part, ok := o.part(v.Point); ok {
		c.Settings = part.Settings
	}
	_, program := o.Programs[v.Strategy]
	answers := !program && answers(v.Strategy)
	if !answers {
		c.Rejected = f.Counts.RejectedWithoutLedger()
	}
	if program && c.Rejected > 0 {
		c.Server.CPUUsPerRejection = float64(r.ServerCPU.Microseconds()) / float64(c.Rejected)
	}
	c.InvalidReason = judge(v.Point, o.PathOf(v.Point), o.Limit, answers, r)
	if want := o.requests(v.Point); c.InvalidReason == "" && c.Attempts < want {
		c.InvalidReason = fmt.Sprintf("only %d of %d attempts were due within %v", c.Attempts, want, o.MaxCell)
	}
	c.Valid = c.InvalidReason == ""
	if c.Wire != nil && c.Wire.Agreement.Disagreements == nil {
		c.Wire.Agreement.Disagreements = []results.WireDisagreement{} // gob has dropped it
	}
	c.SetShare()
	return c
}

// answers tells whether a strategy accepts what it rejects, so that the
// server's ledger has it.
func answers(strategy string) bool {
	s, err := targets.StrategyByName(strategy)
	return err != nil || !s.Queues
}
