package netpath

import (
	"time"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

// batch is the largest number of packets in one sendmmsg.
const batch = 64

const (
	// retryAfter is how long a lane waits for room on the other side. On an
	// overloaded machine packets stay in the receiver's backlog. They count against
	// the sender's buffer (EAGAIN), or the backlog is full (ENOBUFS). In both cases
	// the packet was not accepted; sent later, it is late and not lost.
	retryAfter = 100 * time.Microsecond
	// longestRetry is how late such a packet may become before it counts as failed.
	longestRetry = int64(2 * time.Second)
)

// unsent is the range of packets in a batch that are still to be forwarded; to is
// exclusive.
type unsent struct{ from, to int }

// noSlot marks the end of a list of slots.
const noSlot = ^uint32(0)

// lane is one direction of a delay line. Packets arrive at one tap, wait in its
// ring and leave by the other tap.
type lane struct {
	direction wire.Direction
	in        *tap
	out       int // packet socket of the other side
	link      *link
	log       *wire.Log // nil logs nothing
	parse     bool      // whether the link or a fault needs the connection

	stamp    int64      // of the last packet; stamps must not decrease
	tail     uint32     // the slot of the next packet
	copies   []uint8    // per slot: how often its packet is still to be forwarded; 0 if the kernel owns the slot
	refs     []wire.Ref // per slot
	nextHeld []uint32   // per slot: the next packet of the same connection that a fault holds
	due      dueQueue
	sent     [batch]duePacket // the current batch
	unsent   unsent
	iov      [batch]unix.Iovec
	msg      [batch]mmsghdr

	failed int64
	late   *hdrhistogram.Histogram
}

// mmsghdr is struct mmsghdr of socket.h.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
	_   [4]byte
}

func newLane(d wire.Direction, in, out *tap, l *link, log *wire.Log, parse bool) *lane {
	n := in.slots.count
	ln := &lane{
		direction: d, in: in, out: out.fd, link: l, log: log, parse: parse,
		copies: make([]uint8, n), refs: make([]wire.Ref, n), nextHeld: make([]uint32, n),
		due:  newDueQueue(int(n)),
		late: results.NewHistogram(),
	}
	for i := range ln.msg {
		ln.msg[i].hdr.Iov = &ln.iov[i]
		ln.msg[i].hdr.SetIovlen(1)
	}
	return ln
}

// nextReceived returns the next slot with a packet that has not been handled yet.
func (l *lane) nextReceived() (slot uint32, ok bool) {
	// The kernel's status alone does not distinguish new packets from waiting ones.
	if l.copies[l.tail] != 0 || !received(l.in.frame(l.tail)) {
		return 0, false
	}
	slot = l.tail
	l.tail = (l.tail + 1) % l.in.slots.count
	return slot, true
}

// timestamp returns when the kernel received the packet, on the line's clock.
func (l *lane) timestamp(h *unix.Tpacket2Hdr, now, wall int64) int64 {
	stamp := int64(h.Sec)*1e9 + int64(h.Nsec) - wall
	l.stamp = max(l.stamp, min(max(stamp, now-maxAge), now))
	return l.stamp
}

// bytes returns the packet in a slot, from its link-layer header on.
func (l *lane) bytes(h *unix.Tpacket2Hdr) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(h), uintptr(h.Mac))), h.Snaplen)
}

// enqueue lets the link decide on the packet in a slot, and queues or drops it.
func (l *lane) enqueue(slot uint32, stamp int64, port uint16) {
	h := l.in.frame(slot)
	d := l.link.decide(stamp, int(h.Len), port)
	switch d.drop {
	case droppedLoss:
		l.drop(slot, wire.Lost)
		return
	case droppedQueue:
		l.drop(slot, wire.QueueFull)
		return
	}
	l.copies[slot] = 1
	l.due.push(d.due, slot)
	if d.duplicateDue != 0 {
		l.copies[slot] = 2
		l.due.push(d.duplicateDue, slot)
	}
}

// drop returns a slot to the kernel without forwarding its packet.
func (l *lane) drop(slot uint32, why wire.Disposition) {
	if l.log != nil {
		l.log.Drop(l.refs[slot], why)
	}
	l.copies[slot] = 0
	returnSlot(l.in.frame(slot))
}

// send forwards what is due, at most a batch, directly from the ring's memory. It
// returns when to call it again for packets that the other side had no room for,
// or never.
func (l *lane) send(now int64) (retry int64) {
	for l.unsent.to < batch && l.due.next() <= now {
		p := l.due.pop()
		h := l.in.frame(p.slot)
		i := l.unsent.to
		l.iov[i].Base = (*byte)(unsafe.Add(unsafe.Pointer(h), uintptr(uint32(h.Mac)-l.in.prefix)))
		l.iov[i].SetLen(int(h.Snaplen + l.in.prefix))
		l.sent[i] = p
		l.unsent.to++
	}
	for l.unsent.from < l.unsent.to {
		from, n := l.unsent.from, 0
		m, _, e := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(l.out), uintptr(unsafe.Pointer(&l.msg[from])), uintptr(l.unsent.to-from), unix.MSG_DONTWAIT, 0, 0)
		switch {
		case e == 0:
			n = int(m)
		case e == unix.EINTR:
			continue
		case (e == unix.EAGAIN || e == unix.ENOBUFS) && now-l.sent[from].at < longestRetry:
			return now + int64(retryAfter)
		}
		for _, p := range l.sent[from : from+n] {
			results.Record(l.late, now-p.at)
			l.logForwarded(p.slot, now)
			l.finish(p.slot)
		}
		if n == 0 {
			// The first of the remaining packets failed: count it and go on.
			l.failed++
			if l.log != nil {
				l.log.Drop(l.refs[l.sent[from].slot], wire.SendFailed)
			}
			l.finish(l.sent[from].slot)
			n = 1
		}
		l.unsent.from += n
	}
	l.unsent = unsent{}
	return never
}

// finish returns a slot to the kernel once its packet and all copies are forwarded.
func (l *lane) finish(slot uint32) {
	if l.copies[slot]--; l.copies[slot] == 0 {
		returnSlot(l.in.frame(slot))
	}
}

// logForwarded logs that a packet was forwarded, the second time as a duplicate.
func (l *lane) logForwarded(slot uint32, now int64) {
	if l.log == nil {
		return
	}
	ref := l.refs[slot]
	if l.link.im.Duplicate > 0 && ref != wire.NoRef && l.log.Packet(ref).Disposition == wire.Forwarded {
		l.log.Duplicate(ref, now)
		return
	}
	l.log.Forward(ref, now)
}
