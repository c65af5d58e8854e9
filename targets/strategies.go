package targets

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// Strategy is a way of rejecting connections above the limit.
type Strategy struct {
	Name    string
	Summary string // its steps in their order
	UsedBy  string // servers that close in this way
	Cost    string // of a rejection to the server
	Fails   string // when the client loses the answer

	// Queues is set if connections above the limit wait in the backlog. The server
	// never accepts them, so they are not in its ledger.
	Queues bool

	// reject answers and closes one connection. It is nil for a strategy that
	// rejects no accepted connection itself.
	reject func(c tcpConn, b Bounds) error

	// longestHold returns for how long a client that keeps sending single bytes can
	// hold a rejected connection, with the defaults in b. Every strategy with reject
	// has it. It is nil if this program does not bound that time.
	longestHold func(b Bounds) Hold

	// serve accepts the connections; nil accepts all, admits them up to the limit
	// and calls reject above it.
	serve func(*Server) error
	// control sets options of the listening socket; nil sets none.
	control func(b Bounds, c syscall.RawConn) error
	// lingers is set if Bounds.Lingerers applies to the strategy.
	lingers bool
	// linux is set if the strategy needs system calls of Linux.
	linux bool
}

// Strategies is the one table of the strategies and their names.
var Strategies = []Strategy{
	{
		Name:        "linger-zero",
		Summary:     "503, SO_LINGER 0, close",
		UsedBy:      "nginx reset_timedout_connection with return 444; HAProxy tcp-request connection reject (both without the answer)",
		Cost:        "one write; no FIN_WAIT and no TIME_WAIT",
		Fails:       "always resets: the server never retransmits a lost or queued answer, and a client that is still sending sees the reset first",
		reject:      rejectLingerZero,
		longestHold: holdsNothing,
	},
	{
		Name:        "close",
		Summary:     "503, close",
		UsedBy:      "limiters that reject in the accept loop, before they read",
		Cost:        "one write",
		Fails:       "resets if the request has arrived unread or arrives later; an HTTP client may get the answer before it has sent its request",
		reject:      rejectClose,
		longestHold: holdsNothing,
	},
	{
		Name:        "shutdown",
		Summary:     "503, shutdown(WR), close",
		UsedBy:      "Node.js after the last answer of a connection (destroySoon), once it has read the header",
		Cost:        "one write, and one more system call than close",
		Fails:       "as close; the half-close only changes the client's ECONNRESET into EPIPE",
		reject:      rejectShutdown,
		longestHold: holdsNothing,
	},
	{
		Name:        "read-header",
		Summary:     "read to the end of the header, 503, close",
		UsedBy:      "Netty, Seastar, HAProxy before 3.0 (with http-buffer-request once 16 kB are there), gunicorn's sync worker, Traffic Server, h2o for a body over limit-request-body (413)",
		Cost:        "a buffer and the time until the header is complete, which needs a limit",
		Fails:       "resets if a body is on its way",
		reject:      rejectReadHeader,
		longestHold: holdsForHeader,
	},
	{
		Name:        "read-request",
		Summary:     "read header and body, 503, close",
		UsedBy:      "Varnish, h2o before a mruby handler",
		Cost:        "the time and bandwidth of the whole upload before the answer",
		Fails:       "the kernel retransmits a lost answer, but a slow upload holds a connection up to the time limit",
		reject:      rejectReadRequest,
		longestHold: holdsForRequest,
	},
	{
		Name:        "lingering-close",
		Summary:     "503, shutdown(WR), discard until end-of-file, a byte limit or a time limit, close",
		UsedBy:      "nginx lingering_close, Apache httpd, lighttpd; without the half-close aiohttp, and Tomcat maxSwallowSize (but not after a 503)",
		Cost:        "a connection for one round trip at least and the time limit at most, and the bandwidth of the rest of the upload",
		Fails:       "resets a client that still sends when a limit is reached",
		reject:      rejectLingeringClose,
		longestHold: holdsForLingerTotal,
		lingers:     true,
	},
	{
		Name:        "wait-acked",
		Summary:     "503, shutdown(WR), close once the peer's kernel acknowledged the FIN, or a time limit",
		UsedBy:      "no well-known server; RFC 9112 9.6 allows it",
		Cost:        "a connection for one round trip, and up to 40 ms more if the peer delays its acknowledgement; unread data stays in the receive buffer meanwhile",
		Fails:       "the answer survives loss, but a client that is still sending gets a reset and may not read the answer it has received",
		reject:      rejectWaitAcked,
		longestHold: holdsForAckTimeout,
		linux:       true,
	},
	{
		Name:        "drain-until-acked",
		Summary:     "as wait-acked, but discard input meanwhile and until it has been quiet for a round trip; end-of-file or a time limit ends it",
		UsedBy:      "no well-known server",
		Cost:        "a connection for two round trips, and the bandwidth of the upload during them",
		Fails:       "resets a client that pauses its upload for more than a round trip (on a local network, while it is busy for a millisecond), or that still sends at the time limit",
		reject:      rejectDrainUntilAcked,
		longestHold: holdsForAckTimeout,
		lingers:     true,
		linux:       true,
	},
	{
		Name:        "drain-available",
		Summary:     "503, shutdown(WR), discard what is already there without blocking, close",
		UsedBy:      "Jetty consumeAvailable, hyper, without the half-close",
		Cost:        "a few reads",
		Fails:       "resets if data arrives a moment later: with any round trip, every upload larger than what has arrived",
		reject:      rejectDrainAvailable,
		longestHold: holdsNothing,
		linux:       true,
	},
	{
		Name:        "delayed-close",
		Summary:     "503, shutdown(WR), wait a fixed time without reading, close",
		UsedBy:      "Go net/http (500 ms, after it has read up to 256 KiB); Envoy delayed_close_timeout (1 s, without the half-close)",
		Cost:        "a connection and up to a full receive buffer for the whole delay, whatever the client does",
		Fails:       "resets uploads that last longer than the delay, and loses answers whose retransmission comes after the delay",
		reject:      rejectDelayedClose,
		longestHold: holdsForCloseDelay,
	},
	{
		Name:        "defer-accept",
		Summary:     "TCP_DEFER_ACCEPT on the listener, then as drain-available",
		UsedBy:      "nginx listen deferred and Apache httpd AcceptFilter set the option, but close in other ways",
		Cost:        "the kernel holds the connection until its first data; then a few reads",
		Fails:       "as drain-available, but never answers before the request",
		reject:      rejectDrainAvailable,
		longestHold: holdsNothing,
		control:     deferAccept,
		linux:       true,
	},
	{
		Name:    "backlog",
		Summary: "do not accept above the limit",
		UsedBy:  "Go netutil.LimitListener, Jetty ConnectionLimit, Tomcat maxConnections",
		Cost:    "a place in the accept queue",
		Fails:   "sends no answer: the client waits and then times out",
		Queues:  true,
		serve:   serveBelowLimit,
	},
	{
		Name:    "nethttp",
		Summary: "Go's net/http server with a limiting handler",
		UsedBy:  "Go programs, Caddy, Traefik",
		Cost:    "a goroutine and its buffers; reads up to 256 KiB of the body before the answer, and waits 500 ms after it if the body is longer",
		Fails:   "as delayed-close; does not wait after a request with Connection: close",
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

// rejectLingerZero answers and closes with a reset. An answer that is still in the
// send buffer is lost, as is one whose segment was dropped, because tcp_disconnect
// empties the write queue. The server keeps no state of the connection afterwards,
// so this strategy is used against floods.
func rejectLingerZero(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := writeAnswer(c); err != nil {
		return err
	}
	return c.SetLinger(0)
}

// rejectClose answers and closes. If the receive buffer has unread data, close
// sends a reset in place of a FIN (__tcp_close, RFC 1122 4.2.2.13). Otherwise the
// kernel answers data that arrives later with a reset. It works for a client that
// sends no body and reads before it sends more.
func rejectClose(c tcpConn, b Bounds) error {
	defer c.Close()
	return writeAnswer(c)
}

// rejectShutdown answers, half-closes and closes. The half-close only sends the FIN
// before the reset, so that a client that is still sending fails with EPIPE instead
// of ECONNRESET.
func rejectShutdown(c tcpConn, b Bounds) error {
	defer c.Close()
	return answerAndHalfClose(c)
}

// rejectReadHeader reads the request's header, answers and closes. It never answers
// before the request. A request without a body leaves no data unread; a body
// does. It answers even if the header is too long or too late.
func rejectReadHeader(c tcpConn, b Bounds) error {
	defer c.Close()
	err := readHeader(c, b)
	return errors.Join(err, writeAnswer(c))
}

// rejectReadRequest reads the whole request, answers and closes, so that no unread
// data causes a reset. It answers a client that waits for 100 Continue at once,
// because that client sends no body before. Its cost is the upload of a rejected
// request.
func rejectReadRequest(c tcpConn, b Bounds) error {
	defer c.Close()
	err := readRequest(c, b, answerExpectation)
	return errors.Join(err, writeAnswer(c))
}

// rejectLingeringClose answers, half-closes, and discards input until the client
// closes its side, as RFC 9112 9.6 describes. It closes earlier after LingerIdle
// without a byte, after LingerTotal, or after LingerBytes.
func rejectLingeringClose(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	return discard(c, b.LingerIdle, time.Now().Add(b.LingerTotal), b.LingerBytes)
}

// rejectWaitAcked answers, half-closes, and closes when the client's kernel has
// acknowledged the FIN and therefore the answer. Without loss that takes one round
// trip. A kernel may delay the acknowledgement while its program neither sends nor
// closes (tcp_fin only schedules one), in Linux for about 40 ms. The strategy does
// not read, so it resets a client that is still sending. The wait only protects the
// answer against loss.
func rejectWaitAcked(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	return waitAcked(c, b.AckTimeout)
}

// rejectDrainUntilAcked waits as rejectWaitAcked does, but discards input meanwhile
// and until no input has arrived for a round trip. By then the client has had the
// FIN for a round trip and has sent nothing more.
func rejectDrainUntilAcked(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	for end := time.Now().Add(b.AckTimeout); ; {
		rtt, err := roundTrip(c)
		if err != nil {
			return err
		}
		if err := discard(c, rtt+rtt/8+b.QuietFloor, end, 0); !errors.Is(err, errIdle) {
			return err
		}
		acked, err := finAcked(c)
		if err != nil {
			return err
		}
		// A busy server may wake late, when more input has already arrived.
		if n, err := available(c); acked && n == 0 || err != nil {
			return err
		}
	}
}

// rejectDrainAvailable answers, half-closes, discards the data that has arrived, and
// closes. It never waits, so it only helps a client whose whole request has
// arrived. The number of reads is limited because a fast sender could keep it busy.
func rejectDrainAvailable(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	return discardAvailable(c, 16)
}

// rejectDelayedClose answers, half-closes, and closes after CloseDelay, whatever the
// client does. The client has CloseDelay to read the answer before a reset. A
// longer upload fills the receive buffer and is reset.
func rejectDelayedClose(c tcpConn, b Bounds) error {
	defer c.Close()
	if err := answerAndHalfClose(c); err != nil {
		return err
	}
	time.Sleep(b.CloseDelay)
	return nil
}
