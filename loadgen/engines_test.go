package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rejectbench/rejectbench/results"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(stallVariable); url != "" {
		os.Exit(stalledFleet(url))
	}
	goleak.VerifyTestMain(m)
}

// stallVariable has this test binary run a fleet against a URL. See stalledFleet.
const stallVariable = "LOADGEN_STALL_URL"

// engine is one way of running a fleet. All engines must report the same for the
// same server.
type engine struct {
	name string
	run  func(context.Context, Config) (*Result, error)
}

func engines() []engine {
	all := []engine{{"portable", func(ctx context.Context, cfg Config) (*Result, error) {
		cfg.Portable = true
		return Run(ctx, cfg)
	}}}
	if hasEpoll {
		all = append(all, engine{"epoll", Run})
	}
	return all
}

// server runs handle on each connection to a loopback address in a separate
// goroutine, and then closes the connection. The end of the test closes all
// connections and waits for the goroutines.
func server(t testing.TB, handle func(*net.TCPConn)) netip.AddrPort {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			running.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(time.Minute)) // a stuck test fails, not hangs
				defer context.AfterFunc(t.Context(), func() { c.Close() })()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// Building blocks of servers.

func readHead(c io.Reader) {
	var end [4]byte // a sliding window, so that not a byte of the body is read
	for b := make([]byte, 1); string(end[:]) != "\r\n\r\n"; {
		if _, err := c.Read(b); err != nil {
			return
		}
		copy(end[:], end[1:])
		end[3] = b[0]
	}
}

// readRequest reads the header and a body of n bytes.
func readRequest(c io.Reader, n int64) {
	readHead(c)
	_, _ = io.CopyN(io.Discard, c, n)
}

func say(c io.Writer, s string) { _, _ = io.WriteString(c, s) }

// untilGone waits until the client has closed.
func untilGone(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }

// overtake reads the header and one byte of the body, which leaves more of it
// unread: a client sends a body in larger pieces.
func overtake(c io.Reader) { readRequest(c, 1) }

// hold keeps the connection for a time without reading from it.
func hold(d time.Duration) { time.Sleep(d) }

// keep keeps the connection without reading until the end of the test: even a late
// client reaches its time limit and no reset.
func keep(c *net.TCPConn) {
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Read(func(uintptr) bool { return false })
	}
}

// reset makes the close that follows a reset.
func reset(c *net.TCPConn) { _ = c.SetLinger(0) }

const bigBody = 16 << 20 // more than the socket buffers of both sides take from a client that is not read

// story is a server and how an attempt on it must end, for each client.
type story struct {
	name   string
	body   int64
	handle func(c *net.TCPConn, body int64)
	want   wanted
	cfg    func(*Config) // nil changes nothing
}

// wanted maps clients to the outcomes that they may have; "" is all others. More
// than one means that the kernel or the library decides by timing.
type wanted map[string][]results.Outcome

func (w wanted) outcomes(client string) []results.Outcome {
	if o, ok := w[client]; ok {
		return o
	}
	return w[""]
}

// order is atOnce for clients that reach a time limit.
func (s story) order() order {
	if s.cfg != nil {
		return atOnce
	}
	return parallel
}

func only(o ...results.Outcome) wanted { return wanted{"": o} }

func shortReceive(cfg *Config) {
	cfg.ReceiveTimeout = 150 * time.Millisecond
	if cfg.Nth > 1 { // the answers to the earlier requests have to come within it
		cfg.ReceiveTimeout, cfg.Concurrency = 3*time.Second, 4
	}
}

