package targets

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// tcpConn is what a strategy needs of a connection: what *net.TCPConn has.
type tcpConn interface {
	net.Conn
	CloseWrite() error
	SetLinger(sec int) error
	SyscallConn() (syscall.RawConn, error)
}

var _ tcpConn = (*net.TCPConn)(nil)

// answerText is the 503 that every strategy sends, always the same bytes in one
// write, so that it leaves as one segment.
const answerText = "HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: text/plain\r\n" +
	"Content-Length: 21\r\n" +
	"Connection: close\r\n" +
	"Retry-After: 1\r\n" +
	"\r\n" +
	answerBody

const answerBody = "connection limit met\n"

// answerBytes saves a copy of Answer a connection.
var answerBytes = []byte(answerText)

func writeAnswer(c tcpConn) error {
	_, err := c.Write(answerBytes)
	return err
}

func answerAndHalfClose(c tcpConn) error {
	if err := writeAnswer(c); err != nil {
		return err
	}
	return c.CloseWrite()
}

// Bounds are the time and byte limits that a server holds a connection to. A
// zero field is its default.
type Bounds struct {
	// HeaderTimeout bounds each of: the TLS handshake, from accept; the wait for a
	// later request than the first; reading a header, from then. 0 is 10 s.
	HeaderTimeout time.Duration
	BodyTimeout   time.Duration // from the header's end to the body's; 0 is 30 s

	LingerIdle  time.Duration // lingering ends when no byte came for so long; 0 is 5 s (nginx lingering_timeout)
	LingerTotal time.Duration // lingering ends after so long; 0 is 30 s (nginx lingering_time)
	LingerBytes int64         // lingering ends after so many bytes; 0 is no limit (Tomcat maxSwallowSize has 2 MiB)

	// Lingerers is how many connections lingering-close and drain-until-acked
	// have at once at most; one above is closed as close would. 0 is no limit.
	Lingerers int

	CloseDelay time.Duration // how long delayed-close waits; 0 is 500 ms (Go net/http rstAvoidanceDelay; Envoy has 1 s)
	AckTimeout time.Duration // how long wait-acked and drain-until-acked wait; 0 is 5 s

	// QuietFloor is what drain-until-acked adds to the round trip for which
	// input must be quiet; 0 is 50 ms. Over a short round trip a sender that
	// only waits for a CPU would count as done: 50 uploads of 1 MiB over a link
	// without delay, on two CPUs, got 20% of the answers with 1 ms, 49% with
	// 5 ms, 98% with 20 ms and all of 450 with 50 ms.
	QuietFloor time.Duration
}

// withDefaults fills the zero fields in.
func (b Bounds) withDefaults() (Bounds, error) {
	for _, f := range []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"HeaderTimeout", &b.HeaderTimeout, 10 * time.Second},
		{"BodyTimeout", &b.BodyTimeout, 30 * time.Second},
		{"LingerIdle", &b.LingerIdle, 5 * time.Second},
		{"LingerTotal", &b.LingerTotal, 30 * time.Second},
		{"CloseDelay", &b.CloseDelay, 500 * time.Millisecond},
		{"AckTimeout", &b.AckTimeout, 5 * time.Second},
		{"QuietFloor", &b.QuietFloor, 50 * time.Millisecond},
	} {
		if *f.value < 0 {
			return b, errors.New(f.name + " is negative")
		}
		if *f.value == 0 {
			*f.value = f.zero
		}
	}
	if b.LingerBytes < 0 {
		return b, errors.New("LingerBytes is negative")
	}
	if b.Lingerers < 0 {
		return b, errors.New("the number of lingerers is negative")
	}
	return b, nil
}

// bufferSize is the longest header, and how much a discard reads at once.
const bufferSize = 16 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// discard reads and drops what comes until the first of: an error, which is
// io.EOF when the peer closed its side; idle passes without a byte; the time
// is over; at least limit bytes came (0 is no limit).
func discard(c tcpConn, idle time.Duration, over time.Time, limit int64) error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	for got := int64(0); limit == 0 || got < limit; {
		deadline, reached := time.Now().Add(idle), errIdle
		if deadline.After(over) {
			deadline, reached = over, errTimeLimit
		}
		if err := c.SetReadDeadline(deadline); err != nil {
			return err
		}
		n, err := c.Read(buf[:])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return reached
		}
		if err != nil {
			return err
		}
		got += int64(n)
	}
	return errByteLimit
}

