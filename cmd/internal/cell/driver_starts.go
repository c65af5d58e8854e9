package cell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
)

// drivenAttempt is an attempt of a driver. due and started count from when the driver
// was ready.
type drivenAttempt struct {
	drivers.AttemptLine
	due, started time.Duration
}

// driven is what a driver has done.
type driven struct {
	attempts  []drivenAttempt // in the order of their lines
	unstarted int64           // see loadgen.Report
}

// startLine is a line that was written to a driver.
type startLine struct {
	due, written time.Duration // since the driver was ready
	ended        bool          // the attempt has
}

// conductor has a driver start attempts when they are due, and collects those that
// have ended.
type conductor struct {
	slots chan struct{} // has an element for each attempt in flight and for the next one
	news  chan struct{} // has an element if an attempt has ended since its last receive

	mu     sync.Mutex // guards what follows
	pacer  *loadgen.Pacer
	epoch  time.Time   // when the driver was ready; zero before
	lines  []startLine // by the attempt's index
	driven driven
	allDue bool      // the schedule has no more attempts
	moved  time.Time // when the driver last did what it has to do, or got something to do
}

func newConductor(pacer *loadgen.Pacer) *conductor {
	return &conductor{pacer: pacer, slots: make(chan struct{}, pacer.Slots()), news: make(chan struct{}, 1), moved: time.Now()}
}

// ready begins the schedule.
func (c *conductor) ready() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch = time.Now()
	c.moved = c.epoch
}

// start writes the start lines to a driver's input, and closes it after the last. It
// returns early if ctx ends or the driver does.
func (c *conductor) start(ctx context.Context, in io.WriteCloser) {
	defer in.Close()
	for index := int64(0); ; index++ {
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		// A write fails if the driver has ended; its exit tells more.
		if !c.awaitDue(ctx) || drivers.WriteStart(in, index) != nil {
			return
		}
	}
}

// awaitDue waits until the next attempt is due and takes it. It returns false if there
// is none or ctx ends.
func (c *conductor) awaitDue(ctx context.Context) bool {
	for {
		wait, ok := c.take()
		if !ok || wait <= 0 {
			return ok
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.news: // an ended attempt may change the schedule
		case <-ctx.Done():
			timer.Stop()
			return false
		}
		timer.Stop()
	}
}

// take takes the next attempt if it is due, or returns how long it is until then. It
// returns false if there is none.
func (c *conductor) take() (wait time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Since(c.epoch)
	due, ok := c.pacer.Next(now)
	if ok && due > now {
		return due - now, true
	}
	if len(c.lines) == len(c.driven.attempts) {
		c.moved = time.Now()
	}
	if !ok {
		c.allDue = true
		c.driven.unstarted = c.pacer.Unstarted(now)
		return 0, false
	}
	c.pacer.Take(now)
	c.lines = append(c.lines, startLine{due: due, written: now})
	return 0, true
}

// ended takes in an attempt that the driver has reported.
func (c *conductor) ended(a drivers.AttemptLine) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Since(c.epoch)
	if a.Index >= int64(len(c.lines)) {
		return fmt.Errorf("attempt %d was not asked for", a.Index)
	}
	line := &c.lines[a.Index]
	if line.ended {
		return fmt.Errorf("attempt %d ended a second time", a.Index)
	}
	line.ended = true
	// The system's clock may have been set since the driver was ready.
	started := max(min(a.Started.Sub(c.epoch), now-a.End), line.written)
	c.driven.attempts = append(c.driven.attempts, drivenAttempt{AttemptLine: a, due: line.due, started: started})
	c.pacer.Ended(now)
	c.moved = time.Now()
	<-c.slots
	select {
	case c.news <- struct{}{}:
	default:
	}
	return nil
}

// watch returns an error when the driver has done nothing of what it has to do for
// the length of patience, or nil when ctx ends.
func (c *conductor) watch(ctx context.Context, patience time.Duration) error {
	for {
		left, err := c.patienceLeft(patience)
		if err != nil {
			return err
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// patienceLeft returns how long the driver may go on to do nothing. A driver has
// nothing to do while no attempt is due.
func (c *conductor) patienceLeft(patience time.Duration) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if idle := len(c.lines) == len(c.driven.attempts); idle && !c.epoch.IsZero() && !c.allDue {
		return patience, nil
	}
	left := patience - time.Since(c.moved)
	switch {
	case left > 0:
		return left, nil
	case c.epoch.IsZero():
		return 0, fmt.Errorf("it hangs: not ready after %v", patience)
	default:
		return 0, fmt.Errorf("it hangs: no output for %v, after %d of %d attempts", patience, len(c.driven.attempts), len(c.lines))
	}
}

// result returns the first of the errors of a driver that has ended, or one if it has
// not made all attempts.
func (c *conductor) result(stopped, read, exit error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case stopped != nil:
		return stopped
	case read != nil:
		return read
	case exit != nil:
		return exit
	case c.epoch.IsZero():
		return errors.New("it ended before it was ready")
	case !c.allDue || len(c.driven.attempts) < len(c.lines):
		return fmt.Errorf("it ended with more attempts to make, after %d", len(c.driven.attempts))
	}
	return nil
}
