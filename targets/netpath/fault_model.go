package netpath

import (
	"math"
	"time"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// maxHold is how long a fault holds packets at most. After that it releases them,
// even if the event that they wait for has not happened.
const maxHold = time.Second

// segment is what a fault needs to know about a TCP segment.
type segment struct {
	fromServer bool
	port       uint16 // the client's
	flags      uint8  // the flags of the TCP header (RFC 9293 section 3.1)
	seq        uint32
	payload    int // bytes
}

// Flags of the TCP header that faults look at.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
)

// faultAction is what a fault does with a packet.
type faultAction uint8

const (
	faultPass faultAction = iota // pass it to the link
	faultDrop
	faultHold // hold it until the packets of its connection are released
)

// ports is the number of client ports, and so the number of connections that a
// fault can distinguish.
const ports = math.MaxUint16 + 1

// faultState is the state of a fault for every connection. Its size is fixed, so
// no packet costs an allocation. A connection is identified by the client's port;
// a SYN from the port begins a new connection.
type faultState struct {
	fault impair.Fault
	// seen is the sequence number after the highest byte that the server sent,
	// valid if started.
	seen    [ports]uint32
	started [ports]bool
	// released is set once the event that the packets waited for has happened, or
	// maxHold is over. No more packets of the connection are held.
	released [ports]bool
	holding  holdQueue
}

// newFaultState returns nil for impair.NoFault.
func newFaultState(f impair.Fault) *faultState {
	if f == impair.NoFault {
		return nil
	}
	return &faultState{fault: f}
}

// decide decides on a packet that entered the path at now. With release, the
// caller must pass on the held packets of its port after it, in the order of
// their arrival. Times must not decrease.
func (f *faultState) decide(now int64, s segment) (act faultAction, release bool) {
	if s.flags&flagSYN != 0 {
		if !s.fromServer {
			f.started[s.port], f.released[s.port] = false, false
			release = f.holding.remove(s.port) // of the previous connection
		}
		return faultPass, release
	}
	switch f.fault {
	case impair.DropFirstResponse:
		if s.fromServer && s.payload > 0 && f.isNew(s) {
			return faultDrop, false
		}
	case impair.DropRST:
		if s.flags&flagRST != 0 {
			return faultDrop, false
		}
	case impair.LateRequest:
		return f.holdUntil(now, s, !s.fromServer, flagFIN|flagRST)
	case impair.LateResponse:
		return f.holdUntil(now, s, s.fromServer, flagRST)
	}
	return faultPass, false
}

// isNew reports whether none of the segment's bytes were sent before. A
// retransmission that also carries new bytes is not new.
func (f *faultState) isNew(s segment) bool {
	end := s.seq + uint32(s.payload)
	fresh := !f.started[s.port] || int32(s.seq-f.seen[s.port]) >= 0
	if !f.started[s.port] || int32(end-f.seen[s.port]) > 0 {
		f.seen[s.port] = end
	}
	f.started[s.port] = true
	return fresh
}

// holdUntil holds the data and FIN of one side until the server sends a segment
// with one of the releasing flags. stream reports whether that side sent s.
func (f *faultState) holdUntil(now int64, s segment, stream bool, releasing uint8) (faultAction, bool) {
	if f.released[s.port] {
		return faultPass, false
	}
	if s.fromServer && s.flags&releasing != 0 {
		f.released[s.port] = true
		return faultPass, f.holding.remove(s.port)
	}
	if stream && s.flags&flagRST == 0 && (s.payload > 0 || s.flags&flagFIN != 0) {
		f.holding.add(s.port, now+int64(maxHold))
		return faultHold, false
	}
	return faultPass, false
}

// expired returns a port whose packets have been held for maxHold, for the caller
// to release; ok is false if there is none. Call it until there is none.
func (f *faultState) expired(now int64) (port uint16, ok bool) {
	port, at, ok := f.holding.first()
	if !ok || at > now {
		return 0, false
	}
	f.holding.remove(port)
	f.released[port] = true
	return port, true
}

// nextExpiry returns when expired will next return a port; ok is false if nothing
// is held.
func (f *faultState) nextExpiry() (at int64, ok bool) {
	_, at, ok = f.holding.first()
	return at, ok
}

// holdQueue lists the ports with held packets in the order in which their holds
// expire. It is a linked list through fixed arrays that holds each port at most
// once. All holds take equally long, so a new port goes to the end. An index is
// a port + 1.
type holdQueue struct {
	expiry     [ports]int64 // when the hold expires; 0 if not in the list
	next, prev [ports]uint32
	head, tail uint32
}

func (h *holdQueue) first() (port uint16, expiry int64, ok bool) {
	if h.head == 0 {
		return 0, 0, false
	}
	port = uint16(h.head - 1)
	return port, h.expiry[port], true
}

// add adds a port. A port that is already in the list keeps its time.
func (h *holdQueue) add(port uint16, expiry int64) {
	if h.expiry[port] != 0 {
		return
	}
	i := uint32(port) + 1
	h.expiry[port] = expiry
	h.next[port], h.prev[port] = 0, h.tail
	if h.tail != 0 {
		h.next[h.tail-1] = i
	} else {
		h.head = i
	}
	h.tail = i
}

// remove reports whether the port was in the list.
func (h *holdQueue) remove(port uint16) bool {
	if h.expiry[port] == 0 {
		return false
	}
	h.expiry[port] = 0
	next, prev := h.next[port], h.prev[port]
	if prev != 0 {
		h.next[prev-1] = next
	} else {
		h.head = next
	}
	if next != 0 {
		h.prev[next-1] = prev
	} else {
		h.tail = prev
	}
	return true
}
