package main

import (
	"slices"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
)

// defaultAxes are the default values of the grid's flags.
var defaultAxes = sweep.Axes{
	Strategies:    []string{"linger-zero", "close", "shutdown", "read-header", "read-request", "lingering-close", "drain-until-acked"},
	Clients:       []string{"blocking"},
	RTTs:          []time.Duration{0, 10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond},
	Concurrencies: []int{50},
	Bodies:        []int64{0, 64 << 10, 1 << 20},
	Losses:        []float64{0},
}

// defaultGrid is what `run` measures without a flag of the grid. The product of the
// default axes shows how each strategy depends on distance and body. Further points
// at one middle distance show two other factors: four times the concurrency, and a
// client that reads while it sends.
//
// One corner of the product is left out, because its cells would be invalid: two
// CPUs cannot carry 50 uploads of 1 MiB over a short round trip and delay them on
// time. The path's p99 lateness was 5 to 18 ms at a round trip of 10 ms.
func defaultGrid() []results.Point {
	points := slices.DeleteFunc(defaultAxes.Points(), func(p results.Point) bool {
		return p.BodyBytes == 1<<20 && p.RTTMs == 10
	})

	crowd := defaultAxes
	crowd.RTTs = []time.Duration{50 * time.Millisecond}
	crowd.Concurrencies = []int{200}
	crowd.Bodies = []int64{64 << 10}
	points = append(points, crowd.Points()...)

	duplex := defaultAxes
	duplex.Clients = []string{"duplex"}
	duplex.RTTs = []time.Duration{50 * time.Millisecond}
	duplex.Bodies = []int64{64 << 10, 1 << 20}
	return append(points, duplex.Points()...)
}
