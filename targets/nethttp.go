package targets

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// serveNetHTTP serves connections with net/http and checks the limit in the
// handler, as a Go program would. net/http decides how much it reads before the
// answer, and when it half-closes and waits before it closes (net/http server.go,
// maxPostHandlerReadBytes and rstAvoidanceDelay). Over TLS, as with ServeTLS, its
// half-close only sends close_notify (tls.Conn.CloseWrite); the close sends the FIN.
func serveNetHTTP(s *Server) error {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	server := &http.Server{
		Protocols:         &protocols,
		Handler:           http.HandlerFunc(s.handle),
		ReadHeaderTimeout: s.config.Bounds.HeaderTimeout,
		IdleTimeout:       s.config.Bounds.HeaderTimeout,
		MaxHeaderBytes:    bufferSize,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, httpConnKey{}, httpConnOf(c))
		},
		// net/http reports StateClosed after it has closed the connection.
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				h := httpConnOf(c)
				s.ledger.end(h.conn, h.end(c))
			}
		},
	}
	var l net.Listener = httpListener{s}
	if s.tls != nil {
		l = tls.NewListener(l, s.tls)
	}
	return server.Serve(l)
}

// httpConnOf returns the accepted connection under c.
func httpConnOf(c net.Conn) *httpConn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return c.(*httpConn)
}

// handle answers one request: 200 if it is before the n-th or if a slot is free,
// 503 otherwise.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(httpConnKey{}).(*httpConn)
	h := w.Header()
	h.Set("Content-Type", "text/plain")
	// net/http uses a deadline to stop its background read of an earlier request.
	c.seen.CompareAndSwap(uint32(endHeaderTimeout), uint32(endClosed))
	if c.requests++; c.requests < s.config.Nth {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			io.WriteString(w, "ok\n")
		}
		return
	}
	if s.config.Nth > 1 {
		c.earlier = time.Since(c.accepted)
	}
	h.Set("Connection", "close") // the n-th request is the last, as with the other strategies
	decision := s.decide()
	c.decision.Store(uint32(decision))
	if decision == Rejected {
		h.Set("Retry-After", "1")
		h.Set("Content-Length", strconv.Itoa(len(answerBody)))
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, answerBody)
		return
	}
	_, err := io.Copy(io.Discard, r.Body)
	if err == nil {
		s.work()
	}
	<-s.slots
	if err == nil {
		io.WriteString(w, "ok\n")
	}
}

type httpConnKey struct{}

// httpListener gives net/http connections that are in the ledger.
type httpListener struct{ s *Server }

func (l httpListener) Accept() (net.Conn, error) {
	c, err := l.s.accept()
	if err != nil {
		return nil, err
	}
	return &httpConn{conn: c}, nil
}

func (l httpListener) Close() error   { l.s.stop(); return nil }
func (l httpListener) Addr() net.Addr { return l.s.listener.Addr() }

// httpConn is a conn that records how reading ended, because net/http does not
// report it. It has all methods of *net.TCPConn, because net/http half-closes only
// a connection with CloseWrite.
type httpConn struct {
	*conn
	seen     atomic.Uint32 // an endReason
	requests int           // number of requests that reached the handler
}

func (c *httpConn) Read(p []byte) (int, error) {
	n, err := c.conn.Read(p)
	if endReason(c.seen.Load()) == endPeerReset {
		return n, err // the socket reports a reset once and an end-of-file after it
	}
	switch {
	case err == nil:
		c.seen.Store(uint32(endClosed))
	case errors.Is(err, os.ErrDeadlineExceeded):
		// net/http also uses a deadline to stop its background read, so this is a
		// timeout only while the connection has no request.
		if Decision(c.decision.Load()) == undecided {
			c.seen.Store(uint32(endHeaderTimeout))
		}
	case !errors.Is(err, net.ErrClosed):
		c.seen.Store(uint32(endReasonOf(err)))
	}
	return n, err
}

// end returns why the connection ended. Both the socket and above, the connection
// that net/http used, must be closed.
func (c *httpConn) end(above net.Conn) endReason {
	seen := endReason(c.seen.Load())
	t, ok := above.(*tls.Conn)
	if !ok {
		return seen
	}
	if !t.ConnectionState().HandshakeComplete {
		c.decision.Store(uint32(Rejected)) // as handshakeFailed does
		return endHandshakeFailed
	}
	// The socket does not see a close_notify, but every read of the TLS connection
	// reports it as an end-of-file.
	if _, err := t.Read(make([]byte, 1)); seen == endClosed && err == io.EOF {
		return endEOF
	}
	return seen
}
