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

// tlsStream is the client's side of TLS 1.3 on an attempt's connection. It tells
// ends apart that crypto/tls calls by one name: its Read returns io.EOF after a
// close_notify and also where the connection ended without one between two
// records (readRecordOrCCS in conn.go of go1.26). Errors are judged by the number
// in them, never by their text; crypto/tls hands the system's own up, and keeps
// what arrived before a reset readable.
type tlsStream struct {
	*tls.Conn
	tcp      *underTLS
	shaken   bool // the handshake is done
	notified bool // a close_notify was read
	garbled  bool // an alert was read, or what is not TLS
}

// underTLS is the TCP connection under a stream.
type underTLS struct {
	*net.TCPConn
	ended    bool  // the peer's orderly end was read
	writeErr error // of the last write that failed
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

// newTLSStream returns a stream whose handshake is still to be made. It takes
// whatever certificate the server has: the server is a machine of the user's own,
// and nothing secret is sent to it.
func newTLSStream(conn *net.TCPConn, to Target) *tlsStream {
	under := &underTLS{TCPConn: conn}
	config := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, ServerName: to.Host}
	if name, _, err := net.SplitHostPort(to.Host); err == nil {
		config.ServerName = name
	}
	return &tlsStream{Conn: tls.Client(under, config), tcp: under}
}

// handshake makes the handshake within a time limit of its own.
func (s *tlsStream) handshake(ctx context.Context, limit time.Duration) error {
	_ = s.SetDeadline(time.Now().Add(limit))
	err := s.HandshakeContext(ctx)
	_ = s.SetDeadline(time.Time{})
	s.shaken = err == nil
	return err
}

// refused judges an attempt whose handshake failed with err, by the call in which
// it met its end; a time limit is that of an answer that did not come.
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
	return results.BadResponse, 0 // an alert, or what is not TLS
}

func (s *tlsStream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if errno, deadline := netError(err); err != nil && errno == 0 && !deadline && !errors.Is(err, net.ErrClosed) {
		s.notified = err == io.EOF && !s.tcp.ended
		s.garbled = !s.notified && !s.tcp.ended
	}
	return n, err
}

// over judges an attempt whose last read met the stream's end, after received bytes
// of an answer. A close_notify is an orderly end. An end of the connection without
// one leaves an answer whole that is so by its own length (RFC 9112 section 9.8),
// and none that the end was to delimit. Anything else is not what was asked for.
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

// end says how the stream ended, given the error number that the attempt met. An
// alert other than close_notify truncates a stream as an end without any does (RFC
// 8446 section 6).
func (s *tlsStream) end(errno syscall.Errno) results.TLSEnd {
	switch {
	case !s.shaken:
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
