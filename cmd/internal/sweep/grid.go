package sweep

import (
	"fmt"
	"math/rand/v2"
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
}

// String names the point in progress lines and messages.
func (p Point) String() string {
	s := fmt.Sprintf("%s %s rtt=%v c=%d body=%d", p.Strategy, p.Client, p.RTT, p.Concurrency, p.BodyBytes)
	if p.Loss > 0 {
		s += fmt.Sprintf(" loss=%g%%", p.Loss*100)
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
}

// Points returns the product of the axes.
func (a Axes) Points() []Point {
	var points []Point
	for _, client := range a.Clients {
		for _, loss := range a.Losses {
			for _, body := range a.Bodies {
				for _, concurrency := range a.Concurrencies {
					for _, rtt := range a.RTTs {
						for _, strategy := range a.Strategies {
							points = append(points, Point{strategy, client, rtt, concurrency, body, loss})
						}
					}
				}
			}
		}
	}
	return points
}

// visit is one point in one round.
type visit struct {
	Point
	round int
}

// order returns every point once a round, each round in a random order of its
// own, so that a machine's slow minute does not land on one strategy.
func order(points []Point, rounds int, seed uint64) []visit {
	rng := rand.New(rand.NewPCG(seed, 0))
	var visits []visit
	for round := range rounds {
		for _, i := range rng.Perm(len(points)) {
			visits = append(visits, visit{points[i], round})
		}
	}
	return visits
}
