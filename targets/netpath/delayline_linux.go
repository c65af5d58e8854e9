package netpath

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

const (
	// spinWindow is how long before a packet is due the thread stops sleeping
	// and polls the clock. It is about the wake-up latency. At 3000 connections a
	// second, 100 us cost 20% more CPU and do not reduce lateness. A window that
	// follows the 90th percentile of the measured wake-up latency costs 15% less
	// CPU, but the median lateness is 3 us instead of 0.5.
	spinWindow = 50 * time.Microsecond
	// maxAge bounds the age of a packet by its time stamp: setting the wall clock
	// while packets are delayed must neither stop nor flush the line.
	maxAge = int64(time.Second)
)

// delayLine forwards packets between two taps, with the impairments of each
// direction, on one locked thread. Its clock is in nanoseconds since base.
type delayLine struct {
	lanes  [2]*lane // by wire.Direction
	taps   [2]*tap  // client's side, server's side
	fault  *faultState
	held   heldPackets
	log    *wire.Log
	epoll  int
	timer  int
	wake   int // eventfd that ends epoll_wait
	base   time.Time
	offset int64 // CLOCK_MONOTONIC minus the line's clock
	frames bool  // single ones; see usesGSO
	stop   atomic.Bool
	done   chan struct{}
	cpu    time.Duration
}

// usesGSO reports whether packets cross the line before they are segmented into
// frames, as between a sender with segmentation offload (GSO) and a receiver
// with receive offload. That is a fraction of the work. Impairments that drop,
// queue or reorder packets must see single frames.
func usesGSO(spec Spec) bool {
	return !spec.Frames && !spec.Impairments.NeedsFrames()
}

// fromClient returns the slots of the ring that the client's packets wait in.
// Only the client sends many bytes, so only its device sends GSO packets.
func fromClient(spec Spec) slots {
	if usesGSO(spec) {
		return gsoSlots.atMost(spec.InFlight)
	}
	return frameSlots.atMost(spec.InFlight)
}

// newDelayLine connects two devices of the calling thread's namespace.
func newDelayLine(client, server string, spec Spec) (_ *delayLine, err error) {
	d := &delayLine{epoll: -1, timer: -1, wake: -1, frames: !usesGSO(spec), done: make(chan struct{})}
	defer func() {
		if err != nil {
			d.free()
		}
	}()
	if d.taps[0], err = openTap(client, fromClient(spec), usesGSO(spec)); err != nil {
		return nil, err
	}
	if d.taps[1], err = openTap(server, frameSlots.atMost(spec.InFlight), usesGSO(spec)); err != nil {
		return nil, err
	}
	if d.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("create an epoll instance: %w", err)
	}
	if d.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("create a timer: %w", err)
	}
	if d.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("create an eventfd: %w", err)
	}
	for _, fd := range []int{d.taps[0].fd, d.taps[1].fd, d.timer, d.wake} {
		// Edge-triggered: a ring with delayed packets is always readable.
		ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(fd)}
		if err = unix.EpollCtl(d.epoll, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
			return nil, fmt.Errorf("watch the descriptors of the path: %w", err)
		}
	}
	var ts unix.Timespec
	if err = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return nil, fmt.Errorf("read the clock: %w", err)
	}
	// The clock starts at 1, because a time of 0 means never.
	d.base = time.Now().Add(-1)
	d.offset = ts.Nano() - 1
	if spec.LogOptions != nil {
		d.log = wire.NewLog(d.base, *spec.LogOptions)
	}
	im := spec.Impairments
	if d.fault = newFaultState(im.Fault); d.fault != nil {
		d.held = newHeldPackets()
	}
	parse := d.fault != nil || im.Up.Jitter > 0 || im.Down.Jitter > 0
	d.lanes[wire.FromClient] = newLane(wire.FromClient, d.taps[0], d.taps[1], newLink(im.Up, spec.Seed, 0), d.log, parse)
	d.lanes[wire.FromServer] = newLane(wire.FromServer, d.taps[1], d.taps[0], newLink(im.Down, spec.Seed, 1), d.log, parse)
	return d, nil
}

// run forwards packets until close is called.
func (d *delayLine) run() {
	defer close(d.done)
	runtime.LockOSThread()
	// The kernel may delay a timer by the thread's timer slack, 50 us by default.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	preferThread()
	var events [4]unix.EpollEvent
	for !d.stop.Load() {
		now, wake := d.turn()
		sleepUntil := wake - int64(spinWindow)
		if sleepUntil <= now {
			continue
		}
		if wake != never {
			at := unix.NsecToTimespec(sleepUntil + d.offset)
			_ = unix.TimerfdSettime(d.timer, unix.TFD_TIMER_ABSTIME, &unix.ItimerSpec{Value: at}, nil)
		}
		_, _, _ = unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(d.epoll), uintptr(unsafe.Pointer(&events)), uintptr(len(events)), ^uintptr(0), 0, 0)
	}
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &u) == nil {
		d.cpu = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
}

// pathPriority is the real-time priority of the line's thread. Any is before all
// ordinary threads.
const pathPriority = 1

// preferThread lets this thread run before all ordinary ones, as a wire does not wait
// for the hosts at its ends. Without it the thread waits while a client or a server
// uses up its slice of 3 to 4 ms. It needs CAP_SYS_NICE in the first user namespace
// (sched(7)); an ordinary user's path keeps its ordinary priority, and is late more
// often.
func preferThread() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Flags: unix.SCHED_FLAG_RESET_ON_FORK, Priority: pathPriority,
	}, 0)
}

