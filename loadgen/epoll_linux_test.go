package loadgen

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

// ownClients runs f for every client behaviour that the epoll engine has.
func ownClients(t *testing.T, o order, f func(t *testing.T, client string)) {
	t.Helper()
	var all []subtest
	for _, c := range Clients {
		if !c.library {
			all = append(all, subtest{c.Name, func(t *testing.T) { f(t, c.Name) }})
		}
	}
	o.run(t, all)
}

// moody answers every connection in another way, so that a fleet has many outcomes.
func moody(t *testing.T) netip.AddrPort {
	var turn atomic.Int64
	return server(t, func(c *net.TCPConn) {
		switch turn.Add(1) % 7 {
		case 0:
			readRequest(c, 0)
			say(c, answer200)
			untilGone(c)
		case 1:
			say(c, answer503)
		case 2:
			readRequest(c, 0)
			say(c, answer503)
		case 3:
			readRequest(c, 0)
			say(c, partOf503)
		case 4:
			reset(c)
		case 5:
			readRequest(c, 0)
			say(c, garbage)
		}
	})
}

func TestWorkersMakeTheScheduleBetweenThemExactly(t *testing.T) {
	ownClients(t, atOnce, func(t *testing.T, client string) {
		for _, rate := range []float64{0, 2000} {
			for _, workers := range []int{1, 2, 3, 7} {
				cfg := quick(moody(t), client, 101)
				cfg.Rate, cfg.Workers, cfg.Concurrency, cfg.ReadDelay = rate, workers, 8, time.Millisecond
				r := run(t, engine{run: Run}, cfg) // checks that attempts are the sum of outcomes
				if len(r.Attempts) != 101 || r.unstarted != 0 {
					t.Errorf("rate %v, %d workers: %d attempts and %d unstarted, want 101", rate, workers, len(r.Attempts), r.unstarted)
				}
				if rate == 0 {
					continue
				}
				due := make([]int64, 0, 101)
				for _, a := range r.Attempts {
					due = append(due, a.Due)
				}
				slices.Sort(due)
				for i, d := range due {
					if want := int64(i) * int64(time.Second/2000); d != want {
						t.Fatalf("%d workers: attempt %d was due at %d, want %d", workers, i, d, want)
					}
				}
			}
		}
	})
}

func TestWorkersCountTheUnstartedBetweenThem(t *testing.T) {
	addr := server(t, untilGone)
	cfg := quick(addr, "blocking", 0)
	cfg.Rate, cfg.Duration, cfg.Concurrency, cfg.Workers = 200, 250*time.Millisecond, 3, 3
	cfg.ReceiveTimeout = 100 * time.Millisecond
	r := run(t, engine{run: Run}, cfg)
	if r.unstarted == 0 || int64(len(r.Attempts))+r.unstarted != 50 {
		t.Errorf("%d attempts and %d unstarted, want 50 in all", len(r.Attempts), r.unstarted)
	}
}

// Coordinated omission: a server that stalls once delays every attempt that was
// due meanwhile, which a latency taken from the start of each does not show.
func TestStallShowsInCorrectedLatencyOnly(t *testing.T) {
	const stall = 300 * time.Millisecond
	var once sync.Once
	addr := server(t, func(c *net.TCPConn) {
		readRequest(c, 0)
		once.Do(func() { hold(stall) })
		say(c, answer503)
	})
	cfg := quick(addr, "blocking", 50)
	cfg.Rate, cfg.Concurrency = 1000, 1
	report, err := run(t, engine{run: Run}, cfg).Report()
	if err != nil {
		t.Fatal(err)
	}
	// The last attempt was due 49 ms after the first.
	const least = 250.0
	if got := report.Latency.End; got.Count != 50 || got.P50 < least {
		t.Errorf("from due: %+v, want a median of at least %v ms", got, least)
	}
	if got := report.Uncorrected.End; got.Count != 50 || got.P50 >= least || got.Max < least {
		t.Errorf("from start: %+v, want one attempt of at least %v ms", got, least)
	}
	if report.Lag.P50 < least {
		t.Errorf("lag %+v", report.Lag)
	}
}

