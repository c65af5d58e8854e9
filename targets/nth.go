package targets

import (
	"errors"
	"os"
	"time"
)

// answerEarlier is what the requests before the n-th get: the connection stays.
var answerEarlier = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n")

// serveNth serves a connection of which an older request than the first is the
// one that meets the limit. Those before it are read whole and answered with 200 at
// once; they take no place and no service time, as all that they are for is the
// connection's age. Whether there is a place is decided when the first byte of the
// n-th has arrived, and not before: a server that meets its limit on an old
// connection has that request in front of it, unread.
func (s *Server) serveNth(c *conn) {
	stream, err := s.open(c)
	if err != nil {
		s.handshakeFailed(c, stream, err)
		return
	}
	if stream, err = s.age(stream); err != nil {
		// Gone before it asked: there was nothing to decide.
		s.finish(c, stream, err)
		return
	}
	c.age = time.Since(c.accepted)
	s.settle(c, stream, s.decide())
}

// age answers the requests before the n-th and waits for that. What it returns
// reads from there.
func (s *Server) age(c tcpConn) (tcpConn, error) {
	b := s.config.Bounds
	r := &readAhead{tcpConn: c}
	for range s.config.Nth - 1 {
		over, err := readOne(r, b, proceedExpectation)
		if err != nil {
			if answer, ok := admittedAnswers[endReasonOf(err)]; ok {
				err = errors.Join(err, answerAdmitted(c, answer, b))
			}
			return c, err
		}
		r.unread(over)
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

// readAhead is a connection whose requests are read one after the other: what was
// read beyond the end of one belongs to the next.
type readAhead struct {
	tcpConn
	buf      *[bufferSize]byte // nil while nothing is in it
	from, to int               // what of it was not taken
}

// Read reads as much as there is at once, and at least a whole TLS record: no
// text of one stays behind in the TLS layer, where await would not see it.
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
		return nil // an error comes again with the next read
	}
	return err
}

// A record's text has to fit.
const _ = uint(bufferSize - recordText)

func (r *readAhead) buffered() int { return r.to - r.from }

// unread gives the last n bytes of the last Read back.
func (r *readAhead) unread(n int) { r.from -= n }

// await returns when the first byte of the next request has arrived, without
// taking it from the kernel. It gives the buffer back for that time.
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
	// A client's close_notify is no request, and only decrypting tells it from
	// two bytes of one.
	return idleError(r.fill())
}

// idleError gives an error its meaning between two requests.
func idleError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errHeaderTimeout
	}
	return err
}
