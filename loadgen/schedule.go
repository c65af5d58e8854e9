package loadgen

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// startGrace is how long after the end of Config.Duration an attempt may start that
// was due before it, in nanoseconds. A timer that wakes less than a millisecond
// late is not behind the schedule.
const startGrace = int64(time.Millisecond)

// schedule determines when attempts are due, in nanoseconds from the fleet's first
// attempt.
//
//   - Closed: when a slot is free.
//   - Even: attempt i is due at i/rate, computed from i alone, so that errors do not
//     accumulate.
//   - Spread with a rate: attempt i is due at a random time from i/rate to (i+1)/rate.
//   - Poisson: each share of the schedule is a Poisson process of its share of the rate;
//     together they are one of the whole rate.
//   - Spread without a rate: see pace.
//
// Attempts are due from 0 to before Config.Duration, so that a second at 100/s has
// 100 attempts.
type schedule struct {
	arrivals string
	rate     float64 // attempts a second of the whole fleet; 0 without one
	seed     uint64
	index    int64         // of the next attempt, among those of the whole fleet
	stride   int64         // from one attempt of this worker to its next
	total    int64         // attempts of the whole fleet
	end      int64         // attempts are due before this
	inFlight int           // attempts in flight that Spread without a rate aims at
	expected time.Duration // about how long an attempt takes; 0 is unknown
	poisson  poissonProcess
	pace     *pace // of Spread without a rate; nil otherwise
}

// newSchedule returns the schedule of the whole fleet.
func newSchedule(cfg Config) schedule {
	s := schedule{
		arrivals: cfg.arrivals(), rate: cfg.Rate, seed: cfg.Seed, total: cfg.Requests, end: int64(cfg.Duration),
		inFlight: cfg.Concurrency, expected: cfg.Expected,
	}
	if s.total == 0 {
		s.total = math.MaxInt64
	}
	if s.end == 0 {
		s.end = math.MaxInt64
	}
	return s.part(0, 1)
}

// part returns the share of worker w of n: attempts w, w+n, w+2n and so on. No
// attempt of s may have been taken.
func (s schedule) part(w, n int) schedule {
	s.index, s.stride = int64(w), int64(n)
	switch {
	case s.arrivals == results.PoissonArrivals:
		s.poisson = newPoissonProcess(s.seed, w, s.rate/float64(n))
	case s.arrivals == results.SpreadArrivals && s.rate == 0:
		s.pace = newPace(s.seed, w, float64(s.inFlight)/float64(n), s.expected)
	}
	return s
}

// next returns when the next attempt is due if a slot is free for it now. In an
// open loop that may be in the future, or in the past if the fleet is late. Where
// another attempt has to end first, it is unknownDue. It returns false if the schedule
// has no more attempts. It does not take the attempt.
func (s *schedule) next(now int64) (due int64, ok bool) {
	if s.index >= s.total {
		return 0, false
	}
	if s.arrivals == results.ClosedArrivals {
		return now, now < s.end
	}
	due = s.due(s.index)
	if due == unknownDue {
		return due, now < s.end
	}
	return due, due < s.end && now-startGrace < s.end
}

// take takes the attempt that next returned, which starts now.
func (s *schedule) take(now int64) {
	s.index += s.stride
	s.poisson.advance()
	if s.pace != nil {
		s.pace.started(now)
	}
}

// ended reports the end of an attempt that was taken.
func (s *schedule) ended(now int64) {
	if s.pace != nil {
		s.pace.ended(now)
	}
}

// unstarted returns the number of attempts of this share that were due before now
// but were not taken. A closed loop has none, because its attempts are only due when
// they can start. Nor has Spread without a rate: it plans one attempt at a time.
func (s *schedule) unstarted(now int64) int64 {
	now = min(now, s.end)
	var due int64 // attempts of the whole fleet that were due, or at most so many
	switch {
	case s.arrivals == results.ClosedArrivals || s.pace != nil:
		return 0
	case s.arrivals == results.PoissonArrivals:
		due = s.total
	default:
		due = min(s.total, s.before(now))
	}
	if due <= s.index {
		return 0
	}
	left := (due-s.index-1)/s.stride + 1
	if s.arrivals == results.PoissonArrivals {
		left = min(left, s.poisson.before(now)) // each share has gaps of its own
	}
	return left
}

// due returns when attempt i of an open loop is due. Of Poisson and of Spread without
// a rate, only the next attempt is planned.
func (s *schedule) due(i int64) int64 {
	switch {
	case s.pace != nil:
		return s.pace.due
	case s.arrivals == results.PoissonArrivals:
		return s.poisson.due
	}
	start := float64(i)
	if s.arrivals == results.SpreadArrivals {
		start += uniform(s.seed, i)
	}
	return nanoseconds(start / s.rate)
}

// before returns how many attempts of the whole fleet are due before t in an open
// loop whose attempt i is due from i/rate to (i+1)/rate.
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

// nanoseconds returns a time in seconds as nanoseconds. The bound prevents an overflow
// at a very low rate.
func nanoseconds(seconds float64) int64 {
	return int64(min(math.Round(seconds*1e9), math.MaxInt64/2))
}

// uniform returns a random number from 0 to below 1 that depends on the seed and i
// alone, so that workers need no common generator.
func uniform(seed uint64, i int64) float64 {
	var rng rand.PCG
	rng.Seed(seed, uint64(i))
	return fraction(&rng)
}

// fraction returns the next random number from 0 to below 1.
func fraction(rng *rand.PCG) float64 { return float64(rng.Uint64()>>11) / (1 << 53) }

// poissonProcess plans starts with exponential gaps, one at a time. The zero value
// plans none.
type poissonProcess struct {
	rng  *rand.PCG
	rate float64 // starts a second
	due  int64   // of the next start
}

func newPoissonProcess(seed uint64, worker int, rate float64) poissonProcess {
	p := poissonProcess{rng: rand.NewPCG(seed, uint64(worker)), rate: rate}
	p.advance()
	return p
}

// advance plans the next start.
func (p *poissonProcess) advance() {
	if p.rng != nil {
		p.due += nanoseconds(-math.Log1p(-fraction(p.rng)) / p.rate)
	}
}

// before returns how many starts from the next on are due before t. It does not
// change the plan.
func (p *poissonProcess) before(t int64) (n int64) {
	rng := *p.rng
	ahead := poissonProcess{rng: &rng, rate: p.rate, due: p.due}
	for ahead.due < t {
		n++
		ahead.advance()
	}
	return n
}
