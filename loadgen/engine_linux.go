package loadgen

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// hasEpoll reports whether this system has the epoll engine.
const hasEpoll = true

// The engine's constants.
const (
	eventBatch  = 256     // maximum number of events of one epoll_wait
	startBatch  = 64      // maximum number of attempts started between two epoll_waits
	turnBytes   = 1 << 20 // maximum number of bytes of one attempt in its turn
	ledgerChunk = 1 << 15 // attempts of a chunk of the ledger
	wakeSlot    = none    // event data of the descriptor that wakes a worker
)

// runEpoll runs the fleet on epoll loops, one locked thread per worker.
func runEpoll(ctx context.Context, cfg Config, c Client) (*Result, error) {
	all, err := newWorkers(cfg, c)
	defer all.release()
	if err != nil {
		return nil, err
	}
	err = all.run(ctx)
	result := newResult(cfg)
	for _, w := range all {
		result.merge(w.result)
		for _, chunk := range w.chunks {
			result.Attempts = append(result.Attempts, chunk...)
		}
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	return result, err
}

// workers are the epoll loops of a fleet.
type workers []*worker

// newWorkers divides slots and schedule among workers. With an error it returns
// those that it has made, for the caller to release.
func newWorkers(cfg Config, c Client) (workers, error) {
	n := min(max(cfg.Workers, 1), cfg.Concurrency)
	plan := newSchedule(cfg)
	var all workers
	for i := range n {
		w, err := newWorker(cfg, c, plan.part(i, n), part(cfg.slots(), i, n))
		if err != nil {
			return all, err
		}
		all = append(all, w)
	}
	return all, nil
}

// run runs all loops to their end. If one fails or ctx ends, it cancels the others.
// It returns the first failure.
func (all workers) run(ctx context.Context) (failure error) {
	base := time.Now()
	for _, w := range all {
		w.base = base // set last, so that creating the workers does not delay an open loop
	}
	stop := context.AfterFunc(ctx, all.cancel)
	errs := make(chan error, len(all))
	for _, w := range all {
		go func() { errs <- w.run() }()
	}
	for range all {
		if err := <-errs; err != nil && failure == nil {
			failure = err
			all.cancel()
		}
	}
	// The callback writes to descriptors that release closes, so it must have
	// finished or never start.
	if !stop() {
		for _, w := range all {
			<-w.cancelled
		}
	}
	return failure
}

func (all workers) cancel() {
	for _, w := range all {
		w.cancel()
	}
}

func (all workers) release() {
	for _, w := range all {
		w.release()
	}
}

// share returns the i-th of n nearly equal parts of total.
func part(total, i, n int) int {
	part := total / n
	if i < total%n {
		part++
	}
	return part
}

// worker is one epoll loop. It has its own slots, share of the schedule and results,
// so that workers share nothing while they run.
type worker struct {
	client    Client
	plan      schedule
	openLoop  bool
	to        sockaddr
	request   []byte // header and body, or header and the first headPiece bytes of it
	size      int64  // bytes of the whole request
	before    int32  // requests of a connection before the measured one
	earlier   []byte // the bytes of each of those
	filler    []byte // repeated for the rest of a longer body
	base      time.Time
	epoll     int
	wake      int
	stop      atomic.Bool
	cancelled chan struct{}

	slots   []slot
	idle    []int32 // slots without an attempt
	freed   int64   // since when some slot has been free without a break
	queues  [numStates]deadlines
	buffer  []byte
	info    unix.TCPInfo
	result  *Result
	chunks  [][]Attempt
	running int
}

func newWorker(cfg Config, c Client, plan schedule, slots int) (_ *worker, err error) {
	header := cfg.Target.request(cfg.BodyBytes)
	inHead := min(cfg.BodyBytes, headPiece)
	request := make([]byte, int64(len(header))+inHead)
	copy(request, header)
	for i := len(header); i < len(request); i++ {
		request[i] = 'x'
	}
	w := &worker{
		client:    c,
		plan:      plan,
		openLoop:  cfg.openLoop(),
		to:        newSockaddr(cfg.Target.Addr),
		request:   request,
		size:      int64(len(header)) + cfg.BodyBytes,
		filler:    request[len(header):],
		before:    int32(cfg.Nth - 1),
		earlier:   cfg.Target.earlier(),
		epoll:     -1,
		wake:      -1,
		cancelled: make(chan struct{}),
		slots:     make([]slot, slots),
		idle:      make([]int32, 0, slots),
		buffer:    make([]byte, readBuffer),
		result:    newResult(cfg),
	}
	for i := range slots {
		w.idle = append(w.idle, int32(slots-1-i))
	}
	for s, wait := range map[state]time.Duration{
		connecting: cfg.ConnectTimeout, sending: cfg.SendTimeout, delaying: cfg.ReadDelay, receiving: cfg.ReceiveTimeout, ending: cfg.EndWait,
	} {
		w.queues[s] = newDeadlines(int64(wait))
	}
	defer func() {
		if err != nil {
			w.release()
		}
	}()
	if w.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	if w.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make an eventfd: %w", err)
	}
	if e := sysEpollControl(w.epoll, unix.EPOLL_CTL_ADD, int32(w.wake), unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeSlot}); e != 0 {
		return nil, fmt.Errorf("watch the eventfd: %w", e)
	}
	return w, nil
}

