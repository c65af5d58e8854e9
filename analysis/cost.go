package analysis

import "github.com/rejectbench/rejectbench/results"

// Cost is what rejections cost the server. The zero value is the cost of none.
type Cost struct {
	// Rejections is the divisor of CPUUs and DrainedPerRejection: the rejections in the
	// server's ledger, or for a server without a ledger those that the fleet counted.
	Rejections int64
	// CPUUs is the server's CPU time per rejection, in microseconds; 0 where it was
	// not measured.
	CPUUs float64
	// HoldMs is the time from accept to close of a rejected connection, in
	// milliseconds; with NthRequest above 1 from the rejected request to close. Its mean is the cost of a rejection in descriptor-milliseconds.
	HoldMs       results.Percentiles
	BytesDrained int64 // bytes read from rejected connections

	ledgered bool // whether the server has a ledger; without one BytesDrained is unknown
}

// DrainedPerRejection returns the bytes that the server read from a rejected
// connection, on average. It reports false without rejections in a ledger.
func (c Cost) DrainedPerRejection() (bytes float64, ok bool) {
	if !c.ledgered {
		return 0, false
	}
	return float64(c.BytesDrained) / float64(c.Rejections), true
}

// costOf returns the cost of the rejections in a cell.
func costOf(c *results.Cell) Cost {
	return Cost{
		Rejections: c.CPURejections(), CPUUs: c.Server.CPUUsPerRejection,
		HoldMs: c.Server.HoldMs, BytesDrained: c.Server.BytesDrained, ledgered: c.Server.Rejected > 0,
	}
}

// CostOf returns the cost of the rejections in several cells together.
func CostOf(cells []*results.Cell) Cost {
	costs := make([]Cost, len(cells))
	for i, c := range cells {
		costs[i] = costOf(c)
	}
	return addCosts(costs)
}

// addCosts adds costs. Each mean is weighted by the number of its rejections.
func addCosts(costs []Cost) Cost {
	var all Cost
	var cpu float64
	hold := make([]results.Percentiles, len(costs))
	for i, c := range costs {
		all.Rejections += c.Rejections
		all.BytesDrained += c.BytesDrained
		all.ledgered = all.ledgered || c.ledgered
		cpu += c.CPUUs * float64(c.Rejections)
		hold[i] = c.HoldMs
	}
	if all.Rejections > 0 {
		all.CPUUs = cpu / float64(all.Rejections)
	}
	all.HoldMs = results.CombinePercentiles(hold)
	return all
}
