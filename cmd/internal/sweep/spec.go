package sweep

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

const (
	// endSlack is how long a fleet waits for a connection's end beyond two round
	// trips.
	endSlack = 250 * time.Millisecond
)

// spec says how a try of a cell is run.
func (o Options) spec(v visit, try int) cell.Spec {
	im := o.PathOf(v.Point)
	_, driver := drivers.ByName(v.Client)
	spec := cell.Spec{
		Path:      netpath.Spec{Kind: o.Path.Kind, Impairments: im, Seed: o.seed(v, try), Congestion: o.Congestion, IPv6: v.IPv6, InFlight: packetsInFlight(v.Point), Frames: o.framed(v.Point)},
		Isolated:  o.Path.Isolated,
		Placement: o.Placement,
		Program:   o.Programs[v.Strategy].Speaking(v.TLS),
		Server: cell.ServerSpec{
			Strategy:    v.Strategy,
			Limit:       v.Limit,
			ServiceTime: o.ServiceTime,
			Workers:     o.Workers,
			Bounds:      o.bounds(v.Point),
			TLS:         v.TLS,
			Nth:         v.Request(),
			Grace:       cell.StopGrace(v.RTT()),
		},
		Fleet: loadgen.Config{
			Client:         v.Client,
			Concurrency:    v.Concurrency,
			Requests:       o.requests(v.Point),
			Duration:       o.fleetDuration(),
			Arrivals:       v.Arrivals,
			Rate:           v.Rate,
			Seed:           o.seed(v, try),
			Expected:       expectedTime(v.Point),
			BodyBytes:      v.BodyBytes,
			ConnectTimeout: o.Timeout,
			SendTimeout:    o.Timeout,
			ReceiveTimeout: o.Timeout,
			EndWait:        2*im.RTT() + endSlack,
			ReadDelay:      o.ReadDelay,
			Nth:            v.Request(),
			Target:         loadgen.Target{TLS: v.TLS},
		},
		Driver: driver,
		Folder: o.driverFolder,
	}
	if o.Path.Kind == netpath.DelayLine && im != (impair.Set{}) {
		o.recordWire(&spec, v, try)
	}
	return spec
}

// expectedTime is about how long an attempt takes, for the first starts of a fleet
// without a rate: a round trip for the handshake and one for the answer, or as long as
// the CPU takes for all that are in flight.
func expectedTime(p results.Point) time.Duration {
	return 2*p.RTT() + time.Duration(p.Concurrency)*attemptCPU
}

// packetsInFlight is how many packets of a point's cell may be in transit in one
// direction at once: twice those of all attempts of the fleet.
func packetsInFlight(p results.Point) int {
	const (
		segment  = 1400 // bytes of a body in a packet, at least
		overhead = 8    // packets of an attempt without a body
	)
	return 2 * p.Concurrency * (int(p.BodyBytes)/segment + overhead)
}

// fleetDuration is how long a fleet starts attempts; 0 is no bound.
func (o Options) fleetDuration() time.Duration {
	if o.Duration == 0 || (o.MaxCell > 0 && o.Duration > o.MaxCell) {
		return o.MaxCell
	}
	return o.Duration
}

// recordWire has a delay line record its packets, for the ledger of the wire and,
// if asked for, a capture and a drawing.
func (o Options) recordWire(spec *cell.Spec, v visit, try int) {
	if o.CaptureConnections > 0 {
		spec.Capture = cell.Capture{File: filepath.Join(o.CaptureFolder, captureName(v, try)), Connections: o.CaptureConnections}
	}
	spec.Path.LogOptions = spec.Capture.LogOptions()
	if o.Ladders != nil && v.round == 0 && !v.twin && o.Ladders(v.Point) {
		spec.Ladder = fmt.Sprintf("%s, %s client, %s", v.Strategy, v.Client, v.Phrases("strategy", "client", "concurrency"))
	}
}

// seed is the seed of what happens by chance in a try of a cell. No two cells, no
// two of an A/A pair and no two tries share one, or the same packets would be lost
// in each.
func (o Options) seed(v visit, try int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %d %d", o.Seed, v.Label(), v.round, try)
	if v.twin {
		fmt.Fprint(h, " twin")
	}
	return h.Sum64()
}

// captureName is the file name of the capture of a try.
func captureName(v visit, try int) string {
	name := fmt.Sprintf("%s-round%d", v.FileName(), v.round)
	if v.twin {
		name += "-twin"
	}
	return fmt.Sprintf("%s-try%d.pcapng", name, try)
}