var stories = []story{
	{
		name: "whole 2xx is admitted", body: 1000, want: only(results.Admitted),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, answer200); untilGone(c) },
	},
	{
		name: "whole 2xx then a reset is admitted", want: only(results.Admitted),
		handle: func(c *net.TCPConn, n int64) {
			readRequest(c, n)
			say(c, strings.Replace(answer200, "\r\n", "\r\nConnection: close\r\n", 1))
			reset(c)
		},
	},
	{
		name: "whole 503 then the end is delivered", body: 1000, want: only(results.Delivered),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, answer503) },
	},
	{
		name: "whole 503 on a connection that stays open is delivered", want: only(results.Delivered),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, keepOpen); untilGone(c) },
	},
	{
		name: "whole 503 without the end it announced is delivered", want: only(results.Delivered),
		cfg:    func(cfg *Config) { cfg.EndWait = 50 * time.Millisecond },
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, answer503); untilGone(c) },
	},
	{
		name: "503 delimited by the end is delivered", want: only(results.Delivered),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, untilEnd) },
	},
	{
		name: "503 delimited by the end and cut by a reset is truncated", want: only(results.Truncated),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, untilEnd); reset(c) },
	},
	{
		name: "whole 503 then a reset is delivered-then-reset", body: 1000,
		want: wanted{
			"":        {results.DeliveredThenReset},
			"nethttp": {results.Delivered}, // does not read on
		},
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, answer503); reset(c) },
	},
	{
		name: "part of a 503 then the end is truncated", want: only(results.Truncated),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, partOf503) },
	},
	{
		name: "part of a 503 then a reset is truncated", want: only(results.Truncated),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, partOf503); reset(c) },
	},
	{
		name: "part of a status line then the end is truncated", want: only(results.Truncated),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, "HTTP/1.1 50") },
	},
	{
		name: "the end without an answer is closed", body: 1000, want: only(results.Closed),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n) },
	},
	{
		name: "a reset without an answer is reset-receive", body: 1000, want: only(results.ResetReceive),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); reset(c) },
	},
	{
		name: "garbage is bad-response", want: only(results.BadResponse),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, garbage); untilGone(c) },
	},
	{
		name: "garbage then a reset is bad-response", want: only(results.BadResponse),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, garbage); reset(c) },
	},
	{
		name: "another status is bad-response", want: only(results.BadResponse),
		handle: func(c *net.TCPConn, n int64) { readRequest(c, n); say(c, answer404); untilGone(c) },
	},
	{
		name: "a header without end is bad-response", want: only(results.BadResponse),
		handle: func(c *net.TCPConn, n int64) {
			readRequest(c, n)
			say(c, statusOnly)
			for line := strings.Repeat("X-Filler: y\r\n", 100); ; {
				if _, err := io.WriteString(c, line); err != nil {
					return
				}
			}
		},
	},
	{
		name: "no answer is timeout-receive", body: 1000, want: only(results.TimeoutReceive), cfg: shortReceive,
		handle: func(c *net.TCPConn, n int64) { untilGone(c) },
	},
	{
		name: "an answer that drips is timeout-receive", want: only(results.TimeoutReceive), cfg: shortReceive,
		handle: func(c *net.TCPConn, n int64) {
			readRequest(c, n)
			drip := time.NewTicker(10 * time.Millisecond)
			defer drip.Stop()
			for i := 0; ; i++ { // a letter of an endless reason phrase at a time
				s := "x"
				if i == 0 {
					s = "HTTP/1.1 503 "
				}
				if _, err := io.WriteString(c, s); err != nil {
					return
				}
				<-drip.C
			}
		},
	},
	{
		name: "a request that is not taken is timeout-send", body: bigBody, want: only(results.TimeoutSend),
		cfg: func(cfg *Config) { cfg.SendTimeout = 200 * time.Millisecond },
		handle: func(c *net.TCPConn, _ int64) {
			readHead(c)
			keep(c)
		},
	},
	{
		name: "a reset in the middle of the request is reset-send", body: bigBody,
		want: wanted{
			"":        {results.ResetSend},
			"duplex":  {results.ResetSend, results.ResetReceive}, // whichever call meets it
			"nethttp": {results.ResetSend, results.ResetReceive},
		},
		handle: func(c *net.TCPConn, _ int64) { overtake(c) }, // closed with unread data
	},
	{
		name: "a reset after the end in the middle of the request is broken-pipe", body: bigBody,
		want: wanted{
			"":        {results.BrokenPipe},
			"duplex":  {results.BrokenPipe, results.Closed, results.ResetReceive}, // reads the end first, or not
			"nethttp": {results.BrokenPipe, results.Closed, results.ResetReceive},
		},
		handle: func(c *net.TCPConn, _ int64) { overtake(c); _ = c.CloseWrite() },
	},
	{
		name: "a 503 that overtakes the request and a reset", body: bigBody,
		want: wanted{
			"blocking":    {results.ResetSend},
			"slow-reader": {results.ResetSend},
			"tolerant":    {results.DeliveredThenReset},
			"duplex":      {results.DeliveredThenReset},
			"nethttp":     {results.ResetSend, results.Delivered, results.DeliveredThenReset, results.Truncated},
		},
		handle: func(c *net.TCPConn, _ int64) { overtake(c); say(c, answer503) },
	},
	{
		name: "a 503 that overtakes the request and an end, then a reset", body: bigBody,
		want: wanted{
			"blocking":    {results.BrokenPipe},
			"slow-reader": {results.BrokenPipe},
			"tolerant":    {results.DeliveredThenReset},
			// The end may be read before the reset comes.
			"duplex":  {results.DeliveredThenReset, results.Delivered},
			"nethttp": {results.BrokenPipe, results.Delivered, results.DeliveredThenReset, results.Truncated},
		},
		handle: func(c *net.TCPConn, _ int64) { overtake(c); say(c, answer503); _ = c.CloseWrite() },
	},
	{
		name: "a 503 that overtakes the request, whose rest is drained", body: 8 << 20,
		want:   only(results.Delivered),
		handle: func(c *net.TCPConn, _ int64) { readHead(c); say(c, answer503); _ = c.CloseWrite(); untilGone(c) },
	},
	{
		name: "a 503 that overtakes a request that is not taken", body: bigBody,
		cfg: func(cfg *Config) {
			if cfg.Client != "duplex" && cfg.Client != "nethttp" { // these need time for the answer
				cfg.SendTimeout = 200 * time.Millisecond
			}
		},
		want: wanted{
			"":        {results.TimeoutSend},
			"duplex":  {results.Delivered}, // stops sending
			"nethttp": {results.Delivered},
		},
		handle: func(c *net.TCPConn, _ int64) {
			readHead(c)
			say(c, keepOpen)
			keep(c)
		},
	},
}

