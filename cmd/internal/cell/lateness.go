package cell

import (
	"time"

	"github.com/rejectbench/rejectbench/results/units"
)

// A path may be late by a share of its one-way delay, or by lateFloor if that is
// more.
const (
	lateShare = 0.25
	lateFloor = 2 * time.Millisecond
)

// LatenessBound returns how late a path of a round trip may be at the 99th
// percentile of its packets, in milliseconds.
func LatenessBound(rtt time.Duration) float64 {
	return max(units.Milliseconds(rtt)/2*lateShare, units.Milliseconds(lateFloor))
}
