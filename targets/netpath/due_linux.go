package netpath

import "math"

// never is later than any time on the delay line's clock.
const never = int64(math.MaxInt64)

// duePacket is a waiting packet and the time at which to forward it.
type duePacket struct {
	at      int64
	arrival uint32 // its number in order of arrival
	slot    uint32
}

// before reports whether a is forwarded before b: the packet due first, or of two
// due at the same time the one that arrived first. The arrival number wraps
// around, but two waiting packets are never that far apart.
func (a duePacket) before(b duePacket) bool {
	return a.at < b.at || a.at == b.at && int32(a.arrival-b.arrival) < 0
}

// dueQueue is a binary heap of waiting packets. A packet is nearly always due
// after all earlier ones, which costs push one comparison.
type dueQueue struct {
	heap     []duePacket
	arrivals uint32
}

func newDueQueue(n int) dueQueue { return dueQueue{heap: make([]duePacket, 0, n)} }

// next returns when the first packet is due, or never.
func (q *dueQueue) next() int64 {
	if len(q.heap) == 0 {
		return never
	}
	return q.heap[0].at
}

// push adds the packet in a slot.
func (q *dueQueue) push(at int64, slot uint32) {
	q.heap = append(q.heap, duePacket{at, q.arrivals, slot})
	q.arrivals++
	h := q.heap
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

// pop removes the first packet; the queue must not be empty.
func (q *dueQueue) pop() duePacket {
	h := q.heap
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	q.heap = h
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if right := child + 1; right < last && h[right].before(h[child]) {
			child = right
		}
		if !h[child].before(h[i]) {
			return first
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