// run makes n attempts of one client and checks the invariants of every fleet.
func run(t *testing.T, e engine, cfg Config) *Result {
	t.Helper()
	r, err := e.run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	checkLedger(t, cfg, r)
	return r
}

// checkLedger checks the invariants of every fleet that was not cut.
func checkLedger(t *testing.T, cfg Config, r *Result) {
	t.Helper()
	if cfg.Requests > 0 && int64(len(r.Attempts))+r.unstarted != cfg.Requests && cfg.Duration == 0 {
		t.Errorf("%d attempts, want %d", len(r.Attempts), cfg.Requests)
	}
	if r.Counts.Total() != int64(len(r.Attempts)) {
		t.Errorf("outcomes add up to %d of %d attempts", r.Counts.Total(), len(r.Attempts))
	}
	size := int64(len(cfg.Target.request(cfg.BodyBytes))) + cfg.BodyBytes
	if cfg.Client == "nethttp" {
		size += 200 // its header is its own
	}
	earlier := int64(max(cfg.Nth-1, 0) * len(cfg.Target.earlier()))
	var end int64
	for i, a := range r.Attempts {
		switch {
		case a.Due < 0 || a.Started < a.Due || a.End < a.Started || a.End < end,
			a.Connected != 0 && (a.Connected < a.Started || a.Connected > a.End),
			a.FirstByte != 0 && (a.FirstByte < a.Connected+a.Earlier || a.FirstByte > a.End):
			t.Errorf("attempt %d: times out of order: %+v", i, a)
		case a.Sent < 0 || a.Sent > earlier+size, a.Received == 0 && a.FirstByte != 0, a.Received != 0 && a.FirstByte == 0 && cfg.Nth < 2:
			t.Errorf("attempt %d: bytes that cannot be: %+v", i, a)
		case a.Connected != 0 && a.LocalPort == 0:
			t.Errorf("attempt %d: connected from no port: %+v", i, a)
		case a.Outcome.IsDelivered() && a.Received == 0:
			t.Errorf("attempt %d: delivered without a byte: %+v", i, a)
		}
		end = a.End
	}
}

func TestEveryEngineReportsWhatTheServerDid(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			eachClient(t, s.order(), func(t *testing.T, e engine, client string) {
				s.check(t, e, client, server(t, func(c *net.TCPConn) { s.handle(c, s.body) }), 1)
			})
		})
	}
}

// check makes attempts on a server of the story as the n-th requests of their connections.
func (s story) check(t *testing.T, e engine, client string, addr netip.AddrPort, nth int) {
	t.Helper()
	cfg := quick(addr, client, 4)
	cfg.BodyBytes, cfg.Nth = s.body, nth
	if s.cfg != nil {
		s.cfg(&cfg)
	}
	want := s.want.outcomes(client)
	for i, a := range run(t, e, cfg).Attempts {
		if !slices.Contains(want, a.Outcome) {
			t.Errorf("attempt %d: %v, want %v: %+v", i, a.Outcome, want, a)
		}
	}
}

