package netpath

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
)

const (
	// spinWindow is how long before a frame is due the thread stops sleeping
	// and watches the clock: about the time that waking up takes.
	spinWindow = 50 * time.Microsecond
	// batch is how many frames one sendmmsg hands on at most.
	batch = 64
	// maxAge bounds what a frame's time stamp may say of its age: a wall clock
	// that is set while frames are held must not stop or flush the line.
	maxAge = int64(time.Second)
	// lost marks a frame that will not be handed on.
	lost = int64(-1)
)

// lane is one direction: frames enter by one tap and leave by the other.
type lane struct {
	in      *tap
	out     int // packet socket of the other side
	delay   int64
	loss    float64
	rng     *rand.Rand
	due     []int64 // per slot of the ring: when to hand it on, or lost
	head    uint32  // the oldest slot in use
	tail    uint32  // the slot the next frame will be in
	held    uint32  // slots in use
	packets int64
	dropped int64
	failed  int64
	late    *hdrhistogram.Histogram
	iov     [batch]unix.Iovec
	msg     [batch]mmsghdr
}

// mmsghdr is struct mmsghdr of socket.h.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
	_   [4]byte
}

func newLane(in, out *tap, spec Spec, stream uint64) *lane {
	l := &lane{
		in: in, out: out.fd,
		delay: int64(spec.RTT / 2),
		loss:  spec.Loss,
		rng:   rand.New(rand.NewPCG(spec.Seed, stream)),
		due:   make([]int64, in.slots.count),
		late:  results.NewHistogram(),
	}
	for i := range l.msg {
		l.msg[i].hdr.Iov = &l.iov[i]
		l.msg[i].hdr.SetIovlen(1)
	}
	return l
}

// take walks the frames that came since the last turn and says when each is
// due: the moment the kernel saw it plus the delay. wall is what CLOCK_REALTIME,
// in which frames are stamped, was ahead of the line's clock in this turn.
func (l *lane) take(now, wall int64) {
	for l.held < l.in.slots.count {
		h := l.in.frame(l.tail)
		if !received(h) {
			return
		}
		stamp := int64(h.Sec)*1e9 + int64(h.Nsec) - wall
		l.packets++
		if l.loss > 0 && l.rng.Float64() < l.loss {
			l.dropped++
			l.due[l.tail] = lost
		} else {
			l.due[l.tail] = min(max(stamp, now-maxAge), now) + l.delay
		}
		l.tail = (l.tail + 1) % l.in.slots.count
		l.held++
	}
}

// next is when the oldest held frame is due; ok is false when none is held.
func (l *lane) next() (due int64, ok bool) {
	for l.held > 0 && l.due[l.head] == lost {
		l.pop()
	}
	if l.held == 0 {
		return 0, false
	}
	return l.due[l.head], true
}

func (l *lane) pop() {
	release(l.in.frame(l.head))
	l.head = (l.head + 1) % l.in.slots.count
	l.held--
}

// send hands on what is due, straight from the ring's memory, a batch at most.
func (l *lane) send(now int64) {
	n := 0
	for i := l.head; n < batch && uint32(n) < l.held && l.due[i] != lost && l.due[i] <= now; i = (i + 1) % l.in.slots.count {
		h := l.in.frame(i)
		l.iov[n].Base = (*byte)(unsafe.Add(unsafe.Pointer(h), uintptr(uint32(h.Mac)-l.in.prefix)))
		l.iov[n].SetLen(int(h.Snaplen + l.in.prefix))
		n++
	}
	for sent := 0; sent < n; {
		m, _, e := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(l.out), uintptr(unsafe.Pointer(&l.msg[sent])), uintptr(n-sent), unix.MSG_DONTWAIT, 0, 0)
		if e == unix.EINTR {
			continue
		}
		if e != 0 || m == 0 {
			// The frame at fault is the first of the rest: count it and go on.
			l.failed++
			m = 1
		}
		sent += int(m)
	}
	for range n {
		results.Record(l.late, now-l.due[l.head])
		l.pop()
	}
}