func TestAttemptsInFlightAtTheEndOfTheDurationAreFinished(t *testing.T) {
	const duration = time.Second // a fleet that is late by it makes no attempt
	addr := server(t, func(c *net.TCPConn) { readRequest(c, 0); hold(duration + 200*time.Millisecond); say(c, answer503) })
	check := func(t *testing.T, rate float64) {
		cfg := quick(addr, "blocking", 0)
		cfg.Rate, cfg.Duration, cfg.Concurrency = rate, duration, 5
		r := run(t, engine{run: Run}, cfg)
		wantOutcome(t, r, results.Delivered)
		if n := len(r.Attempts); n == 0 || int64(n)+r.unstarted != 5 {
			t.Errorf("%d attempts and %d unstarted, want 5 in all", n, r.unstarted)
		}
		for _, a := range r.Attempts {
			if a.End < int64(cfg.Duration) {
				t.Errorf("ended before the server answered: %+v", a)
			}
		}
	}
	atOnce.run(t, []subtest{
		{"closed loop", func(t *testing.T) { check(t, 0) }},
		{"open loop", func(t *testing.T) { check(t, 5) }},
	})
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

func TestCancelReturnsEndedAttempts(t *testing.T) {
	const answered, slots = 6, 3
	before := openDescriptors(t)
	ctx, cancel := context.WithCancel(t.Context())
	var turn atomic.Int64
	t.Run("cut", func(t *testing.T) {
		addr := server(t, func(c *net.TCPConn) {
			n := turn.Add(1)
			readRequest(c, 0)
			switch {
			case n <= answered:
				say(c, answer503)
				return
			case n == answered+slots:
				cancel() // every slot hangs: those that were answered have ended
			}
			untilGone(c)
		})
		cfg := quick(addr, "blocking", 1000)
		cfg.Concurrency, cfg.ReceiveTimeout = slots, time.Minute
		r, err := Run(ctx, cfg)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		if len(r.Attempts) != answered || r.Counts[results.Delivered] != answered {
			t.Errorf("%d attempts, outcomes %v, want %d delivered", len(r.Attempts), r.Counts, answered)
		}
	})
	if now := openDescriptors(t); now > before {
		t.Errorf("%d descriptors open, %d before", now, before)
	}
}

// Connects that failed at once freed their slots for the next ones without end, and
// a fleet without a route to its server could not be interrupted.
func TestCancelCutsAFleetWhoseConnectsFailAtOnce(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	cfg := quick(netip.MustParseAddrPort("224.0.0.1:80"), "blocking", math.MaxInt64)
	r, err := Run(ctx, cfg)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v", err)
	}
	if r.Counts[results.LocalError] != int64(len(r.Attempts)) {
		t.Errorf("outcomes %v of %d attempts", r.Counts, len(r.Attempts))
	}
}

// A server that sends as fast as the client reads must neither occupy the loop nor
// fill its memory.
func TestAnEndlessAnswerTimesOutAndDelaysNoOther(t *testing.T) {
	body := make([]byte, 1<<20)
	var turn atomic.Int64
	addr := server(t, func(c *net.TCPConn) {
		readRequest(c, 0)
		if turn.Add(1) > 1 {
			say(c, answer503)
			return
		}
		say(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 99999999999999\r\n\r\n")
		for {
			if _, err := c.Write(body); err != nil {
				return
			}
		}
	})
	cfg := quick(addr, "blocking", 200)
	cfg.ReceiveTimeout = 3 * time.Second // the other answers have to come within it
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := run(t, engine{run: Run}, cfg)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("%d bytes allocated on the way", got)
	}
	if r.Counts[results.TimeoutReceive] != 1 || r.Counts[results.Delivered] != 199 {
		t.Errorf("outcomes %v", r.Counts)
	}
	var endless Attempt
	for _, a := range r.Attempts {
		if a.Outcome == results.TimeoutReceive {
			endless = a
		}
	}
	if took := time.Duration(endless.End - endless.Connected); endless.Received < turnBytes || took > patience {
		t.Errorf("let go after %v: %+v", took, endless)
	}
	if !slices.ContainsFunc(r.Attempts, func(a Attempt) bool { return a.Started > endless.FirstByte && a.End < endless.End }) {
		t.Error("no other attempt was made meanwhile")
	}
}

func TestAnEndlessRequestTimesOut(t *testing.T) {
	ownClients(t, inTurn, func(t *testing.T, client string) {
		addr := server(t, func(c *net.TCPConn) {
			_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, make([]byte, 1<<20))
		})
		cfg := quick(addr, client, 2)
		cfg.BodyBytes, cfg.SendTimeout = 1<<50, 200*time.Millisecond
		r := run(t, engine{run: Run}, cfg)
		wantOutcome(t, r, results.TimeoutSend)
		for _, a := range r.Attempts {
			if took := time.Duration(a.End - a.Connected); a.Sent < turnBytes || took > patience {
				t.Errorf("%v: %+v", took, a)
			}
		}
	})
}