// patience is a time limit that no client reaches unless something hangs.
const patience = 20 * time.Second

// quick is a fleet of n attempts with time limits fit for a test.
func quick(addr netip.AddrPort, client string, n int64) Config {
	return Config{
		Target: Target{Addr: addr}, Client: client, Requests: n, Concurrency: 2,
		ConnectTimeout: patience, SendTimeout: patience, ReceiveTimeout: patience, EndWait: patience,
		ReadDelay: 20 * time.Millisecond,
	}
}

// order is how subtests follow each other.
type order int

const (
	inTurn   order = iota
	parallel       // as many at once as the flag -parallel allows
	atOnce         // all of them: they wait for time limits and need little CPU time
)

// subtest is the test of one client.
type subtest struct {
	name string
	run  func(t *testing.T)
}

func (o order) run(t *testing.T, subtests []subtest) {
	t.Helper()
	var running sync.WaitGroup
	for _, s := range subtests {
		switch o {
		case inTurn:
			t.Run(s.name, s.run)
		case parallel:
			t.Run(s.name, func(t *testing.T) { t.Parallel(); s.run(t) })
		case atOnce:
			running.Go(func() { t.Run(s.name, s.run) })
		}
	}
	running.Wait()
}

// eachClient runs f for every engine and each of its clients.
func eachClient(t *testing.T, o order, f func(t *testing.T, e engine, client string)) {
	t.Helper()
	var all []subtest
	for _, e := range engines() {
		for _, c := range Clients {
			if c.library && e.name != "portable" {
				continue // runs beside the engines, once
			}
			all = append(all, subtest{e.name + "/" + c.Name, func(t *testing.T) { f(t, e, c.Name) }})
		}
	}
	o.run(t, all)
}

func wantOutcome(t *testing.T, r *Result, want results.Outcome) {
	t.Helper()
	for i, a := range r.Attempts {
		if a.Outcome != want {
			t.Errorf("attempt %d: %v, want %v: %+v", i, a.Outcome, want, a)
		}
	}
}

func TestNoListenerIsRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	eachClient(t, inTurn, func(t *testing.T, e engine, client string) {
		r := run(t, e, quick(addr, client, 5))
		wantOutcome(t, r, results.Refused)
		for _, a := range r.Attempts {
			if a.Errno != syscall.ECONNREFUSED || a.Connected != 0 || a.Sent != 0 {
				t.Errorf("%+v", a)
			}
		}
	})
}

// A missing route to the server is a local error, not a rejection.
func TestUnreachableAddressIsLocalError(t *testing.T) {
	// TCP connects to no multicast address, and sends nothing to find out.
	addr := netip.MustParseAddrPort("224.0.0.1:80")
	eachClient(t, inTurn, func(t *testing.T, e engine, client string) {
		r := run(t, e, quick(addr, client, 3))
		wantOutcome(t, r, results.LocalError)
		for _, a := range r.Attempts {
			if a.Errno == 0 || a.Connected != 0 {
				t.Errorf("%+v", a)
			}
		}
	})
}

// If progress extended the time limit, a server that reads a byte now and then could
// hold a client without end.
func TestProgressDoesNotExtendTheSendTimeLimit(t *testing.T) {
	eachClient(t, atOnce, func(t *testing.T, e engine, client string) {
		done := make(chan struct{})
		defer close(done)
		addr := server(t, func(c *net.TCPConn) {
			sip := time.NewTicker(10 * time.Millisecond)
			defer sip.Stop()
			for b := make([]byte, 64<<10); ; {
				select {
				case <-sip.C:
					_, _ = c.Read(b)
				case <-done:
					return
				}
			}
		})
		cfg := quick(addr, client, 2)
		cfg.BodyBytes, cfg.SendTimeout = bigBody, 300*time.Millisecond
		r := run(t, e, cfg)
		wantOutcome(t, r, results.TimeoutSend)
		for _, a := range r.Attempts {
			if took := time.Duration(a.End - a.Connected); took < cfg.SendTimeout || took > patience {
				t.Errorf("sending was given up after %v, limit %v", took, cfg.SendTimeout)
			}
		}
	})
}

func TestSlowReaderWaitsBeforeItReads(t *testing.T) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			addr := server(t, func(c *net.TCPConn) { readRequest(c, 0); say(c, answer503) })
			cfg := quick(addr, "slow-reader", 4)
			cfg.ReadDelay = 60 * time.Millisecond
			for _, a := range run(t, e, cfg).Attempts {
				if waited := time.Duration(a.FirstByte - a.Connected); waited < cfg.ReadDelay {
					t.Errorf("first read after %v, want %v", waited, cfg.ReadDelay)
				}
			}
		})
	}
}

