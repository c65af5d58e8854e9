package loadgen

import "math"

// none is the index of no slot.
const none = int32(-1)

// links are a slot's links in a deadline queue.
type links struct {
	prev, next int32
	deadline   int64
}

// deadlines is a queue of slots that all wait equally long, so that their order is
// that of their deadlines and every operation takes constant time. It links slots
// by index and never allocates.
type deadlines struct {
	wait        int64 // nanoseconds from joining to the deadline
	first, last int32
}

// newDeadlines returns an empty queue. It bounds the wait so that no deadline
// overflows.
func newDeadlines(wait int64) deadlines {
	return deadlines{wait: min(wait, math.MaxInt64/2), first: none, last: none}
}

// join adds slot i at the end of the queue.
func (d *deadlines) join(slots []slot, i int32, now int64) {
	l := &slots[i].links
	l.deadline = now + d.wait
	l.prev, l.next = d.last, none
	if d.last == none {
		d.first = i
	} else {
		slots[d.last].next = i
	}
	d.last = i
}

// leave removes slot i from the queue.
func (d *deadlines) leave(slots []slot, i int32) {
	l := slots[i].links
	if l.prev == none {
		d.first = l.next
	} else {
		slots[l.prev].next = l.next
	}
	if l.next == none {
		d.last = l.prev
	} else {
		slots[l.next].prev = l.prev
	}
}

// due returns the first slot whose deadline has passed, or none.
func (d *deadlines) due(slots []slot, now int64) int32 {
	if d.first != none && slots[d.first].deadline <= now {
		return d.first
	}
	return none
}
