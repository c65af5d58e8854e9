package netpath

import (
	"math"
	"time"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// maxHold is how long a fault holds packets at most: those of a connection
// in which what they wait for never comes are let go then.
const maxHold = time.Second

// segment is what a fault needs to know of a TCP packet.
type segment struct {
	fromServer bool
	port       uint16 // the client's
	flags      uint8  // the flags of the TCP header (RFC 9293 section 3.1)
	seq        uint32
	payload    int // bytes
}

// Flags of a TCP header that faults look at.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
)

// faultAction is what to do with a packet.
type faultAction uint8

const (
	faultPass faultAction = iota // hand it to the link
	faultDrop
	faultHold // keep it until its connection's packets are let go
)

// ports is the number of client ports, and so of connections that a fault can
// tell apart.
const ports = math.MaxUint16 + 1

// faultState remembers of each connection what a fault needs. Its memory is
// fixed; nothing is allocated for a packet. Connections are told apart by the
// client's port: a SYN from a port begins a new one.
type faultState struct {
	fault impair.Fault
	// seen is behind the highest byte that the server sent, valid if started.
	seen    [ports]uint32
	started [ports]bool
	// passed: what the connection's packets were held for has come, or the
	// time was over; nothing more is held.
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

// look decides on a packet that entered the path at now. With letGo, the held
// packets of its port are to be handed on behind it, in the order in which they
// came. Times must not decrease.
func (f *faultState) decide(now int64, s segment) (act faultAction, letGo bool) {
	if s.flags&flagSYN != 0 {
		if !s.fromServer {
			f.started[s.port], f.released[s.port] = false, false
			letGo = f.holding.remove(s.port) // of the connection before
		}
		return faultPass, letGo
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

// isNew tells whether none of the segment's bytes were sent before. A
// retransmission may carry new bytes behind old ones: it is not new.
func (f *faultState) isNew(s segment) bool {
	end := s.seq + uint32(s.payload)
	fresh := !f.started[s.port] || int32(s.seq-f.seen[s.port]) >= 0
	if !f.started[s.port] || int32(end-f.seen[s.port]) > 0 {
		f.seen[s.port] = end
	}
	f.started[s.port] = true
	return fresh
}

// holdUntil holds the stream of one side until the server sent one of the flags.
func (f *faultState) holdUntil(now int64, s segment, stream bool, until uint8) (faultAction, bool) {
	if f.released[s.port] {
		return faultPass, false
	}
	if s.fromServer && s.flags&until != 0 {
		f.released[s.port] = true
		return faultPass, f.holding.remove(s.port)
	}
	if stream && s.flags&flagRST == 0 && (s.payload > 0 || s.flags&flagFIN != 0) {
		f.holding.add(s.port, now+int64(maxHold))
		return faultHold, false
	}
	return faultPass, false
}

// expired returns a port whose held packets were held long enough and are to
// be handed on; ok is false when there is none. Call it until there is none.
func (f *faultState) expired(now int64) (port uint16, ok bool) {
	port, at, ok := f.holding.first()
	if !ok || at > now {
		return 0, false
	}
	f.holding.remove(port)
	f.released[port] = true
	return port, true
}

// nextExpiry is when expired will have a port; ok is false when nothing is held.
func (f *faultState) nextExpiry() (at int64, ok bool) {
	_, at, ok = f.holding.first()
	return at, ok
}

// holds is the ports with held packets in the order in which they are let go at
// the latest: a list through fixed arrays, each port in it at most once. Every
// port is held for as long, so a new one goes to the end. An index is a port + 1.
type holdQueue struct {
	until      [ports]int64 // 0 when not in the list
	next, prev [ports]uint32
	head, tail uint32
}

func (h *holdQueue) first() (port uint16, until int64, ok bool) {
	if h.head == 0 {
		return 0, 0, false
	}
	port = uint16(h.head - 1)
	return port, h.until[port], true
}

// add keeps the time of a port that is in the list already.
func (h *holdQueue) add(port uint16, until int64) {
	if h.until[port] != 0 {
		return
	}
	i := uint32(port) + 1
	h.until[port] = until
	h.next[port], h.prev[port] = 0, h.tail
	if h.tail != 0 {
		h.next[h.tail-1] = i
	} else {
		h.head = i
	}
	h.tail = i
}

// remove tells whether the port was in the list.
func (h *holdQueue) remove(port uint16) bool {
	if h.until[port] == 0 {
		return false
	}
	h.until[port] = 0
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
