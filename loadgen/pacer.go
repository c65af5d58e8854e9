package loadgen

import "time"

// Pacer is the schedule of a fleet for attempts that another program makes. Times are
// durations since the fleet's start. It is not safe for concurrent use.
type Pacer struct {
	plan  schedule
	slots int
}

// NewPacer returns the schedule of a configuration, of which it uses Concurrency,
// Requests, Duration, Arrivals, Rate, Seed and Expected.
func NewPacer(cfg Config) *Pacer {
	cfg.Concurrency = max(cfg.Concurrency, 1)
	return &Pacer{newSchedule(cfg), cfg.slots()}
}

// Slots returns the maximum number of attempts in flight. The caller keeps to it.
func (p *Pacer) Slots() int { return p.slots }

// Next returns when the next attempt is due if a slot is free for it now: a time in the
// future or, if the fleet is late, in the past. The end of an attempt may change it, so
// ask again after each. It returns false if there are no more attempts.
func (p *Pacer) Next(now time.Duration) (due time.Duration, ok bool) {
	ns, ok := p.plan.next(int64(now))
	return time.Duration(ns), ok
}

// Take takes the attempt that Next returned, which starts now.
func (p *Pacer) Take(now time.Duration) { p.plan.take(int64(now)) }

// Ended reports that an attempt has ended now.
func (p *Pacer) Ended(now time.Duration) { p.plan.ended(int64(now)) }

// Unstarted returns the number of attempts that were due before now but not taken.
func (p *Pacer) Unstarted(now time.Duration) int64 { return p.plan.unstarted(int64(now)) }