func TestAnswerLongerThanATurnIsReadWhole(t *testing.T) {
	const length = 5*turnBytes + 1
	body := make([]byte, length)
	ownClients(t, inTurn, func(t *testing.T, client string) {
		for _, head := range []string{
			"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5242881\r\n\r\n",
			"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n",
		} {
			addr := server(t, func(c *net.TCPConn) { readRequest(c, 0); say(c, head); _, _ = c.Write(body) })
			r := run(t, engine{run: Run}, quick(addr, client, 3))
			wantOutcome(t, r, results.Delivered)
			for _, a := range r.Attempts {
				if a.Received != int64(len(head))+length {
					t.Errorf("%d bytes read of %d", a.Received, len(head)+length)
				}
			}
		}
	})
}

// Answers that a system which discards received data on a reset would lose are
// marked.
func TestResetBeforeTheFirstReadIsMarked(t *testing.T) {
	const late = 3 * time.Second // what comes before it has to be over, on a busy machine, too
	var all []subtest
	for _, c := range []struct {
		name   string
		client string
		body   int64
		handle func(c *net.TCPConn)
		want   bool
	}{
		{"reset while it waits to read", "slow-reader", 0, func(c *net.TCPConn) { readRequest(c, 0); say(c, answer503); reset(c) }, true},
		{"orderly end while it waits to read", "slow-reader", 0, func(c *net.TCPConn) { readRequest(c, 0); say(c, answer503) }, false},
		{"reset while it sends", "tolerant", bigBody, func(c *net.TCPConn) { readHead(c); say(c, answer503) }, true},
		{"request drained", "tolerant", 8 << 20, func(c *net.TCPConn) { say(c, answer503); _ = c.CloseWrite(); untilGone(c) }, false},
		{"read while it sends", "duplex", bigBody, func(c *net.TCPConn) {
			readHead(c)
			say(c, answer503) // read at once: the reset waits for what the client never sends
			hold(late)
		}, false},
	} {
		all = append(all, subtest{c.name, func(t *testing.T) {
			cfg := quick(server(t, c.handle), c.client, 4)
			cfg.BodyBytes, cfg.ReadDelay, cfg.Concurrency = c.body, late, 4
			r := run(t, engine{run: Run}, cfg)
			var marked int64
			for _, a := range r.Attempts {
				if a.ResetBeforeRead != c.want || !a.Outcome.IsDelivered() {
					t.Errorf("marked %v, want %v: %+v", a.ResetBeforeRead, c.want, a)
				}
				if a.ResetBeforeRead {
					marked++
				}
			}
			if r.unreadAtReset != marked {
				t.Errorf("%d unread at reset, want %d", r.unreadAtReset, marked)
			}
		}})
	}
	atOnce.run(t, all)
}

// An event that outlived its attempt must not end the one that has the slot now.
func TestEventOfAnEarlierAttemptIsIgnored(t *testing.T) {
	addr := server(t, untilGone)
	cfg, err := quick(addr, "blocking", 1).withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorker(cfg, Clients[0], newSchedule(cfg), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.release()
	w.base = time.Now()
	w.start()
	s := &w.slots[0]
	defer func() { sysClose(s.fd) }()
	w.event(unix.EpollEvent{Events: unix.EPOLLERR | unix.EPOLLHUP, Fd: 0, Pad: s.number - 1})
	if s.state != connecting || s.readable {
		t.Errorf("state %d, readable %v", s.state, s.readable)
	}
	w.event(unix.EpollEvent{Events: unix.EPOLLOUT, Fd: 0, Pad: s.number})
	if s.state == connecting {
		t.Error("the attempt's own event was ignored")
	}
}

// queueModel is a queue of deadlines and a list that is searched completely.
type queueModel struct {
	queue    deadlines
	slots    []slot
	joined   []int32         // in order of joining
	deadline map[int32]int64 // by slot
	wait     int64
	now      int64
}

func (m *queueModel) join(t *rapid.T) {
	i := rapid.Int32Range(0, int32(len(m.slots)-1)).Draw(t, "slot")
	if slices.Contains(m.joined, i) {
		t.Skip("is in")
	}
	m.queue.join(m.slots, i, m.now)
	m.joined, m.deadline[i] = append(m.joined, i), m.now+m.wait
}

func (m *queueModel) leave(t *rapid.T) {
	if len(m.joined) == 0 {
		t.Skip("is empty")
	}
	k := rapid.IntRange(0, len(m.joined)-1).Draw(t, "place")
	m.queue.leave(m.slots, m.joined[k])
	m.joined = slices.Delete(m.joined, k, k+1)
}

func (m *queueModel) expire(t *rapid.T) {
	for i := m.queue.due(m.slots, m.now); i != none; i = m.queue.due(m.slots, m.now) {
		if len(m.joined) == 0 || i != m.joined[0] || m.deadline[i] > m.now {
			t.Fatalf("slot %d is due at %d, want one of %v with %v", i, m.now, m.joined, m.deadline)
		}
		m.queue.leave(m.slots, i)
		m.joined = m.joined[1:]
	}
}

func (m *queueModel) check(t *rapid.T) {
	want, oldest := none, none
	if len(m.joined) > 0 {
		oldest = m.joined[0]
		if m.deadline[oldest] <= m.now {
			want = oldest
		}
	}
	if got := m.queue.due(m.slots, m.now); got != want || m.queue.first != oldest {
		t.Fatalf("due %d, first %d, want %d, %d", got, m.queue.first, want, oldest)
	}
	var forth, back []int32
	for i := m.queue.first; i != none; i = m.slots[i].next {
		forth = append(forth, i)
	}
	for i := m.queue.last; i != none; i = m.slots[i].prev {
		back = append(back, i)
	}
	slices.Reverse(back)
	if !slices.Equal(forth, m.joined) || !slices.Equal(back, m.joined) {
		t.Fatalf("holds %v and back %v, want %v", forth, back, m.joined)
	}
}

func TestDeadlinesComeInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wait := rapid.Int64Range(0, 50).Draw(t, "wait")
		m := &queueModel{queue: newDeadlines(wait), slots: make([]slot, 8), deadline: map[int32]int64{}, wait: wait}
		t.Repeat(map[string]func(*rapid.T){
			"join":   m.join,
			"leave":  m.leave,
			"pass":   func(t *rapid.T) { m.now += rapid.Int64Range(0, 30).Draw(t, "time") },
			"expire": m.expire,
			"":       m.check,
		})
	})
}

