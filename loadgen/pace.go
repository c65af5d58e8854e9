package loadgen

import (
	"math"
	"math/rand/v2"
	"time"
)

// pace plans starts that do not depend on each other and keep a number of attempts in
// flight on average. Time is cut into intervals of the mean time of an attempt divided
// by that number, and each interval has one start at a random moment.
//
// The mean time comes from Little's law: time in flight, added over the attempts,
// divided by the attempts that ended. Both fade, so that the last attempts count most.
// Attempts that have not ended count too, or slow attempts would be noticed too late.
//
// Source: J. D. C. Little, "A proof for the queuing formula L = λW", Operations
// Research 9 (1961) 383-387.
type pace struct {
	inFlight float64 // attempts in flight that are wanted
	rng      *rand.PCG
	fade     float64 // what an ended attempt leaves of the earlier ones' weight

	running float64 // attempts in flight now
	counted int64   // until when flown is added up
	flown   float64 // nanoseconds in flight of all attempts
	done    float64 // attempts that ended

	interval int64 // when the next attempt's interval begins
	due      int64 // of the next attempt
}

// minWeight is the least weight of an expectation, in attempts.
const minWeight = 16

// unknownDue is when an attempt is due that cannot be planned until another has ended.
const unknownDue = math.MaxInt64 / 2

func newPace(seed uint64, worker int, inFlight float64, expected time.Duration) *pace {
	// The expectation weighs as much as the attempts that end in the time of one
	// attempt. The mean of fewer attempts would vary too much.
	weight := max(inFlight, minWeight)
	p := &pace{inFlight: inFlight, rng: rand.NewPCG(seed, uint64(worker)), fade: 1 - 1/(2*weight)}
	if expected > 0 {
		p.flown, p.done = float64(expected)*weight, weight
	}
	p.plan()
	return p
}

// plan plans the next attempt in the interval that begins at p.interval.
func (p *pace) plan() {
	if p.done == 0 {
		// Nothing is known of an attempt's time before the first has ended.
		if p.due = 0; p.running > 0 {
			p.due = unknownDue
		}
		return
	}
	p.due = p.interval + int64(fraction(p.rng)*p.gap())
}

// gap returns the length of an interval in nanoseconds.
func (p *pace) gap() float64 { return p.flown / p.done / p.inFlight }

// count adds up the time in flight until now.
func (p *pace) count(now int64) {
	p.flown += p.running * float64(now-p.counted)
	p.counted = now
}

// started counts an attempt that starts now, and plans the next.
func (p *pace) started(now int64) {
	p.count(now)
	p.running++
	if p.done > 0 {
		gap := int64(p.gap())
		// A fleet without a free slot does not catch up: a burst would share its fate.
		p.interval = max(p.interval+gap, now-gap)
	}
	p.plan()
}

// ended counts an attempt that ends now.
func (p *pace) ended(now int64) {
	p.count(now)
	p.running--
	p.flown *= p.fade
	p.done = (p.done + 1) * p.fade
	if p.due == unknownDue {
		p.interval = now
		p.plan()
	}
}