// The request is the same one, complete, whatever the client and the engine.
func TestRequestArrivesWhole(t *testing.T) {
	eachClient(t, inTurn, func(t *testing.T, e engine, client string) {
		for _, body := range []int64{0, 1, headPiece - 1, headPiece, headPiece + 1, 3*headPiece + 7} {
			got := make(chan arrivedRequest, 1)
			addr := server(t, func(c *net.TCPConn) {
				got <- readArrived(t, c)
				say(c, keepOpen)
				untilGone(c)
			})
			cfg := quick(addr, client, 1)
			cfg.BodyBytes, cfg.Target.Host, cfg.Target.Path = body, "server.example:81", "/a%20b?c=d"
			r := run(t, e, cfg)
			wantOutcome(t, r, results.Delivered)
			(<-got).check(t, cfg)
			if a := r.Attempts[0]; a.Sent <= body || a.Received != int64(len(keepOpen)) || a.LocalPort == 0 {
				t.Errorf("body %d: %+v", body, a)
			}
		}
	})
}

// arrivedRequest is a request as the server has read it.
type arrivedRequest struct {
	method, target, host string
	close                bool
	fields               http.Header
	body                 int64
	filler               bool // the body is only filler
}

func readArrived(t *testing.T, c io.Reader) arrivedRequest {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		t.Error(err)
		return arrivedRequest{}
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return arrivedRequest{r.Method, r.RequestURI, r.Host, r.Close, r.Header, int64(len(b)), len(bytes.Trim(b, "x")) == 0}
}

// check compares the request with what the fleet was asked to send.
func (q arrivedRequest) check(t *testing.T, cfg Config) {
	t.Helper()
	method, body := "POST", cfg.BodyBytes
	if body == 0 {
		method = "GET"
	}
	if q.method != method || q.target != cfg.Target.Path || q.host != cfg.Target.Host || q.close || q.body != body || !q.filler {
		t.Errorf("body %d: server read %+v", body, q)
	}
	for _, f := range []string{"Connection", "Expect", "Accept-Encoding", "Transfer-Encoding"} {
		if v := q.fields.Get(f); v != "" {
			t.Errorf("body %d: the request has %s: %s", body, f, v)
		}
	}
	if q.fields.Get("User-Agent") != "rejectbench" || q.fields.Get("Accept") != "*/*" {
		t.Errorf("body %d: fields %v", body, q.fields)
	}
}

func TestFleetOpensOneConnectionPerAttemptUpToItsConcurrency(t *testing.T) {
	eachClient(t, inTurn, func(t *testing.T, e engine, client string) {
		var accepted, open, peak atomic.Int64
		addr := server(t, func(c *net.TCPConn) {
			accepted.Add(1)
			now := open.Add(1)
			for p := peak.Load(); now > p && !peak.CompareAndSwap(p, now); p = peak.Load() {
			}
			readRequest(c, 0)
			// Before the answer: after it, the client may be at its next attempt.
			open.Add(-1)
			say(c, answer503)
		})
		cfg := quick(addr, client, 100)
		cfg.Concurrency = 8
		r := run(t, e, cfg)
		wantOutcome(t, r, results.Delivered)
		if n := accepted.Load(); n != cfg.Requests {
			t.Errorf("%d connections for %d attempts", n, cfg.Requests)
		}
		if p := peak.Load(); p > int64(cfg.Concurrency) {
			t.Errorf("%d connections at once, want at most %d", p, cfg.Concurrency)
		}
	})
}

func TestOpenLoopKeepsItsSchedule(t *testing.T) {
	eachClient(t, inTurn, func(t *testing.T, e engine, client string) {
		addr := server(t, func(c *net.TCPConn) { readRequest(c, 0); say(c, answer503) })
		cfg := quick(addr, client, 50)
		cfg.Rate, cfg.Concurrency = 500, 20
		r := run(t, e, cfg)
		due := make([]int64, 0, len(r.Attempts))
		for _, a := range r.Attempts {
			due = append(due, a.Due)
		}
		slices.Sort(due)
		for i, d := range due {
			if want := int64(i) * int64(2*time.Millisecond); d != want {
				t.Fatalf("attempt %d was due at %d, want %d", i, d, want)
			}
		}
		if n := r.lag.TotalCount(); n != cfg.Requests {
			t.Errorf("lag of %d attempts, want %d", n, cfg.Requests)
		}
		if r.Seconds < 0.098 {
			t.Errorf("50 attempts at 500/s took %v s", r.Seconds)
		}
	})
}