// A very long time limit must not overflow.
func TestAVeryLongWaitDoesNotOverflow(t *testing.T) {
	q, ring := newDeadlines(math.MaxInt64), make([]slot, 1)
	q.join(ring, 0, int64(time.Hour))
	if i := q.due(ring, int64(1000*time.Hour)); i != none {
		t.Errorf("slot %d is due", i)
	}
}

// silentServer answers connections with answer503 and allocates nothing
// meanwhile, so that what is allocated beside it is the fleet's.
func silentServer(t testing.TB) netip.AddrPort {
	t.Helper()
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(l, 1024)
	}
	if err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(l)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			buf, answer := make([]byte, 4096), []byte(answer503)
			for {
				fd, _, e := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(l), 0, 0, unix.SOCK_CLOEXEC, 0, 0)
				if e == unix.EINTR {
					continue
				}
				if e != 0 {
					return
				}
				_, _ = unix.Read(int(fd), buf)
				_, _ = unix.Write(int(fd), answer)
				_ = unix.Close(int(fd))
			}
		})
	}
	t.Cleanup(func() {
		_ = unix.Shutdown(l, unix.SHUT_RDWR) // wakes accept
		running.Wait()
		unix.Close(l)
	})
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*unix.SockaddrInet4).Port))
}

// Garbage would have the collector run in the middle of a measurement.
func TestAllocationsDoNotGrowWithAttempts(t *testing.T) {
	addr := silentServer(t)
	ownClients(t, inTurn, func(t *testing.T, client string) {
		for _, rate := range []float64{0, 20_000} {
			allocations := func(n int64) int64 {
				cfg := quick(addr, client, n)
				cfg.Concurrency, cfg.Workers, cfg.Rate, cfg.ReadDelay = 32, 2, rate, time.Microsecond
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				r := run(t, engine{run: Run}, cfg)
				runtime.ReadMemStats(&after)
				wantOutcome(t, r, results.Delivered)
				return int64(after.Mallocs - before.Mallocs)
			}
			allocations(100)
			const n = 2000
			// The ledger's chunks, the odd histogram and the runtime's own.
			if once, twice := allocations(n), allocations(2*n); twice-once > 100 {
				t.Errorf("rate %v: %d attempts allocate %d times, %d attempts %d times", rate, n, once, 2*n, twice)
			}
		}
	})
}

// BenchmarkEpollAttempt reports what an attempt costs this process, the server
// on its other threads included; allocations are the engine's alone.
func BenchmarkEpollAttempt(b *testing.B) {
	cfg := quick(silentServer(b), "blocking", int64(b.N))
	cfg.Concurrency, cfg.Workers = 32, 1
	b.ReportAllocs()
	b.ResetTimer()
	r, err := Run(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	if r.Counts[results.Delivered] != int64(b.N) {
		b.Errorf("outcomes %v", r.Counts)
	}
}
