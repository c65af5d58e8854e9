package sweep

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Options say how the cells of a grid are run.
type Options struct {
	// Points are the points to visit, as their cells are recorded: each as
	// Point.Key returns it, with the coordinates that all points have in common.
	Points []results.Point
	Rounds int // visits of every point, at least 1; with a Precision or a Gate the most
	Seed   uint64
	// Twins is how many points each round visits twice, as A/A pairs; 0 is none.
	Twins int
	// Precision is the largest half width of the 95% interval of a point's delivered
	// share, above 0 and below 0.5. A point is visited until its interval is that
	// narrow. 0 visits every point in every round.
	Precision float64
	// Frames makes every path carry single frames. Otherwise those do that need it, and
	// those of the points that are compared with them.
	Frames bool
	// Gate is the comparison that has to decide on each point, where there is no
	// Precision. A point is visited until it has the rounds for that. The zero value
	// visits every point in every round.
	Gate Gate
	// Budget is how long the run may take. When it is used up only the running cell
	// is finished; the first cell is always run. 0 is no limit.
	Budget time.Duration

	// SideBySide is how many cells are measured at once at most, as far as their load
	// allows it; 0 is mostSideBySide. A cell may start while another ends.
	SideBySide int

	Path        cell.Choice
	Placement   string     // of every cell on the CPUs, a name in cell.Placements; empty is cell.Free
	Impairments impair.Set // of every cell, as the points name them; a point's round trip and loss are added
	Congestion  string     // congestion control of both ends; empty is the path's default
	// Programs are the server programs in place of the reference server, by the
	// name that their points have as strategy.
	Programs map[string]cell.Program
	// Overrides are what differs in the cells of parts of scenarios.
	Overrides   map[PartName]Overrides
	ServiceTime time.Duration // of an admitted request
	Workers     int           // admitted requests in their service time at once; 0 is no limit
	Requests    int64         // attempts a cell; 0 is DefaultRequests, or with a Duration no bound
	Duration    time.Duration // in which a cell starts attempts; 0 is until Requests are made
	Timeout     time.Duration // of each phase of an attempt
	ReadDelay   time.Duration // of the slow-reader client
	MaxCell     time.Duration // no attempt of a cell starts later than this
	Bounds      targets.Bounds

	CaptureFolder      string // where captures of cells go
	CaptureConnections int    // connections of each outcome that a capture keeps; 0 makes none
	// Ladders picks the points of which a typical connection is drawn; nil picks none.
	Ladders func(results.Point) bool

	driverFolder string // where drivers get their folders during Run
}

// PartName names a part of a scenario.
type PartName struct{ Scenario, Part string }

// Overrides are what differs in the cells of a part of a scenario. A zero field
// changes nothing.
type Overrides struct {
	Bounds   *targets.Bounds
	Requests int64
}

func (o Options) overrides(p results.Point) Overrides {
	return o.Overrides[PartName{p.Scenario, p.Part}]
}

// DefaultRequests is how many attempts a cell of a concurrency makes when neither
// their number nor a duration is given: three for every client, so that the fleet is
// at its concurrency for most of the time, and at least 60, so that five rounds have
// 300.
func DefaultRequests(concurrency int) int64 { return int64(max(3*concurrency, 60)) }

// requests is how many attempts a cell makes; 0 is no bound but the duration.
func (o Options) requests(p results.Point) int64 {
	if n := o.overrides(p).Requests; n > 0 {
		return n
	}
	if o.Requests == 0 && o.Duration == 0 {
		return DefaultRequests(p.Concurrency)
	}
	return o.Requests
}

// bounds are those of the reference server in a point's cells.
func (o Options) bounds(p results.Point) targets.Bounds {
	if b := o.overrides(p).Bounds; b != nil {
		return *b
	}
	return o.Bounds
}

// PathOf returns what the path does to the packets of a point's cells.
func (o Options) PathOf(p results.Point) impair.Set {
	im := o.Impairments.WithRTT(p.RTT())
	if p.Loss > 0 {
		im.Up.Loss, im.Down.Loss = p.Loss, p.Loss
	}
	return im
}

// framed tells whether a point's path carries single frames: where it, or a point that it
// is compared with, drops, queues or reorders packets. Close delivered 74% of a run's
// points without loss before segmentation, and 10% of those with a loss of 1%, most of
// which lost nothing: that was the frames.
func (o Options) framed(p results.Point) bool {
	return o.Frames || slices.ContainsFunc(o.Points, func(other results.Point) bool {
		return other.Scenario == p.Scenario && o.PathOf(other).NeedsFrames()
	})
}

// ProgramsToTry returns the server programs, each with TLS, without, or both, as
// the points need it.
func (o Options) ProgramsToTry() []cell.Program {
	var programs []cell.Program
	for _, name := range slices.Sorted(maps.Keys(o.Programs)) {
		for _, tls := range []bool{false, true} {
			if slices.ContainsFunc(o.Points, func(p results.Point) bool { return p.Strategy == name && p.TLS == tls }) {
				programs = append(programs, o.Programs[name].Speaking(tls))
			}
		}
	}
	return programs
}

// makeDriverFolder makes the folder in which drivers get theirs, if a point needs
// one. The returned function removes it.
func (o *Options) makeDriverFolder() (remove func(), err error) {
	needed := slices.ContainsFunc(o.Points, func(p results.Point) bool {
		_, ok := drivers.ByName(p.Client)
		return ok
	})
	if !needed {
		return func() {}, nil
	}
	if o.driverFolder, err = os.MkdirTemp("", "rejectbench-drivers-"); err != nil {
		return nil, fmt.Errorf("make the drivers' folder: %w", err)
	}
	return func() { _ = os.RemoveAll(o.driverFolder) }, nil
}
