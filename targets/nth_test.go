package targets

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// client is a connection to a server, with or without TLS.
type client struct {
	net.Conn
	answers *bufio.Reader
	socket  *net.TCPConn
}

func dialAs(t *testing.T, s *Server) client {
	t.Helper()
	if !s.config.TLS {
		c := dial(t, s)
		return client{c, bufio.NewReader(c), c}
	}
	c := dialTLS(t, s)
	return client{c, bufio.NewReader(c), c.socket.TCPConn}
}

// next reads one answer of several.
func (c client) next(t *testing.T) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatalf("read an answer: %v", err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatalf("read an answer's body: %v", err)
	}
	return res
}

// earlier makes n requests that are answered with 200 on a connection that stays open.
func (c client) earlier(t *testing.T, n int) {
	t.Helper()
	for range n {
		send(t, c, post("earlier"))
		if res := c.next(t); res.StatusCode != 200 || res.Close {
			t.Fatalf("status %d, closes: %v", res.StatusCode, res.Close)
		}
	}
}

// forEachNth runs a test for the strategies that can reject a later request,
// with and without TLS.
func forEachNth(t *testing.T, f func(t *testing.T, cfg Config)) {
	forEachStrategy(t, func(t *testing.T, name string) {
		if name == "backlog" {
			t.Skip("accepts nobody above its limit")
		}
		for _, encrypted := range []bool{false, true} {
			t.Run(fmt.Sprintf("tls=%v", encrypted), func(t *testing.T) {
				f(t, Config{Strategy: name, Nth: 3, TLS: encrypted, Bounds: brisk})
			})
		}
	})
}

