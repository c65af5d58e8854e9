package main

import (
	"slices"
	"time"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
)

// defaultAxes are the values of the grid's flags that are not given.
var defaultAxes = sweep.Axes{
	Strategies:    []string{"linger-zero", "close", "shutdown", "read-header", "read-request", "lingering-close", "drain-until-acked"},
	Clients:       []string{"blocking"},
	RTTs:          []time.Duration{0, 10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond},
	Concurrencies: []int{50},
	Bodies:        []int64{0, 64 << 10, 1 << 20},
	Losses:        []float64{0},
}

// defaultGrid is what `run` measures when no flag of the grid is given: the
// product of the default axes, which shows each strategy against distance and
// body, and beside it, at one middle distance, what the other things that
// decide do: four times the clients, and a client that reads while it sends.
//
// One corner of the product is left out: 50 uploads of 1 MiB over a short round
// trip are a load that two CPUs cannot carry and delay on time (the path's p99
// lateness was 5 to 18 ms at 10 ms), so that its cells would be invalid.
func defaultGrid() []sweep.Point {
	points := slices.DeleteFunc(defaultAxes.Points(), func(p sweep.Point) bool {
		return p.BodyBytes == 1<<20 && p.RTT == 10*time.Millisecond
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
