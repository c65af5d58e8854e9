package sweep

import (
	"time"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// Axes are the values that a grid is the product of.
type Axes struct {
	Strategies    []string
	Clients       []string
	RTTs          []time.Duration
	Concurrencies []int
	Bodies        []int64 // bytes
	Losses        []float64
	TLS           []bool // empty is false alone
	Nths          []int  // empty is 1 alone
}

// Points returns the product of the axes, in which the strategy varies fastest.
func (a Axes) Points() []results.Point {
	if len(a.TLS) == 0 {
		a.TLS = []bool{false}
	}
	if len(a.Nths) == 0 {
		a.Nths = []int{1}
	}
	points := []results.Point{{}}
	points = product(points, a.Nths, func(p *results.Point, n int) { p.NthRequest = n })
	points = product(points, a.TLS, func(p *results.Point, on bool) { p.TLS = on })
	points = product(points, a.Clients, func(p *results.Point, name string) { p.Client = name })
	points = product(points, a.Losses, func(p *results.Point, loss float64) { p.Loss = loss })
	points = product(points, a.Bodies, func(p *results.Point, bytes int64) { p.BodyBytes = bytes })
	points = product(points, a.Concurrencies, func(p *results.Point, n int) { p.Concurrency = n })
	points = product(points, a.RTTs, func(p *results.Point, rtt time.Duration) { p.RTTMs = units.Milliseconds(rtt) })
	return product(points, a.Strategies, func(p *results.Point, name string) { p.Strategy = name })
}

// product returns every point with every value of one more coordinate.
func product[T any](points []results.Point, values []T, set func(*results.Point, T)) []results.Point {
	all := make([]results.Point, 0, len(points)*len(values))
	for _, p := range points {
		for _, v := range values {
			set(&p, v)
			all = append(all, p)
		}
	}
	return all
}
