package results

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

// arrivalsBefore returns the arrivals of a record without that field. Fleets had
// equal gaps, or a closed loop without a rate.
func arrivalsBefore(rate float64) string {
	if rate > 0 {
		return EvenArrivals
	}
	return ClosedArrivals
}
