package loadgen

import (
	"math"
	"time"
)

// startGrace is how long after the end of Config.Duration an attempt may start that
// was due before it, in nanoseconds. A timer that wakes less than a millisecond
// late is not behind the schedule.
const startGrace = int64(time.Millisecond)

// schedule determines when attempts are due, in nanoseconds from the fleet's first
// attempt. With Config.Rate 0 it is a closed loop: the next attempt is due when a
// slot is free for it. Otherwise it is an open loop: attempt i is due at i/Rate,
// computed from i alone, so that errors do not accumulate.
//
// Attempts are due from 0 to before Config.Duration, so that a second at 100/s has
// 100 attempts.
type schedule struct {
	rate   float64 // attempts a second; 0 is a closed loop
	index  int64   // of the next attempt, among those of the whole fleet
	stride int64   // from one attempt of this worker to its next
	total  int64   // attempts of the whole fleet
	end    int64   // attempts are due before this
}

// newSchedule returns the schedule of the whole fleet.
func newSchedule(cfg Config) schedule {
	s := schedule{rate: cfg.Rate, stride: 1, total: cfg.Requests, end: int64(cfg.Duration)}
	if s.total == 0 {
		s.total = math.MaxInt64
	}
	if s.end == 0 {
		s.end = math.MaxInt64
	}
	return s
}

// share returns the share of worker w of n: attempts w, w+n, w+2n and so on. No
// attempt of s may have been taken.
func (s schedule) part(w, n int) schedule {
	s.index, s.stride = int64(w), int64(n)
	return s
}

// next returns when the next attempt is due if a slot is free for it now. In an
// open loop that may be in the future, or in the past if the fleet is late. It
// returns false if the schedule has no more attempts. It does not take the attempt.
func (s *schedule) next(now int64) (due int64, ok bool) {
	if s.index >= s.total {
		return 0, false
	}
	if s.rate == 0 {
		return now, now < s.end
	}
	due = s.due(s.index)
	return due, due < s.end && now-startGrace < s.end
}

// take takes the attempt that next returned.
func (s *schedule) take() { s.index += s.stride }

// unstarted returns the number of attempts of this share that were due before now
// but were not taken. A closed loop has none, because its attempts are only due when
// they can start.
func (s *schedule) unstarted(now int64) int64 {
	if s.rate == 0 {
		return 0
	}
	due := min(s.total, s.before(min(now, s.end))) // attempts of the whole fleet
	if due <= s.index {
		return 0
	}
	return (due-s.index-1)/s.stride + 1
}

// due returns when attempt i of an open loop is due.
func (s *schedule) due(i int64) int64 {
	// The bound prevents an overflow at a very low rate.
	return int64(min(math.Round(float64(i)*1e9/s.rate), math.MaxInt64/2))
}

// before returns how many attempts of the whole fleet's open loop are due before t.
func (s *schedule) before(t int64) int64 {
	if t <= 0 {
		return 0
	}
	n := int64(float64(t) * s.rate / 1e9)
	// The product is off by at most one; due decides.
	for n > 0 && s.due(n-1) >= t {
		n--
	}
	for s.due(n) < t {
		n++
	}
	return n
}
