package targets

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// forEachStrategy runs a test for every strategy.
func forEachStrategy(t *testing.T, f func(t *testing.T, name string)) {
	for _, row := range Strategies {
		t.Run(row.Name, func(t *testing.T) { f(t, row.Name) })
	}
}

// brisk keeps the strategies' waits short.
var brisk = Bounds{CloseDelay: 5 * time.Millisecond}

func TestEveryConnectionHasExactlyOneEntryUnderEveryStrategy(t *testing.T) {
	forEachStrategy(t, func(t *testing.T, name string) {
		t.Run("plain", func(t *testing.T) { everyConnectionHasExactlyOneEntry(t, name, false) })
		t.Run("tls", func(t *testing.T) { everyConnectionHasExactlyOneEntry(t, name, true) })
	})
}

func everyConnectionHasExactlyOneEntry(t *testing.T, name string, encrypted bool) {
	const clients, each = 8, 10
	limit, want := 0, Rejected
	if name == "backlog" {
		limit, want = 2, admitted // at 0 it accepts nothing
	}
	s := start(t, Config{Strategy: name, Limit: limit, TLS: encrypted, Bounds: brisk})
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range each {
				attempt(s, post("hello"))
			}
		})
	}
	wg.Wait()
	r := finish(s)
	connections := map[string]bool{} // told apart by time, too: a client may get the port of one that is gone
	for _, e := range r.Entries {
		connections[fmt.Sprint(peerAddr(e), e.Accepted)] = true
		if e.Decision != want || e.Answer == 0 || e.Closed < e.Accepted || e.End == endCut || e.End == endError {
			t.Errorf("%+v", e)
		}
	}
	if len(r.Entries) != clients*each || len(connections) != clients*each {
		t.Errorf("%d entries of %d connections, want %d", len(r.Entries), len(connections), clients*each)
	}
	if n := r.Server.Admitted + r.Server.Rejected; r.Server.Accepted != clients*each || n != clients*each {
		t.Errorf("%+v", r.Server)
	}
	var ends int64
	for _, n := range r.Server.Ends {
		ends += n
	}
	if ends != r.Server.Rejected || r.Server.HoldMs.Count != r.Server.Rejected {
		t.Errorf("ends %v and holds %d of %d rejections", r.Server.Ends, r.Server.HoldMs.Count, r.Server.Rejected)
	}
	if p := r.Server.PeakOpen; p < 1 || p > clients*each {
		t.Errorf("peak of %d", p)
	}
}

func TestBelowTheLimitEveryStrategyAdmits(t *testing.T) {
	const header = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
	forEachStrategy(t, func(t *testing.T, name string) {
		s := start(t, Config{Strategy: name, Limit: 1})
		for _, request := range []string{
			get(),
			post(strings.Repeat("x", 300_000)),
			header + "5\r\nhello\r\n0\r\n\r\n",
		} {
			// One client in a closed loop never reaches a limit of one: its slot
			// is free before it has the answer.
			c := dial(t, s)
			send(t, c, request)
			if got := status(t, c); got != 200 {
				t.Errorf("status %d for %.40q", got, request)
			}
			c.Close()
		}
		r := finish(s)
		if r.Server.Admitted != 3 || r.Server.Rejected != 0 {
			t.Errorf("%+v", r.Server)
		}
	})
}

func TestAnAdmittedRequestWithSegmentsOfOneByteIsServed(t *testing.T) {
	s := start(t, Config{Strategy: "close", Limit: 1})
	c := dial(t, s)
	for _, b := range []byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n") {
		send(t, c, string(b))
	}
	if got := status(t, c); got != 200 {
		t.Errorf("status %d", got)
	}
}

