package results

import (
	"fmt"
	"math"
	"slices"
)

// Bounds of what a record may say. No measurement comes near them.
const (
	mostMs    = 1e8 // more than a day
	mostCount = 1e15
	mostRate  = 1e12
)

// checkRanges returns an error that names the first field whose value cannot have been
// measured. A reader of other people's records needs no further checks of these.
func (c *Cell) checkRanges() error {
	type field struct {
		name             string
		value, low, high float64
	}
	fields := []field{
		{"rtt_ms", c.RTTMs, 0, mostMs}, {"concurrency", float64(c.Concurrency), 0, mostCount}, {"body_bytes", float64(c.BodyBytes), 0, math.MaxInt64},
		{"loss", c.Loss, 0, 1}, {"limit", float64(c.Limit), 0, mostCount}, {"rate", c.Rate, 0, mostRate}, {"nth_request", float64(c.NthRequest), 0, mostCount},
		{"round", float64(c.Round), 0, mostCount}, {"try", float64(c.Try), 0, mostCount},
		{"attempts", float64(c.Attempts), 0, mostCount}, {"rejected", float64(c.Rejected), 0, mostCount}, {"seconds", c.Seconds, 0, mostMs},
	}
	if c.CPU != nil {
		fields = append(fields, field{"others_share", c.CPU.OthersShare, 0, 1}, field{"steal_share", c.CPU.StealShare, 0, 1})
	}
	for _, f := range fields {
		switch {
		case f.value < f.low && f.low == 0:
			return fmt.Errorf("%s is negative: %g", f.name, f.value)
		case f.value < f.low || f.value > f.high:
			return fmt.Errorf("%s is %g: it has to be within %g and %g", f.name, f.value, f.low, f.high)
		}
	}
	for i, n := range c.Outcomes {
		if n < 0 || n > mostCount {
			return fmt.Errorf("outcome %v is %d: it has to be within 0 and %g", Outcome(i), n, float64(mostCount))
		}
	}
	if c.Arrivals != "" && !slices.ContainsFunc(Arrivals, func(t Term) bool { return t.Name == c.Arrivals }) {
		return fmt.Errorf("unknown arrivals %q", c.Arrivals)
	}
	return nil
}