// cancel ends the worker's loop and cuts the attempts in flight. The context's end
// and a failing worker may both call it.
func (w *worker) cancel() {
	if w.stop.Swap(true) {
		return
	}
	_, _ = unix.Write(w.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	close(w.cancelled)
}

// now returns nanoseconds on the fleet's clock.
func (w *worker) now() int64 { return int64(time.Since(w.base)) }

// run makes attempts until the schedule has no more and none is in flight.
func (w *worker) run() error {
	// Never unlocked: the thread ends with the goroutine, and its timer slack with it.
	runtime.LockOSThread()
	// Timers are late by up to the thread's slack, 50 us by default.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	events := make([]unix.EpollEvent, eventBatch)
	for !w.stop.Load() {
		wait := w.start()
		if wait < 0 && w.running == 0 {
			break
		}
		n, e := sysEpollWait(w.epoll, events, w.sleep(wait))
		if e == unix.ENOSYS {
			return errors.New("this kernel has no epoll_pwait2: use Linux 5.11 or newer")
		}
		if e != 0 && e != unix.EINTR {
			return fmt.Errorf("wait for events: %w", e)
		}
		for _, ev := range events[:max(n, 0)] {
			if ev.Fd != wakeSlot {
				w.event(ev)
			}
		}
		w.expire(w.now())
	}
	w.result.unstarted = w.plan.unstarted(w.now())
	for i := range w.slots {
		if w.slots[i].state != idle {
			sysClose(w.slots[i].fd)
		}
	}
	return nil
}

// start starts due attempts in free slots, at most startBatch. Without that bound
// the start of a wide fleet, or connects that fail at once and free their slots,
// could keep the loop from its events. It returns the nanoseconds until the next
// attempt is due, negative if no slot is free or the schedule has no more attempts.
func (w *worker) start() int64 {
	for range startBatch {
		if len(w.idle) == 0 {
			return -1
		}
		now := w.now()
		due, ok := w.plan.next(now)
		if !ok {
			return -1
		}
		if due > now {
			return due - now
		}
		w.plan.take(now)
		w.result.stall = max(w.result.stall, now-max(due, w.freed))
		i := w.idle[len(w.idle)-1]
		w.idle = w.idle[:len(w.idle)-1]
		w.connect(i, due, now)
	}
	return 0
}

// sleep returns how long the loop may wait in nanoseconds: until the next attempt is
// due (wait, if not negative) or the next deadline. Negative is without a limit.
func (w *worker) sleep(wait int64) int64 {
	now := w.now()
	for s := connecting; s < numStates; s++ {
		if first := w.queues[s].first; first != none {
			left := max(w.slots[first].deadline-now, 0)
			if wait < 0 || left < wait {
				wait = left
			}
		}
	}
	return wait
}

// expire ends all waits whose deadline has passed.
func (w *worker) expire(now int64) {
	for s := connecting; s < numStates; s++ {
		for i := w.queues[s].due(w.slots, now); i != none; i = w.queues[s].due(w.slots, now) {
			w.expired(i)
		}
	}
}

// release closes the worker's own descriptors.
func (w *worker) release() {
	for _, fd := range []int{w.epoll, w.wake} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}