// An open loop that cannot keep up must say so rather than quietly become a closed one.
func TestAttemptsThatNeverStartedAreCounted(t *testing.T) {
	eachClient(t, atOnce, func(t *testing.T, e engine, client string) {
		addr := server(t, untilGone) // never answers: each attempt takes its slot for the time limit
		cfg := quick(addr, client, 0)
		cfg.Rate, cfg.Concurrency, cfg.Duration = 100, 2, 500*time.Millisecond
		cfg.ReceiveTimeout, cfg.ReadDelay = 200*time.Millisecond, time.Millisecond
		r := run(t, e, cfg)
		if r.unstarted == 0 || int64(len(r.Attempts))+r.unstarted != 50 {
			t.Errorf("%d attempts and %d unstarted, want 50 in all", len(r.Attempts), r.unstarted)
		}
		wantOutcome(t, r, results.TimeoutReceive)
	})
}

func TestClosedLoopEndsWithItsDuration(t *testing.T) {
	eachClient(t, atOnce, func(t *testing.T, e engine, client string) {
		addr := server(t, func(c *net.TCPConn) { readRequest(c, 0); say(c, answer503) })
		cfg := quick(addr, client, 0)
		cfg.Duration = time.Second // a fleet that gets no CPU for all of it makes no attempt
		r := run(t, e, cfg)
		if len(r.Attempts) == 0 || r.unstarted != 0 || r.lag != nil {
			t.Errorf("%d attempts, %d unstarted, lag %v", len(r.Attempts), r.unstarted, r.lag)
		}
		for _, a := range r.Attempts {
			if a.Due >= int64(cfg.Duration) {
				t.Errorf("due at %d, past the end", a.Due)
			}
		}
	})
}

func TestCancelCutsAttemptsInFlight(t *testing.T) {
	for _, phase := range []struct {
		name   string
		body   int64
		handle func(c *net.TCPConn, gone <-chan struct{})
	}{
		{"sending", bigBody, func(_ *net.TCPConn, gone <-chan struct{}) { <-gone }},
		{"receiving", 0, func(c *net.TCPConn, _ <-chan struct{}) { untilGone(c) }},
		{"waiting for the end", 0, func(c *net.TCPConn, _ <-chan struct{}) { readHead(c); say(c, answer503); untilGone(c) }},
	} {
		eachClient(t, inTurn, func(t *testing.T, e engine, client string) {
			gone := make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var connected atomic.Int64
			addr := server(t, func(c *net.TCPConn) {
				if connected.Add(1) == 4 {
					cancel() // before the answer: a client that does not wait for the end has then done all it was to
				}
				phase.handle(c, gone)
			})
			cfg := quick(addr, client, 4)
			cfg.Concurrency, cfg.BodyBytes = 4, phase.body
			cfg.SendTimeout, cfg.ReceiveTimeout, cfg.ReadDelay, cfg.EndWait = time.Minute, time.Minute, time.Minute, time.Minute
			began := time.Now()
			r, err := e.run(ctx, cfg)
			close(gone)
			if !errors.Is(err, context.Canceled) || r == nil {
				t.Fatalf("%s: result %v, error %v", phase.name, r, err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%s: the fleet took %v to stop", phase.name, took)
			}
			checkLedger(t, Config{Client: client, BodyBytes: cfg.BodyBytes}, r)
		})
	}
}

func TestFleetLeavesNoDescriptorOpen(t *testing.T) {
	open := func() int {
		d, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no way to count descriptors here")
		}
		return len(d)
	}
	addr := server(t, func(c *net.TCPConn) { readHead(c); say(c, answer503) })
	before := open()
	eachClient(t, inTurn, func(t *testing.T, e engine, client string) {
		cfg := quick(addr, client, 60)
		cfg.Concurrency, cfg.BodyBytes = 20, 1<<20
		run(t, e, cfg)
		// The server's side may close later.
		for over := time.Now().Add(patience); open() > before && time.Now().Before(over); {
			time.Sleep(10 * time.Millisecond)
		}
		if now := open(); now > before {
			t.Errorf("%d descriptors open, %d before", now, before)
		}
	})
}
