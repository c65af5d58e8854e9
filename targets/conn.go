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

// tcpConn has the methods of *net.TCPConn that a strategy needs.
type tcpConn interface {
	net.Conn
	CloseWrite() error
	SetLinger(sec int) error
	SyscallConn() (syscall.RawConn, error)
}

var _ tcpConn = (*net.TCPConn)(nil)

// answerText is the 503 of every strategy except nethttp, whose net/http writes its own
// header, and backlog, which sends none. It is written in one call, so that it
// leaves in one segment.
const answerText = "HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: text/plain\r\n" +
	"Content-Length: 21\r\n" +
	"Connection: close\r\n" +
	"Retry-After: 1\r\n" +
	"\r\n" +
	answerBody

const answerBody = "connection limit met\n"

// answerBytes avoids a conversion of answerText for each connection.
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

// Bounds are the time and byte limits of a connection. A zero field means its
// default.
type Bounds struct {
	// HeaderTimeout bounds each of three waits: the TLS handshake, from accept; the
	// wait for a later request than the first; reading a header. 0 is 10 s.
	HeaderTimeout time.Duration
	BodyTimeout   time.Duration // from the header's end to the body's; 0 is 30 s

	LingerIdle  time.Duration // lingering ends after this time without a byte; 0 is 5 s (nginx lingering_timeout)
	LingerTotal time.Duration // lingering ends after this time; 0 is 30 s (nginx lingering_time)
	LingerBytes int64         // lingering ends after this number of bytes; 0 is no limit (Tomcat maxSwallowSize is 2 MiB)

	// Lingerers is the maximum number of connections that linger at once in
	// lingering-close and drain-until-acked. The server closes further rejected
	// connections as the strategy close does. 0 is no limit.
	Lingerers int

	CloseDelay time.Duration // wait of delayed-close; 0 is 500 ms (Go net/http rstAvoidanceDelay; Envoy has 1 s)
	AckTimeout time.Duration // maximum wait of wait-acked and drain-until-acked; 0 is 5 s

	// QuietFloor is added to the round trip for which drain-until-acked needs no
	// input; 0 is 50 ms. Without it, over a short round trip a sender that waits for
	// a CPU would count as finished. 50 uploads of 1 MiB over a link without delay,
	// on two CPUs, got 20% of the answers with 1 ms, 49% with 5 ms, 98% with 20 ms
	// and all of 450 with 50 ms.
	QuietFloor time.Duration
}

// withDefaults returns b with a default for each zero field.
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
			return b, errors.New("negative " + f.name)
		}
		if *f.value == 0 {
			*f.value = f.zero
		}
	}
	if b.LingerBytes < 0 {
		return b, errors.New("negative LingerBytes")
	}
	if b.Lingerers < 0 {
		return b, errors.New("negative Lingerers")
	}
	return b, nil
}

// bufferSize is the maximum length of a header and of one discarding read, in bytes.
const bufferSize = 16 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// discard reads and discards input until one of: an error, which is io.EOF if the
// peer closed its side; no byte for the time idle; the time end; at least limit
// bytes read (0 is no limit).
func discard(c tcpConn, idle time.Duration, end time.Time, limit int64) error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	for got := int64(0); limit == 0 || got < limit; {
		deadline, reached := time.Now().Add(idle), errIdle
		if deadline.After(end) {
			deadline, reached = end, errTimeLimit
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

// discardAvailable discards the data in the receive buffer with at most the given
// number of reads. It never blocks: each read asks for at most the number of bytes
// that the kernel reports.
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

// conn is an accepted connection and the figures of its ledger entry. It counts
// the bytes of the socket, with or without TLS above it. Read, Write and Close may
// be called from different goroutines, as net/http and Shutdown do.
type conn struct {
	*net.TCPConn
	accepted time.Time
	earlier  time.Duration // from accept to the n-th request if n > 1; not part of the hold time of a rejection
	peer     peer
	records  bool          // each Write is one TLS record
	decision atomic.Uint32 // a Decision
	answer   atomic.Int64
	tail     atomic.Int64 // bytes of answer after the last byte of plaintext
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

// noteTail updates tail after a record was written. Only an alert has a record as
// short as alertRecord; every answer is longer.
func (c *conn) noteTail(record []byte) {
	tail := 0
	if len(record) == alertRecord {
		tail = alertRecord
	}
	c.tail.Store(int64(tail))
}

// Close records the number of unread bytes and closes the connection. Data may
// arrive between the two; only the kernel's counters include it.
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

// entry returns the connection's ledger entry. The connection must be closed.
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

// reasonError is the error for a reason other than an error of a system call.
type reasonError endReason

func (e reasonError) Error() string { return endReasons[e].Summary }

var (
	errIdle          error = reasonError(endIdleLimit)
	errTimeLimit     error = reasonError(endTimeLimit)
	errByteLimit     error = reasonError(endByteLimit)
	errHeaderTimeout error = reasonError(endHeaderTimeout)
	errHeaderLimit   error = reasonError(endHeaderLimit)
	errBodyTimeout   error = reasonError(endBodyTimeout)
	errBadRequest    error = reasonError(endBadRequest)
	errHandshake     error = reasonError(endHandshakeFailed)
)

// Windows reports resets under these numbers, which package syscall does not map
// to ECONNRESET. No other system uses them.
const (
	wsaeConnAborted = syscall.Errno(10053)
	wsaeConnReset   = syscall.Errno(10054)
)

// endReasonOf maps the error of a strategy to the reason for the connection's end.
func endReasonOf(err error) endReason {
	var reason reasonError
	switch {
	case err == nil:
		return endClosed
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ENOTCONN),
		errors.Is(err, wsaeConnAborted), errors.Is(err, wsaeConnReset):
		return endPeerReset
	case errors.As(err, &reason):
		return endReason(reason)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return endEOF
	}
	return endError
}