// discardAvailable drops what has arrived, in at most so many reads, and never
// waits: it asks for no more than the kernel says is there.
func discardAvailable(c tcpConn, reads int) error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	for range reads {
		n, err := available(c)
		if n == 0 || err != nil {
			return err
		}
		if _, err := c.Read(buf[:min(n, len(buf))]); err != nil {
			return err
		}
	}
	return errByteLimit
}

// conn is an accepted connection with its ledger entry. It counts what the socket
// takes and gives, whatever is spoken above it. Reads, writes and
// closing may come from different goroutines, as they do under net/http and
// when a shutdown cuts.
type conn struct {
	*net.TCPConn
	accepted time.Time
	age      time.Duration // at the n-th request, for n > 1: no part of what rejecting that costs
	peer     peer
	records  bool          // what is written are records of TLS, one at a time
	decision atomic.Uint32 // a Decision
	answer   atomic.Int64
	tail     atomic.Int64 // of answer, what came after the last byte of text
	read     atomic.Int64
	unread   atomic.Int64 // valid once closed
	held     atomic.Int64 // nanoseconds from accept to close; valid once closed
	cut      atomic.Bool
	closing  sync.Once
	closeErr error
}

var _ tcpConn = (*conn)(nil)

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.answer.Add(int64(n))
	if c.records {
		c.noteTail(p[:n])
	}
	return n, err
}

// noteTail takes note of a record that was written. No answer's is as short as an
// alert's, so its length tells the one from the other.
func (c *conn) noteTail(record []byte) {
	tail := 0
	if len(record) == alertRecord {
		tail = alertRecord
	}
	c.tail.Store(int64(tail))
}

// Close notes how much is unread, then closes. Data may arrive between the
// two; nothing closes that gap but the kernel's own counters.
func (c *conn) Close() error {
	c.closing.Do(func() {
		n, err := available(c.TCPConn)
		if err != nil {
			n = -1
		}
		c.unread.Store(int64(n))
		c.closeErr = c.TCPConn.Close()
		c.held.Store(int64(time.Since(c.accepted)))
	})
	return c.closeErr
}

// entry returns the connection's line of the ledger; it must be closed.
func (c *conn) entry(end endReason) LedgerEntry {
	if c.cut.Load() {
		end = endCut
	}
	accepted := c.accepted.UnixNano()
	return LedgerEntry{
		PeerIP:   c.peer.ip,
		PeerPort: c.peer.port,
		Accepted: accepted,
		Closed:   accepted + c.held.Load(),
		Decision: Decision(c.decision.Load()),
		Answer:   c.answer.Load(),
		Tail:     c.tail.Load(),
		Read:     c.read.Load(),
		Unread:   c.unread.Load(),
		End:      end,
	}
}

// limitError is the error of an End that is a limit reached or a rule broken.
type limitError endReason

func (e limitError) Error() string { return endReasons[e].Summary }

var (
	errIdle          error = limitError(endIdleLimit)
	errTimeLimit     error = limitError(endTimeLimit)
	errByteLimit     error = limitError(endByteLimit)
	errHeaderTimeout error = limitError(endHeaderTimeout)
	errHeaderLimit   error = limitError(endHeaderLimit)
	errBodyTimeout   error = limitError(endBodyTimeout)
	errBadRequest    error = limitError(endBadRequest)
	errHandshake     error = limitError(endHandshakeFailed)
)

// Windows has resets under numbers of its own, which package syscall does not
// map to ECONNRESET; no other system uses them.
const (
	wsaeConnAborted = syscall.Errno(10053)
	wsaeConnReset   = syscall.Errno(10054)
)

// endReasonOf tells how a connection ended from what its strategy returned.
func endReasonOf(err error) endReason {
	var limit limitError
	switch {
	case err == nil:
		return endClosed
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ENOTCONN),
		errors.Is(err, wsaeConnAborted), errors.Is(err, wsaeConnReset):
		return endPeerReset
	case errors.As(err, &limit):
		return endReason(limit)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return endEOF
	}
	return endError
}