// delayLine carries frames between two taps, each way with its delay, on one
// locked thread.
type delayLine struct {
	lanes  [2]*lane
	taps   [2]*tap
	epoll  int
	timer  int
	wake   int // eventfd that ends the wait
	base   time.Time
	offset int64 // CLOCK_MONOTONIC minus the line's clock
	stop   atomic.Bool
	done   chan struct{}
	cpu    time.Duration
}

// bursts tells whether packets cross the line before they are cut into frames,
// as they do between a sender with segmentation offload and a receiver with
// receive offload: a tenth of the work. A loss must hit single frames.
func bursts(spec Spec) bool { return spec.Loss == 0 }

// fromClient is the shape of the ring that the client's packets wait in. Only
// the client sends much, so only its device makes bursts.
func fromClient(spec Spec) slots {
	if bursts(spec) {
		return burstSlots
	}
	return frameSlots
}

// newDelayLine joins two devices of the calling thread's namespace.
func newDelayLine(client, server string, spec Spec) (_ *delayLine, err error) {
	d := &delayLine{epoll: -1, timer: -1, wake: -1, done: make(chan struct{})}
	defer func() {
		if err != nil {
			d.free()
		}
	}()
	if d.taps[0], err = openTap(client, fromClient(spec), bursts(spec)); err != nil {
		return nil, err
	}
	if d.taps[1], err = openTap(server, frameSlots, bursts(spec)); err != nil {
		return nil, err
	}
	d.lanes[0] = newLane(d.taps[0], d.taps[1], spec, 0)
	d.lanes[1] = newLane(d.taps[1], d.taps[0], spec, 1)
	if d.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	if d.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make a timer: %w", err)
	}
	if d.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make an eventfd: %w", err)
	}
	for _, fd := range []int{d.taps[0].fd, d.taps[1].fd, d.timer, d.wake} {
		// Edge-triggered: a ring with held frames is always readable.
		ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(fd)}
		if err = unix.EpollCtl(d.epoll, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
			return nil, fmt.Errorf("watch the path's descriptors: %w", err)
		}
	}
	var ts unix.Timespec
	if err = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return nil, fmt.Errorf("read the clock: %w", err)
	}
	d.base = time.Now()
	d.offset = ts.Nano()
	return d, nil
}

// run carries frames until close is called.
func (d *delayLine) run() {
	defer close(d.done)
	runtime.LockOSThread()
	// The kernel may delay a timer by the thread's slack, 50 us unless told otherwise.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	var events [4]unix.EpollEvent
	for !d.stop.Load() {
		wait := d.turn()
		if wait == 0 {
			continue
		}
		if wait > 0 {
			at := unix.NsecToTimespec(wait + d.offset)
			_ = unix.TimerfdSettime(d.timer, unix.TFD_TIMER_ABSTIME, &unix.ItimerSpec{Value: at}, nil)
		}
		_, _ = unix.EpollWait(d.epoll, events[:], -1)
	}
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &u) == nil {
		d.cpu = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
}

// turn takes and hands on what there is. It returns when to wake up again on
// the line's clock: 0 at once, negative when nothing is held.
func (d *delayLine) turn() int64 {
	t := time.Now()
	now := int64(t.Sub(d.base))
	wall := t.UnixNano() - now
	wait := int64(-1)
	for _, l := range d.lanes {
		l.take(now, wall)
		due, ok := l.next()
		if ok && due <= now {
			l.send(now)
			due, ok = l.next()
		}
		if ok && (wait < 0 || due < wait) {
			wait = max(due, 1)
		}
	}
	if wait < 0 {
		return wait
	}
	if wait-int64(spinWindow) <= now {
		return 0
	}
	return wait - int64(spinWindow)
}

// close ends the line, frees it and returns what it has to say.
func (d *delayLine) close() (Stats, error) {
	d.stop.Store(true)
	_, err := unix.Write(d.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	if err != nil {
		err = fmt.Errorf("wake the path: %w", err)
	}
	<-d.done
	s := Stats{Kind: DelayLine, CPU: d.cpu}
	late := results.NewHistogram()
	for i, l := range d.lanes {
		s.Packets += l.packets
		s.Dropped += l.dropped
		s.SendErrors += l.failed
		late.Merge(l.late)
		drops, e := d.taps[i].drops()
		s.RingDrops += drops
		err = errors.Join(err, e)
	}
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