func TestOnlyTheNthRequestIsRejectedUnderEveryStrategy(t *testing.T) {
	forEachNth(t, func(t *testing.T, cfg Config) {
		s := start(t, cfg)
		const clients = 3
		for i := range clients {
			c := dialAs(t, s)
			c.earlier(t, cfg.Nth-1)
			send(t, c, post("hello"))
			if res := c.next(t); res.StatusCode != 503 || !res.Close {
				t.Errorf("status %d, closes: %v", res.StatusCode, res.Close)
			}
			c.Close()
			awaitEntries(t, s, i+1)
		}
		r := finish(s)
		if r.Server.Rejected != clients || r.Server.Accepted != clients || r.Server.Admitted != 0 || r.Server.HoldMs.Count != clients {
			t.Errorf("%+v", r.Server)
		}
		for _, e := range r.Entries {
			if e.Decision != Rejected || e.End == endError || e.End == endHandshakeFailed || e.End == endHeaderTimeout {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestOnlyTheNthRequestTakesASlotUnderEveryStrategy(t *testing.T) {
	forEachNth(t, func(t *testing.T, cfg Config) {
		cfg.Limit, cfg.ServiceTime = 1, time.Millisecond
		s := start(t, cfg)
		old := dialAs(t, s)
		old.earlier(t, cfg.Nth-1)
		c := dialAs(t, s)
		for _, ready := range []client{c, old} {
			if ready == c {
				c.earlier(t, cfg.Nth-1)
			}
			send(t, ready, post("hello"))
			if res := ready.next(t); res.StatusCode != 200 || !res.Close {
				t.Errorf("status %d, closes: %v", res.StatusCode, res.Close)
			}
			ready.Close()
		}
		if r := finish(s); r.Server.Admitted != 2 || r.Server.Rejected != 0 {
			t.Errorf("%+v", r.Server)
		}
	})
}

func TestTheNthRequestStaysUnreadUnlessTheStrategyReads(t *testing.T) {
	if !onLinux {
		t.Skip("needs Linux")
	}
	for _, encrypted := range []bool{false, true} {
		for strategy, reads := range map[string]bool{
			"close": false, "shutdown": false, "linger-zero": false, "delayed-close": false, "wait-acked": false,
			"drain-available": true, "read-request": true,
		} {
			t.Run(fmt.Sprintf("%s/tls=%v", strategy, encrypted), func(t *testing.T) {
				s := start(t, Config{Strategy: strategy, Nth: 2, TLS: encrypted, Bounds: brisk})
				c := dialAs(t, s)
				c.earlier(t, 1)
				request := post("hello")
				send(t, c, request)
				c.next(t)
				awaitEntries(t, s, 1)
				unread := int64(len(request))
				if encrypted {
					unread += alertRecord - 2 // of a record around it
				}
				if reads {
					unread = 0
				}
				if e := s.Report().Entries[0]; e.Unread != unread {
					t.Errorf("%d bytes unread, want %d", e.Unread, unread)
				}
			})
		}
	}
}

// The time before the n-th request is not part of the cost of its rejection.
func TestAHoldCountsFromTheNthRequest(t *testing.T) {
	if !onLinux {
		t.Skip("needs Linux")
	}
	s := start(t, Config{Strategy: "close", Nth: 2})
	c := dialAs(t, s)
	c.earlier(t, 1)
	time.Sleep(20 * time.Millisecond) // at least, so that the test never fails for being slow
	send(t, c, get())
	c.next(t)
	awaitEntries(t, s, 1)
	r := s.Report()
	e := r.Entries[0]
	lived := float64(e.Closed-e.Accepted) / 1e6
	if hold := r.Server.HoldMs.Max; lived < 20 || hold > lived-19 {
		t.Errorf("held for %v ms of %v", hold, lived)
	}
}

func TestAClientGoneBeforeItsNthRequestIsUndecided(t *testing.T) {
	for _, strategy := range []string{"close", "lingering-close", "nethttp"} {
		if strategy != "nethttp" && !onLinux {
			continue
		}
		for _, test := range []struct {
			name      string
			encrypted bool
			earlier   int
			idle      time.Duration
			leave     func(client)
			want      endReason
		}{
			{"closed", false, 1, 0, func(c client) { c.Close() }, endEOF},
			{"closed, half way", false, 2, 0, func(c client) { c.Close() }, endEOF},
			{"closed before the first", false, 0, 0, func(c client) { c.Close() }, endEOF},
			{"closed with close_notify", true, 2, 0, func(c client) { c.Close() }, endEOF},
			{"closed without", true, 2, 0, func(c client) { c.socket.Close() }, endEOF},
			{"close_notify alone", true, 2, 0, func(c client) { c.Conn.(tlsClient).CloseWrite() }, endEOF},
			{"reset", false, 2, 0, func(c client) { c.socket.SetLinger(0); c.socket.Close() }, endPeerReset},
			{"reset", true, 2, 0, func(c client) { c.socket.SetLinger(0); c.socket.Close() }, endPeerReset},
			// The limit also applies to the earlier requests and the handshake.
			{"idle", false, 2, 2 * time.Second, func(client) {}, endHeaderTimeout},
			{"idle", true, 2, 2 * time.Second, func(client) {}, endHeaderTimeout},
		} {
			t.Run(fmt.Sprintf("%s/%s/tls=%v", strategy, test.name, test.encrypted), func(t *testing.T) {
				s := start(t, Config{Strategy: strategy, Nth: 3, TLS: test.encrypted, Bounds: Bounds{HeaderTimeout: test.idle}})
				c := dialAs(t, s)
				c.earlier(t, test.earlier)
				test.leave(c)
				awaitEntries(t, s, 1)
				r := s.Report()
				if e := r.Entries[0]; e.Decision != undecided || e.End != test.want || r.Server.Rejected != 0 || r.Server.Admitted != 0 {
					t.Errorf("%+v, want it undecided and ended by %v", r, test.want)
				}
			})
		}
	}
}

func TestABadRequestBeforeTheNthIsAnsweredAndUndecided(t *testing.T) {
	if !onLinux {
		t.Skip("needs Linux")
	}
	for _, encrypted := range []bool{false, true} {
		s := start(t, Config{Strategy: "close", Nth: 3, TLS: encrypted})
		c := dialAs(t, s)
		c.earlier(t, 1)
		send(t, c, "ehlo\r\n\r\n")
		if res := c.next(t); res.StatusCode != 400 {
			t.Errorf("status %d", res.StatusCode)
		}
		io.Copy(io.Discard, c.answers) // or a close_notify unread would have the client reset
		c.Close()
		if e := finish(s).Entries[0]; e.Decision != undecided || e.End != endBadRequest {
			t.Errorf("%+v", e)
		}
	}
}

func TestShutdownCutsAConnectionThatWaitsForItsNthRequest(t *testing.T) {
	for _, strategy := range []string{"close", "nethttp"} {
		for _, encrypted := range []bool{false, true} {
			if strategy != "nethttp" && !onLinux {
				continue
			}
			s := start(t, Config{Strategy: strategy, Nth: 2, TLS: encrypted})
			dialAs(t, s).earlier(t, 1)
			s.Shutdown(0)
			if e := s.Report().Entries[0]; e.End != endCut || e.Decision != undecided {
				t.Errorf("%s: %+v", strategy, e)
			}
		}
	}
}

func TestAnInvalidRequestNumberIsAnError(t *testing.T) {
	for _, cfg := range []Config{{Strategy: "close", Nth: -1}, {Strategy: "nethttp", Nth: -1}, {Strategy: "backlog", Nth: 2}} {
		cfg.Listen = "127.0.0.1:0"
		if _, err := Listen(t.Context(), cfg); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
	for _, strategy := range []string{"close", "backlog"} {
		start(t, Config{Strategy: strategy, Nth: 1})
	}
}

func TestRequestsOfAConnectionAreSeparatedForEverySplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 5).Draw(t, "n")
		var all []byte
		var last string
		for range n {
			last = drawRequest(t)
			all = append(all, last...)
		}
		c := &script{}
		for len(all) > 0 {
			size := rapid.IntRange(1, len(all)).Draw(t, "piece")
			c.pieces = append(c.pieces, bytes.Clone(all[:size]))
			all = all[size:]
		}
		r := &readAhead{tcpConn: c}
		for i := range n - 1 {
			over, err := readOne(r, Bounds{}, answerExpectation)
			if err != nil {
				t.Fatalf("request %d of %d: %v", i+1, n, err)
			}
			r.unread(over)
		}
		if rest, err := io.ReadAll(r); string(rest) != last || err != nil {
			t.Fatalf("left %q, %v, want %q", rest, err, last)
		}
	})
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	if !onLinux {
		t.Skip("needs Linux")
	}
	for _, encrypted := range []bool{false, true} {
		for _, strategy := range []string{"read-request", "read-header", "nethttp"} {
			for _, limit := range []int{0, 1} {
				for _, size := range []int{1, 2, 3, 19, 64, 100, recordText, 1 << 20} {
					t.Run(fmt.Sprintf("tls=%v/%s/limit=%d/%d", encrypted, strategy, limit, size), func(t *testing.T) {
						pipeline(t, Config{Strategy: strategy, Limit: limit, Nth: 4, TLS: encrypted}, size)
					})
				}
			}
		}
	}
}

// pipeline sends a server all requests of a connection at once and checks the
// answers. The size is that of a write: of a segment unless the kernel joins them,
// and with TLS of a record.
func pipeline(t *testing.T, cfg Config, size int) {
	t.Helper()
	n := cfg.Nth
	sent := strings.Repeat(get()+post(strings.Repeat("x", 50)), n/2)
	if size >= recordText {
		sent = strings.Repeat(post(strings.Repeat("x", recordText)), n)
	}
	s := start(t, cfg)
	c := dialAs(t, s)
	c.socket.SetNoDelay(true)
	wrote := make(chan error, 1)
	go func() {
		var err error
		for _, piece := range split([]byte(sent), size) {
			if err == nil {
				_, err = c.Write(piece)
			}
		}
		wrote <- err
	}()
	for i := range n - 1 {
		if res := c.next(t); res.StatusCode != 200 || res.Close {
			t.Errorf("answer %d: status %d, closes: %v", i+1, res.StatusCode, res.Close)
		}
	}
	want := map[int]int{0: 503, 1: 200}[cfg.Limit]
	if res := c.next(t); res.StatusCode != want || !res.Close {
		t.Errorf("answer %d: status %d, closes: %v", n, res.StatusCode, res.Close)
	}
	if err := <-wrote; err != nil && cfg.Limit == 1 {
		t.Error(err)
	}
	io.Copy(io.Discard, c.answers) // or a close_notify unread would have the client reset
	c.Close()
	e := finish(s).Entries[0]
	if e.Decision == undecided || e.End != endClosed && e.End != endEOF && cfg.Limit == 1 {
		t.Errorf("%+v", e)
	}
}

func TestPeekLeavesTheDataInTheKernel(t *testing.T) {
	if !onLinux {
		t.Skip("needs Linux")
	}
	c, s, _ := pair(t)
	send(t, c, "hello")
	for range 2 {
		b := make([]byte, 5)
		if err := peek(s, b, patience); err != nil || string(b) != "hello" {
			t.Fatalf("%q, %v", b, err)
		}
	}
	if n, err := available(s); n != 5 || err != nil {
		t.Errorf("%d bytes left, %v", n, err)
	}
	if _, err := io.ReadFull(s, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := peek(s, make([]byte, 1), patience); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}
