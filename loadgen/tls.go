package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// tlsStream is the client's side of TLS 1.3 on an attempt's connection. It
// distinguishes two ends for which Read of crypto/tls returns io.EOF: a
// close_notify, and the connection's end between two records without one
// (readRecordOrCCS in conn.go of go1.26). It classifies errors by their number,
// never by their text: crypto/tls returns the system's errors, and data that arrived
// before a reset remains readable.
type tlsStream struct {
	*tls.Conn
	tcp           *underTLS
	handshakeDone bool // the handshake succeeded
	notified      bool // a close_notify was read
	garbled       bool // another alert was read, or bytes that are not TLS
}

// underTLS is the TCP connection under a stream.
type underTLS struct {
	*net.TCPConn
	ended    bool  // the peer's FIN was read
	writeErr error // of the last failed write
}

func (u *underTLS) Read(b []byte) (int, error) {
	n, err := u.TCPConn.Read(b)
	if err == io.EOF {
		u.ended = true
	}
	return n, err
}

func (u *underTLS) Write(b []byte) (int, error) {
	n, err := u.TCPConn.Write(b)
	if err != nil {
		u.writeErr = err
	}
	return n, err
}

// newTLSStream returns a stream before its handshake. It accepts every certificate:
// the server is the user's own machine, and no secret is sent to it.
func newTLSStream(conn *net.TCPConn, to Target) *tlsStream {
	under := &underTLS{TCPConn: conn}
	config := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, ServerName: to.Host}
	if name, _, err := net.SplitHostPort(to.Host); err == nil {
		config.ServerName = name
	}
	return &tlsStream{Conn: tls.Client(under, config), tcp: under}
}

// handshake makes the handshake, for at most the timeout.
func (s *tlsStream) handshake(ctx context.Context, timeout time.Duration) error {
	_ = s.SetDeadline(time.Now().Add(timeout))
	err := s.HandshakeContext(ctx)
	_ = s.SetDeadline(time.Time{})
	s.handshakeDone = err == nil
	return err
}

// refused returns the outcome and the error number of an attempt whose handshake
// failed with err. A timeout counts as one of the wait for the answer.
func (s *tlsStream) refused(err error) (results.Outcome, syscall.Errno) {
	errno, deadline := netError(err)
	var none answer
	switch {
	case deadline:
		return timedOut(callReceive, &none), 0
	case errno != 0 && s.tcp.writeErr != nil && errors.Is(err, s.tcp.writeErr):
		return failed(callSend, errno, &none, 0), errno
	case errno != 0:
		return failed(callReceive, errno, &none, 0), errno
	case s.tcp.ended:
		return results.Closed, 0
	}
	return results.BadResponse, 0 // an alert, or bytes that are not TLS
}

func (s *tlsStream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if errno, deadline := netError(err); err != nil && errno == 0 && !deadline && !errors.Is(err, net.ErrClosed) {
		s.notified = err == io.EOF && !s.tcp.ended
		s.garbled = !s.notified && !s.tcp.ended
	}
	return n, err
}

// over returns the outcome of an attempt whose last read reached the stream's end
// after received bytes of an answer. A close_notify is an orderly end. Without one,
// an answer is complete only by its own length (RFC 9112 section 9.8), not by the
// connection's end. Everything else is a bad-response.
func (s *tlsStream) over(a *answer, received int64) results.Outcome {
	switch {
	case s.notified:
		return ended(a, received)
	case a.state() == answerWhole:
		return wholeOutcome(a.status(), false)
	case a.state() == answerBad || s.garbled:
		return results.BadResponse
	case received > 0:
		return results.Truncated
	}
	return results.Closed
}

// end returns how the stream ended, given the attempt's error number. An alert
// other than close_notify truncates a stream, as does an end without an alert (RFC
// 8446 section 6).
func (s *tlsStream) end(errno syscall.Errno) results.TLSEnd {
	switch {
	case !s.handshakeDone:
		return results.TLSUnfinished
	case s.notified:
		return results.TLSCloseNotify
	case isReset(errno):
		return results.TLSReset
	case s.tcp.ended || s.garbled:
		return results.TLSTruncated
	}
	return results.TLSOpen
}
