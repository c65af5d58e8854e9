package main

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
)

// gridFlags are the flags whose values span the grid, as they were given. A new
// coordinate has its flag here, in define and in read.
type gridFlags struct {
	strategy, client, rtt, concurrency, body, loss, tls, nth string
}

// define defines the flags.
func (f *gridFlags) define(fs *pflag.FlagSet) {
	under(fs, "Grid (each flag takes a list, such as 0,20ms; every combination is a cell)", func(fs *pflag.FlagSet) {
		fs.StringVar(&f.strategy, "strategy", strings.Join(defaultAxes.Strategies, ","), "`names`: how the server rejects: words of 'list strategies', or all")
		fs.StringVar(&f.client, "client", strings.Join(defaultAxes.Clients, ","), "`names`: words of 'list clients', or all for the built-in behaviours")
		fs.StringVar(&f.rtt, "rtt", joined(defaultAxes.RTTs), "`times`: round-trip time")
		fs.StringVar(&f.concurrency, "concurrency", joined(defaultAxes.Concurrencies), "`counts`: attempts in flight at once")
		fs.StringVar(&f.body, "body", "0,64KiB,1MiB", "`sizes`: body of the request")
		fs.StringVar(&f.loss, "loss", "0", "`shares`: packets lost, each way")
		fs.StringVar(&f.tls, "tls", "off", "`off,on`: "+tlsUsage)
		fs.StringVar(&f.nth, "nth-request", "1", "`counts`: "+nthUsage)
	})
}

// read returns the values of the flags.
func (f *gridFlags) read() (a sweep.Axes, err error) {
	if a.Strategies, err = words("strategy", f.strategy, strategyWords, strategyWords); err != nil {
		return a, err
	}
	if a.Clients, err = words("client", f.client, clientWords, anyClientWords); err != nil {
		return a, err
	}
	if a.RTTs, err = list("rtt", f.rtt, parseRTT); err != nil {
		return a, err
	}
	if a.Concurrencies, err = list("concurrency", f.concurrency, parseConcurrency); err != nil {
		return a, err
	}
	if a.Bodies, err = list("body", f.body, parseSize); err != nil {
		return a, err
	}
	if a.Losses, err = list("loss", f.loss, parseLoss); err != nil {
		return a, err
	}
	if a.TLS, err = list("tls", f.tls, parseOnOff); err != nil {
		return a, err
	}
	a.Nths, err = list("nth-request", f.nth, parseNth)
	return a, err
}

// axes returns the values of the grid's flags, and the servers of --server, which
// take the place of the strategies.
func (f *runFlags) axes(fs *pflag.FlagSet) (a sweep.Axes, programs map[string]cell.Program, err error) {
	if a, err = f.gridFlags.read(); err != nil {
		return a, nil, err
	}
	programs, err = f.programs(fs, &a)
	return a, programs, err
}

// isDefaultGrid reports whether no flag of the grid or the path was given.
func (f *runFlags) isDefaultGrid(fs *pflag.FlagSet) bool {
	flags := []string{"server", "scenario"}
	for _, c := range results.Coordinates {
		if c.Flag != "" {
			flags = append(flags, c.Flag)
		}
	}
	return f.impairments.none() && !anyChanged(fs, flags...)
}

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