// turn accepts what has arrived and forwards what is due. It returns its own time
// and the time at which to be called again, on the line's clock.
func (d *delayLine) turn() (now, wake int64) {
	t := time.Now()
	now = int64(t.Sub(d.base))
	// wall is CLOCK_REALTIME, which packets are stamped with, minus the line's
	// clock. It is read anew in every turn, because the wall clock can be set.
	wall := t.UnixNano() - now
	for _, l := range d.lanes {
		d.take(l, now, wall)
	}
	wake = never
	if d.fault != nil {
		wake = d.releaseExpired(now)
	}
	for _, l := range d.lanes {
		if l.unsent.to > 0 || l.due.next() <= now {
			if retry := l.send(now); retry != never {
				wake = min(wake, retry)
				continue
			}
		}
		wake = min(wake, l.due.next())
	}
	return now, wake
}

// take handles the packets that arrived on a lane since the last turn, at most as
// many as the ring holds.
func (d *delayLine) take(l *lane, now, wall int64) {
	for range l.in.slots.count {
		slot, ok := l.nextReceived()
		if !ok {
			return
		}
		h := l.in.frame(slot)
		stamp := l.timestamp(h, now, wall)
		if l.log != nil {
			l.refs[slot] = l.log.Enter(l.bytes(h), l.direction, stamp)
		}
		if !l.parse {
			l.enqueue(slot, stamp, 0)
			continue
		}
		p, ok := wire.Parse(l.bytes(h), l.direction)
		if !ok || d.fault == nil {
			l.enqueue(slot, stamp, p.ClientPort)
			continue
		}
		d.applyFault(l, slot, stamp, p)
	}
}

// applyFault lets the fault decide on a packet before its link does.
func (d *delayLine) applyFault(l *lane, slot uint32, stamp int64, p wire.Packet) {
	act, release := d.fault.decide(stamp, segment{
		fromServer: l.direction == wire.FromServer, port: p.ClientPort,
		flags: uint8(p.Flags), seq: p.Seq, payload: int(p.Len),
	})
	switch act {
	case faultPass:
		l.enqueue(slot, stamp, p.ClientPort)
	case faultDrop:
		d.held.dropped++
		l.drop(slot, wire.FaultDrop)
	case faultHold:
		d.held.add(l, slot, p.ClientPort)
	}
	if release {
		d.releaseHeld(p.ClientPort, stamp)
	}
}

// releaseExpired releases the packets that were held for maxHold. It returns when
// the next ones will be.
func (d *delayLine) releaseExpired(now int64) int64 {
	for {
		port, ok := d.fault.expired(now)
		if !ok {
			break
		}
		d.releaseHeld(port, now)
	}
	if at, ok := d.fault.nextExpiry(); ok {
		return at
	}
	return never
}

// releaseHeld passes the held packets of a connection to their lane.
func (d *delayLine) releaseHeld(port uint16, now int64) {
	l := d.held.lane
	if l == nil {
		return
	}
	for slot := d.held.take(port); slot != noSlot; {
		next := l.nextHeld[slot]
		l.stamp = max(l.stamp, now)
		l.enqueue(slot, l.stamp, port)
		slot = next
	}
}

// heldPackets are the packets that a fault holds: one list for each connection,
// linked through the slots of one lane. No fault holds packets of both
// directions.
type heldPackets struct {
	lane        *lane
	first, last []uint32 // by the client's port
	dropped     int64    // packets that the fault dropped
}

func newHeldPackets() heldPackets {
	h := heldPackets{first: make([]uint32, ports), last: make([]uint32, ports)}
	for i := range h.first {
		h.first[i] = noSlot
	}
	return h
}

func (h *heldPackets) add(l *lane, slot uint32, port uint16) {
	h.lane = l
	l.copies[slot] = 1 // reserves the slot
	l.nextHeld[slot] = noSlot
	if h.first[port] == noSlot {
		h.first[port] = slot
	} else {
		l.nextHeld[h.last[port]] = slot
	}
	h.last[port] = slot
}

// take returns the first held packet of a connection and empties its list.
func (h *heldPackets) take(port uint16) uint32 {
	first := h.first[port]
	h.first[port] = noSlot
	return first
}

// close stops the line, frees it and returns its statistics.
func (d *delayLine) close() (Stats, error) {
	d.stop.Store(true)
	_, err := unix.Write(d.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	if err != nil {
		err = fmt.Errorf("wake the path: %w", err)
	}
	<-d.done
	s := Stats{Kind: DelayLine, Frames: d.frames, CPU: d.cpu, Log: d.log}
	late := results.NewHistogram()
	s.FaultDrops = d.held.dropped
	for i, l := range d.lanes {
		c := l.link.counts
		s.Lost += c.lost
		s.QueueDrops += c.overflowed
		s.Duplicated += c.duplicated
		s.Reordered += c.reordered
		s.Packets += c.packets
		s.SendErrors += l.failed
		late.Merge(l.late)
		drops, e := d.taps[i].drops()
		s.RingDrops += drops
		err = errors.Join(err, e)
	}
	s.Packets += s.FaultDrops // they never reached a link
	s.Late = results.Summarise(late)
	d.free()
	return s, err
}

func (d *delayLine) free() {
	for _, t := range d.taps {
		if t != nil {
			t.close()
		}
	}
	for _, fd := range []int{d.epoll, d.timer, d.wake} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}
