package results

import (
	"errors"
	"slices"
)

// The ways in which the attempts of a fleet are spaced in time: the values of
// Point.Arrivals.
const (
	// SpreadArrivals starts attempts independently of each other. Each is due at a random
	// moment of its own interval. Without a rate, the interval is the mean time of an
	// attempt divided by the concurrency, so that as many attempts as the concurrency
	// are in flight on average; with a rate it is 1/rate.
	SpreadArrivals = "spread"
	// PoissonArrivals is an open loop at a rate with exponential gaps.
	PoissonArrivals = "poisson"
	// EvenArrivals is an open loop at a rate with equal gaps.
	EvenArrivals = "even"
	// ClosedArrivals is a closed loop: the next attempt is due when one has ended.
	ClosedArrivals = "closed"
)

// Arrivals is the table of the values of Point.Arrivals.
var Arrivals = []Term{
	{SpreadArrivals, "attempts start independently of each other; the concurrency is in flight on average"},
	{PoissonArrivals, "open loop: attempts are due at a rate, at exponential gaps"},
	{EvenArrivals, "open loop: attempts are due at a rate, at equal gaps"},
	{ClosedArrivals, "closed loop: the next attempt is due when one has ended"},
}

func knownArrivals(name string) bool {
	return slices.ContainsFunc(Arrivals, func(t Term) bool { return t.Name == name })
}

// CompleteArrivals returns the arrivals of a rate. An empty name is EvenArrivals with a
// rate and SpreadArrivals without. It is an error if the name is unknown, or does not
// fit the rate.
func CompleteArrivals(name string, rate float64) (string, error) {
	openLoop := name == EvenArrivals || name == PoissonArrivals
	switch {
	case name == "" && rate > 0:
		return EvenArrivals, nil
	case name == "":
		return SpreadArrivals, nil
	case !knownArrivals(name):
		return "", errors.New("unknown arrivals")
	case rate > 0 && name == ClosedArrivals:
		return "", errors.New("a closed loop has no rate")
	case rate == 0 && openLoop:
		return "", errors.New("a rate is missing, in attempts per second")
	}
	return name, nil
}

// UnnamedArrivals returns the arrivals of a fleet or a record that names none: equal
// gaps, or a closed loop without a rate.
func UnnamedArrivals(rate float64) string {
	if rate > 0 {
		return EvenArrivals
	}
	return ClosedArrivals
}
