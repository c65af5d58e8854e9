package results

import (
	"fmt"
	"math"
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
		name        string
		value, most float64
	}
	fields := []field{
		{"rtt_ms", c.RTTMs, mostMs}, {"concurrency", float64(c.Concurrency), mostCount}, {"body_bytes", float64(c.BodyBytes), math.MaxInt64},
		{"loss", c.Loss, 1}, {"limit", float64(c.Limit), mostCount}, {"rate", c.Rate, mostRate}, {"nth_request", float64(c.NthRequest), mostCount},
		{"round", float64(c.Round), mostCount}, {"try", float64(c.Try), mostCount},
		{"attempts", float64(c.Attempts), mostCount}, {"rejected", float64(c.Rejected), mostCount}, {"seconds", c.Seconds, mostMs},
	}
	if c.CPU != nil {
		fields = append(fields, field{"others_share", c.CPU.OthersShare, 1}, field{"steal_share", c.CPU.StealShare, 1})
	}
	for _, f := range fields {
		switch {
		case f.value < 0:
			return fmt.Errorf("%s is negative: %g", f.name, f.value)
		case f.value > f.most:
			return fmt.Errorf("%s is %g: it has to be within 0 and %g", f.name, f.value, f.most)
		}
	}
	for i, n := range c.Outcomes {
		if n < 0 || n > mostCount {
			return fmt.Errorf("outcome %v is %d: it has to be within 0 and %g", Outcome(i), n, float64(mostCount))
		}
	}
	if c.Arrivals != "" && !knownArrivals(c.Arrivals) {
		return fmt.Errorf("unknown arrivals %q", c.Arrivals)
	}
	return nil
}
