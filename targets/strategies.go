package targets

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// Strategy is a way of rejecting connections above the limit: the row of the
// vocabulary and what the server needs to know of it.
type Strategy struct {
	Name    string
	Summary string // what it does, in the order it does it
	UsedBy  string // servers that tear down so
	Cost    string // what a rejection costs the server
	Fails   string // where the client loses the answer

	// Queues is set when connections above the limit wait in the backlog: the
	// server never has them, so its ledger does not.
	Queues bool

	// reject answers and closes one connection. It is nil when the strategy
	// never gets that far with a connection of its own.
	reject func(c tcpConn, b Bounds) error

	// serve is how connections are accepted; nil accepts every one, admits it
	// up to the limit, and hands it to Reject above.
	serve func(*Server) error
	// control prepares the listening socket; nil leaves it as it is.
	control func(b Bounds, c syscall.RawConn) error
	// lingers is set when Bounds.Lingerers holds for it.
	lingers bool
	// linux is set when the strategy asks the kernel what only Linux tells.
	linux bool
}

// Strategies is the one table that strategy names come from.
var Strategies = []Strategy{
	{
		Name:    "linger-zero",
		Summary: "503, SO_LINGER 0, close",
		UsedBy:  "nginx reset_timedout_connection with return 444; HAProxy tcp-request connection reject (both without the answer)",
		Cost:    "one write; no FIN_WAIT and no TIME_WAIT",
		Fails:   "always resets: an answer that was lost or is still queued is never sent again, and a client still sending sees the reset first",
		reject:  rejectLingerZero,
	},
	{
		Name:    "close",
		Summary: "503, close",
		UsedBy:  "limiters that reject in the accept loop; h2o",
		Cost:    "one write",
		Fails:   "resets when the request has arrived unread or arrives later; an HTTP client may get the answer before it has asked",
		reject:  rejectClose,
	},
	{
		Name:    "shutdown",
		Summary: "503, shutdown(WR), close",
		UsedBy:  "Node.js (destroySoon)",
		Cost:    "one write and one more system call than close",
		Fails:   "as close: the half-close only turns the client's ECONNRESET into EPIPE",
		reject:  rejectShutdown,
	},
	{
		Name:    "read-header",
		Summary: "read to the end of the header, 503, close",
		UsedBy:  "Netty, Seastar, HAProxy before 3.0",
		Cost:    "the time and a buffer for the header; needs a time limit for it",
		Fails:   "resets when a body is on the way",
		reject:  rejectReadHeader,
	},
	{
		Name:    "read-request",
		Summary: "read header and body, 503, close",
		UsedBy:  "Varnish, HAProxy http-buffer-request",
		Cost:    "the whole upload in time and bandwidth, before the answer",
		Fails:   "a lost answer is repeated, but slow uploads hold a connection as long as they like up to the time limit",
		reject:  rejectReadRequest,
	},
	{
		Name:    "lingering-close",
		Summary: "503, shutdown(WR), discard until end-of-file, a byte limit or a time limit, close",
		UsedBy:  "nginx lingering_close, Apache httpd, lighttpd; Tomcat maxSwallowSize and aiohttp without the half-close",
		Cost:    "a connection for at least a round trip and at most the time limit, and the rest of the upload's bandwidth",
		Fails:   "a client that sends on past a limit is reset after all",
		reject:  rejectLingeringClose,
		lingers: true,
	},
	{
		Name:    "wait-acked",
		Summary: "503, shutdown(WR), close once the peer's kernel acknowledged the FIN, or a time limit",
		UsedBy:  "no well-known server; RFC 9112 9.6 allows it",
		Cost:    "a connection for one round trip, and up to 40 ms more while the peer delays its acknowledgement; unread data stays in the receive buffer meanwhile",
		Fails:   "the answer survives loss, but a client that is still sending gets a reset and may not look at what it received",
		reject:  rejectWaitAcked,
		linux:   true,
	},
	{
		Name:    "drain-until-acked",
		Summary: "as wait-acked, but discard input meanwhile and until it has been quiet for a round trip; end-of-file or a time limit ends it",
		UsedBy:  "no well-known server",
		Cost:    "a connection for two round trips, and the bandwidth of what is sent in them",
		Fails:   "a client that pauses its upload for more than a round trip (on a local network, for a millisecond of being busy elsewhere), or sends past the time limit",
		reject:  rejectDrainUntilAcked,
		lingers: true,
		linux:   true,
	},
	{
		Name:    "drain-available",
		Summary: "503, shutdown(WR), discard what is already there without blocking, close",
		UsedBy:  "Jetty consumeAvailable, hyper, without the half-close",
		Cost:    "a few reads",
		Fails:   "resets when anything arrives a moment later: at any round trip, every upload larger than what has arrived",
		reject:  rejectDrainAvailable,
		linux:   true,
	},
	{
		Name:    "delayed-close",
		Summary: "503, shutdown(WR), wait a fixed time without reading, close",
		UsedBy:  "Go net/http (500 ms); Envoy delayed_close_timeout (1 s, without the half-close)",
		Cost:    "a connection and up to a full receive buffer for the whole delay, whatever the client does",
		Fails:   "uploads that last longer than the delay, and answers that have to be repeated later than the delay",
		reject:  rejectDelayedClose,
	},
	{
		Name:    "defer-accept",
		Summary: "TCP_DEFER_ACCEPT on the listener, then as drain-available",
		UsedBy:  "nginx listen deferred and Apache httpd AcceptFilter set the option, with tear-downs of their own",
		Cost:    "the kernel holds the connection until its first data; then a few reads",
		Fails:   "as drain-available, but never answers before it was asked",
		reject:  rejectDrainAvailable,
		control: deferAccept,
		linux:   true,
	},
	{
		Name:    "backlog",
		Summary: "do not accept above the limit",
		UsedBy:  "Go netutil.LimitListener, Jetty ConnectionLimit, Tomcat maxConnections",
		Cost:    "a place in the accept queue",
		Fails:   "there is no answer: the client waits, then times out",
		Queues:  true,
		serve:   serveBelowLimit,
	},
	{
		Name:    "nethttp",
		Summary: "Go's net/http server with a limiting handler",
		UsedBy:  "Go programs, Caddy, Traefik",
		Cost:    "a goroutine and its buffers; reads up to 256 KiB of body before the answer, and waits 500 ms after it when the body is longer",
		Fails:   "as delayed-close; no wait at all for a request that says Connection: close",
		serve:   serveNetHTTP,
	},
}