// hold occupies a slot: it sends a header, and returns when the server has sent
// 100 Continue.
func hold(t *testing.T, s *Server) *net.TCPConn {
	t.Helper()
	c := dial(t, s)
	send(t, c, "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	b := make([]byte, len(continueBytes))
	if _, err := c.Read(b); err != nil || !bytes.Equal(b, continueBytes) {
		t.Fatalf("%q, %v", b, err)
	}
	return c
}

func TestAtMostLimitAreAdmittedAtOnceAndOthersRejected(t *testing.T) {
	forEachStrategy(t, func(t *testing.T, name string) {
		if name == "backlog" {
			t.Skip("rejects nobody; see TestBacklogAcceptsWhenASlotIsFree")
		}
		const limit, above = 3, 5
		s := start(t, Config{Strategy: name, Limit: limit, ServiceTime: time.Millisecond, Bounds: brisk})
		var held []*net.TCPConn
		for range limit {
			held = append(held, hold(t, s))
		}
		for range above {
			attempt(s, get())
		}
		for _, c := range held {
			send(t, c, "body")
			if got := status(t, c); got != 200 {
				t.Errorf("status %d for an admitted request", got)
			}
			c.Close()
		}
		last := dial(t, s)
		send(t, last, get())
		if got := status(t, last); got != 200 {
			t.Errorf("status %d although every place is free", got)
		}
		last.Close()
		r := finish(s)
		if r.Server.Admitted != limit+1 || r.Server.Rejected != above || r.Server.PeakOpen < limit+1 {
			t.Errorf("%+v", r.Server)
		}
	})
}

func TestBacklogAcceptsWhenASlotIsFree(t *testing.T) {
	s := start(t, Config{Strategy: "backlog", Limit: 1})
	first := hold(t, s)
	second := dial(t, s)
	send(t, second, get())
	send(t, first, "body")
	if a, b := status(t, first), status(t, second); a != 200 || b != 200 {
		t.Errorf("status %d and %d", a, b)
	}
	first.Close()
	second.Close()
	r := finish(s)
	if r.Server.Admitted != 2 || r.Server.Rejected != 0 {
		t.Errorf("%+v", r)
	}
}

func TestBacklogOfLimitZeroAcceptsNobodyAndStops(t *testing.T) {
	s := start(t, Config{Strategy: "backlog"})
	c := dial(t, s)
	send(t, c, get())
	if r := finish(s); len(r.Entries) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestAnAdmittedClientGetsTheStatusOfItsError(t *testing.T) {
	long := get("X-Long: ", strings.Repeat("x", 2*bufferSize), "\r\n")
	for _, test := range []struct {
		name, request string
		bounds        Bounds
		status        int
		end           endReason
	}{
		{"silent", "", Bounds{HeaderTimeout: 20 * time.Millisecond}, 408, endHeaderTimeout},
		{"half a body", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", Bounds{BodyTimeout: 20 * time.Millisecond}, 408, endBodyTimeout},
		{"long header", long, Bounds{}, 431, endHeaderLimit},
		{"not HTTP", "ehlo\r\n\r\n", Bounds{}, 400, endBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, Config{Strategy: "close", Limit: 1, Bounds: test.bounds})
			c := dial(t, s)
			send(t, c, test.request)
			if got := status(t, c); got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
			c.Close()
			r := finish(s)
			if e := r.Entries[0]; e.Decision != admitted || e.End != test.end {
				t.Errorf("%+v, want end %v", e, test.end)
			}
		})
	}
}

func TestNetHTTPLeavesASilentClientUndecided(t *testing.T) {
	s := start(t, Config{Strategy: "nethttp", Bounds: Bounds{HeaderTimeout: 20 * time.Millisecond}})
	awaitEnd(dial(t, s))
	r := finish(s)
	if e := r.Entries[0]; e.Decision != undecided || e.End != endHeaderTimeout || r.Server.Accepted != 1 || r.Server.Rejected != 0 {
		t.Errorf("%+v", r)
	}
}

// net/http half-closes and waits 500 ms only when it sees CloseWrite through
// the server's wrapper.
func TestNetHTTPKeepsItsOwnWaitBeforeTheClose(t *testing.T) {
	s := start(t, Config{Strategy: "nethttp"})
	c := dial(t, s)
	send(t, c, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n")
	if got := status(t, c); got != 503 {
		t.Errorf("status %d", got)
	}
	awaitEnd(c)
	e := finish(s).Entries[0]
	if held := time.Duration(e.Closed - e.Accepted); e.Decision != Rejected || held < 400*time.Millisecond {
		t.Errorf("%+v held %v", e, held)
	}
}

func TestShutdownGivesGraceAndThenCuts(t *testing.T) {
	for _, test := range []struct {
		strategy string
		limit    int
	}{{"lingering-close", 0}, {"delayed-close", 0}, {"close", 1}, {"backlog", 1}, {"nethttp", 0}, {"nethttp", 1}} {
		t.Run(fmt.Sprintf("%s/%d", test.strategy, test.limit), func(t *testing.T) {
			s := start(t, Config{Strategy: test.strategy, Limit: test.limit, ServiceTime: time.Hour, Bounds: Bounds{CloseDelay: 2 * time.Second}})
			if test.limit > 0 {
				send(t, hold(t, s), "body")
			} else {
				c := dial(t, s)
				send(t, c, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n")
				if got := status(t, c); got != 503 {
					t.Errorf("status %d", got)
				}
			}
			s.Shutdown(time.Millisecond)
			r := s.Report()
			if len(r.Entries) != 1 || r.Entries[0].End != endCut {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestServeEndsWithItsContextAndShutdownLeavesNothing(t *testing.T) {
	for _, name := range []string{"close", "backlog", "nethttp"} {
		s, err := Listen(t.Context(), Config{Listen: "127.0.0.1:0", Strategy: name})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Serve(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.Shutdown(patience)
	}
}

func TestAReportSurvivesGob(t *testing.T) {
	s := start(t, Config{Strategy: "read-request"})
	for range 3 {
		attempt(s, post("hello"))
	}
	sent := finish(s)
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(sent); err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := gob.NewDecoder(&b).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sent, got); diff != "" || got.Server.Rejected != 3 {
		t.Error(diff)
	}
}

// A ledger of a million entries must cross a pipe between two cells.
func BenchmarkGobOfAMillionEntries(b *testing.B) {
	r := Report{Entries: make([]LedgerEntry, 1_000_000)}
	for i := range r.Entries {
		r.Entries[i] = LedgerEntry{PeerPort: uint16(i), Accepted: 1 << 60, Closed: 1 << 60, Answer: 138, Read: 1 << 16}
		copy(r.Entries[i].PeerIP[10:], []byte{255, 255, 10, 0, 0, 1})
	}
	for b.Loop() {
		var buf bytes.Buffer
		if err := gob.NewEncoder(&buf).Encode(r); err != nil {
			b.Fatal(err)
		}
		n := buf.Len()
		if err := gob.NewDecoder(&buf).Decode(new(Report)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n)/float64(len(r.Entries)), "bytes/entry")
	}
}
