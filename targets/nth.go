package targets

import (
	"errors"
	"os"
	"time"
)

// answerEarlier answers each request before the n-th and keeps the connection open.
var answerEarlier = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n")

// serveNth serves a connection whose limit is checked at its n-th request. The
// server reads the earlier requests completely and answers each with 200 at once;
// they use no slot and no service time. It checks the limit only when the first
// byte of the n-th request has arrived: a server that reaches its limit on an old
// connection has that request unread in its receive buffer.
func (s *Server) serveNth(c *conn) {
	stream, err := s.open(c)
	if err != nil {
		s.handshakeFailed(c, stream, err)
		return
	}
	if stream, err = s.serveEarlier(stream); err != nil {
		// The connection ended before the n-th request, so it stays undecided.
		s.finish(c, stream, err)
		return
	}
	c.earlier = time.Since(c.accepted)
	s.settle(c, stream, s.decide())
}

// serveEarlier answers the requests before the n-th and waits for the n-th. The returned
// connection reads from the start of the n-th request.
func (s *Server) serveEarlier(c tcpConn) (tcpConn, error) {
	b := s.config.Bounds
	r := &readAhead{tcpConn: c}
	for range s.config.Nth - 1 {
		surplus, err := readOne(r, b, proceedExpectation)
		if err != nil {
			if answer, ok := admittedAnswers[endReasonOf(err)]; ok {
				err = errors.Join(err, answerAdmitted(c, answer, b))
			}
			return c, err
		}
		r.unread(surplus)
		if _, err := c.Write(answerEarlier); err != nil {
			return c, err
		}
		if err := r.await(b.HeaderTimeout); err != nil {
			return c, err
		}
	}
	if r.buffered() == 0 {
		return c, nil
	}
	return r, nil
}

// readAhead is a connection that reads one request after the other. It keeps the
// bytes after the end of a request for the next one.
type readAhead struct {
	tcpConn
	buf      *[bufferSize]byte // nil while empty
	from, to int               // the bytes of buf that Read has not returned
}

// Read fills the buffer with all available bytes, at least a whole TLS record.
// Otherwise a part of a record's plaintext could stay in the TLS layer, where
// await does not see it.
func (r *readAhead) Read(p []byte) (int, error) {
	if r.buffered() == 0 {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.buf[r.from:r.to])
	r.from += n
	return n, nil
}

// fill reads into the empty buffer.
func (r *readAhead) fill() error {
	if r.buf == nil {
		r.buf = buffers.Get().(*[bufferSize]byte)
	}
	n, err := r.tcpConn.Read(r.buf[:])
	r.from, r.to = 0, n
	if n > 0 {
		return nil // the next read returns the error again
	}
	return err
}

// The buffer must have room for the plaintext of a record.
const _ = uint(bufferSize - recordText)

func (r *readAhead) buffered() int { return r.to - r.from }

// unread returns the last n bytes of the last Read to the buffer.
func (r *readAhead) unread(n int) { r.from -= n }

// await waits for the first byte of the next request and leaves it in the kernel.
// It releases the buffer while it waits.
func (r *readAhead) await(timeout time.Duration) error {
	if r.buffered() > 0 {
		return nil
	}
	if r.buf != nil {
		buffers.Put(r.buf)
		r.buf = nil
	}
	var header [recordHeader]byte
	if _, ok := r.tcpConn.(*tlsConn); !ok {
		return idleError(peek(r.tcpConn, header[:1], timeout))
	}
	if err := peek(r.tcpConn, header[:], timeout); err != nil {
		return idleError(err)
	}
	if recordLength(header) > alertLength {
		return nil
	}
	// A client's close_notify is not a request. Only decryption distinguishes it
	// from two bytes of a request.
	return idleError(r.fill())
}

// idleError maps a read error between two requests to the reason it stands for.
func idleError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errHeaderTimeout
	}
	return err
}
