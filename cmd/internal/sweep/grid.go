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
