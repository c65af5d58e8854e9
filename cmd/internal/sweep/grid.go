package sweep

import (
	"fmt"
	"time"
)

// Point is one point of the grid.
type Point struct {
	Strategy    string
	Client      string
	RTT         time.Duration
	Concurrency int
	BodyBytes   int64
	Loss        float64 // each way, 0 to 1
	TLS         bool    // the connections speak TLS 1.3
	// Nth is the place of the rejected request on its connection, at least 1; the
	// requests before it are admitted.
	Nth int
	// Scenario and Part name the scenario that the point belongs to, and its part
	// there; both are empty in a grid.
	Scenario, Part string
}

// String names the point in progress lines and messages.
func (p Point) String() string {
	s := fmt.Sprintf("%s %s rtt=%v c=%d body=%d", p.Strategy, p.Client, p.RTT, p.Concurrency, p.BodyBytes)
	if p.Loss > 0 {
		s += fmt.Sprintf(" loss=%g%%", p.Loss*100)
	}
	if p.TLS {
		s += " tls"
	}
	if p.Nth > 1 {
		s += fmt.Sprintf(" request=%d", p.Nth)
	}
	if p.Scenario != "" {
		s = p.Scenario + "/" + p.Part + ": " + s
	}
	return s
}

// Axes are the values that a grid is the product of.
type Axes struct {
	Strategies    []string
	Clients       []string
	RTTs          []time.Duration
	Concurrencies []int
	Bodies        []int64
	Losses        []float64
	TLS           []bool
	Nths          []int
}

// Points returns the product of the axes. TLS and Nths that are empty are false
// and 1.
func (a Axes) Points() []Point {
	if len(a.TLS) == 0 {
		a.TLS = []bool{false}
	}
	if len(a.Nths) == 0 {
		a.Nths = []int{1}
	}
	points := []Point{{}}
	points = times(points, a.Nths, func(p *Point, n int) { p.Nth = n })
	points = times(points, a.TLS, func(p *Point, on bool) { p.TLS = on })
	points = times(points, a.Clients, func(p *Point, name string) { p.Client = name })
	points = times(points, a.Losses, func(p *Point, loss float64) { p.Loss = loss })
	points = times(points, a.Bodies, func(p *Point, bytes int64) { p.BodyBytes = bytes })
	points = times(points, a.Concurrencies, func(p *Point, n int) { p.Concurrency = n })
	points = times(points, a.RTTs, func(p *Point, rtt time.Duration) { p.RTT = rtt })
	return times(points, a.Strategies, func(p *Point, name string) { p.Strategy = name })
}

// times is the product of points and the values of one more coordinate.
func times[T any](points []Point, values []T, set func(*Point, T)) []Point {
	product := make([]Point, 0, len(points)*len(values))
	for _, p := range points {
		for _, v := range values {
			set(&p, v)
			product = append(product, p)
		}
	}
	return product
}
