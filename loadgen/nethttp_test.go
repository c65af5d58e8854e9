package loadgen

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

func TestNetHTTPFollowsNoRedirect(t *testing.T) {
	var requests atomic.Int64
	addr := server(t, func(c *net.TCPConn) {
		requests.Add(1)
		readHead(c)
		say(c, "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
		untilGone(c)
	})
	r := run(t, engines()[0], quick(addr, "nethttp", 3))
	wantOutcome(t, r, results.BadResponse)
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// The Transport discards an answer that arrives before it has a request for it. The
// bytes arrived, but the application got an error.
func TestNetHTTPAnswerBeforeTheRequestIsDeliveredOrBadResponse(t *testing.T) {
	addr := server(t, func(c *net.TCPConn) { say(c, keepOpen); untilGone(c) })
	r := run(t, engines()[0], quick(addr, "nethttp", 200))
	for _, a := range r.Attempts {
		// Delivered when the request was faster.
		if a.Outcome != results.Delivered && a.Outcome != results.BadResponse {
			t.Errorf("%v: %+v", a.Outcome, a)
		}
	}
}

// A second connection for one attempt would count one rejection twice.
func TestSecondConnectionOfAnAttemptIsAnError(t *testing.T) {
	addr := server(t, func(c *net.TCPConn) { untilGone(c) })
	w := &recordedConn{closed: make(chan struct{})}
	cfg := quick(addr, "nethttp", 1)
	conn, err := w.dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := w.dial(t.Context(), cfg); !errors.Is(err, errSecondConnection) {
		t.Errorf("second connection: %v", err)
	}
	if n := (&httpExchange{Attempt: &Attempt{}, conn: &recordedConn{}}).settle(); n != 0 {
		t.Errorf("%d connections, want 0", n)
	}
}

func TestRequestURL(t *testing.T) {
	addr := netip.MustParseAddrPort("[::1]:81")
	for _, c := range []struct {
		target Target
		want   string
	}{
		{Target{Addr: addr}, "http://[::1]:81"},
		{Target{Addr: addr, Host: "a.example", Path: "/b%2fc?d=%20"}, "http://a.example/b%2fc?d=%20"},
	} {
		if got, err := requestURL(c.target); err != nil || got != c.want {
			t.Errorf("%+v: %s, %v, want %s", c.target, got, err, c.want)
		}
	}
	if _, err := requestURL(Target{Addr: addr, Path: "no path"}); err == nil {
		t.Error("a request target without a slash is taken")
	}
}

// ECONNRESET counts, whatever the order in which the Transport's goroutines report
// their calls.
func TestRecordedConnPrefersAResetToItsAftermath(t *testing.T) {
	type noted struct {
		call call
		err  error
	}
	for _, c := range []struct {
		name  string
		notes []noted
		want  failure
	}{
		{"the first", []noted{{callReceive, io.EOF}, {callSend, syscall.EPIPE}}, failure{call: callReceive}},
		{"a reset after its aftermath", []noted{{callSend, syscall.EPIPE}, {callReceive, syscall.ECONNRESET}}, failure{callReceive, syscall.ECONNRESET, false}},
		{"a reset before its aftermath", []noted{{callSend, syscall.ECONNRESET}, {callReceive, io.EOF}}, failure{callSend, syscall.ECONNRESET, false}},
		{"a time limit", []noted{{callSend, os.ErrDeadlineExceeded}}, failure{callSend, 0, true}},
	} {
		var w recordedConn
		w.note(callReceive, net.ErrClosed)
		if w.failed {
			t.Error("the Transport's own close is a failure")
		}
		for _, n := range c.notes {
			w.note(n.call, n.err)
		}
		if !w.failed || w.first != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, w.first, c.want)
		}
	}
}