// StrategyByName returns the row of a strategy.
func StrategyByName(name string) (Strategy, error) {
	for _, s := range Strategies {
		if s.Name == name {
			return s, nil
		}
	}
	return Strategy{}, fmt.Errorf("unknown strategy %q", name)
}

// rejectLingerZero answers, and then lets close destroy the connection with a reset.
// What has not left the send buffer by then is lost, and so is an answer whose
// segment was dropped: tcp_disconnect empties the write queue. The server keeps
// no trace of the connection, which is why it is used against floods.
func rejectLingerZero(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := writeAnswer(c); err != nil {
		return err
	}
	return c.SetLinger(0)
}

// rejectClose answers and closes. With unread data in the receive buffer close sends
// a reset in place of a FIN (__tcp_close, RFC 1122 4.2.2.13); without, any
// data that arrives afterwards is answered with one. Costs nothing and works for
// a client that sends no body and reads before it sends on.
func rejectClose(c tcpConn, b Bounds) error {
	defer c.Close()
	return writeAnswer(c)
}

// rejectShutdown answers, half-closes and closes. The half-close orders nothing that
// close would not: it moves the FIN before the reset, so that a client still
// sending fails with EPIPE rather than ECONNRESET.
func rejectShutdown(c tcpConn, b Bounds) error {
	defer c.Close()
	return answerAndHalfClose(c)
}

// rejectReadHeader reads the request's header, answers and closes. It never answers
// a client that has not asked, and a request without a body leaves nothing
// unread; a body does. A header that is too long or too late is answered all
// the same.
func rejectReadHeader(c tcpConn, b Bounds) error {
	defer c.Close()
	err := readHeader(c, b)
	return errors.Join(err, writeAnswer(c))
}

// rejectReadRequest reads the whole request, answers and closes, so that nothing is
// left to reset for. A client that waits for 100 Continue is answered at once:
// it holds its body back. The price is the upload, paid for a request that is
// turned away.
func rejectReadRequest(c tcpConn, b Bounds) error {
	defer c.Close()
	err := readRequest(c, b, answerExpectation)
	return errors.Join(err, writeAnswer(c))
}

// rejectLingeringClose answers, half-closes, and reads what the client still sends
// until it closes its side, as RFC 9112 9.6 describes. It gives up after
// LingerIdle without a byte, after LingerTotal, or after LingerBytes.
func rejectLingeringClose(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	return discard(c, b.LingerIdle, time.Now().Add(b.LingerTotal), b.LingerBytes)
}

// rejectWaitAcked answers, half-closes, and closes as soon as the client's kernel has
// acknowledged the FIN, and with it the answer: one round trip, unless
// something was lost and had to be repeated. A kernel whose program neither
// sends nor closes may hold the acknowledgement back (tcp_fin only schedules
// one), which takes Linux about 40 ms. It does not read, so a client that is
// still sending is reset; what the wait protects is the answer's way.
func rejectWaitAcked(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	return waitAcked(c, b.AckTimeout)
}

// rejectDrainUntilAcked waits as WaitAcked does, but reads meanwhile, and goes on
// until nothing has come for a round trip: by then the client has had the
// FIN for that long and has sent nothing more.
func rejectDrainUntilAcked(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	for over := time.Now().Add(b.AckTimeout); ; {
		rtt, err := roundTrip(c)
		if err != nil {
			return err
		}
		if err := discard(c, rtt+rtt/8+b.QuietFloor, over, 0); !errors.Is(err, errIdle) {
			return err
		}
		acked, err := finAcked(c)
		if err != nil {
			return err
		}
		// A busy server may wake late, and find that it was not quiet after all.
		if n, err := available(c); acked && n == 0 || err != nil {
			return err
		}
	}
}

// rejectDrainAvailable answers, half-closes, discards what has already arrived, and
// closes. It never waits, so it only helps a client whose whole request is
// there. The number of reads is limited, or a fast sender could keep it busy.
func rejectDrainAvailable(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	return discardAvailable(c, 16)
}

// rejectDelayedClose answers, half-closes, and closes after CloseDelay, whatever the
// client does. It separates the answer from the reset in time, so the client
// has CloseDelay to find the answer; an upload that goes on fills the receive
// buffer and is reset.
func rejectDelayedClose(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	time.Sleep(b.CloseDelay)
	return nil
}
