package targets

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
)

// serveNetHTTP leaves connections to net/http and limits in the handler, as a
// Go program would. The tear-down is net/http's own: what it reads before the
// answer, and when it half-closes and waits before it closes (net/http
// server.go, maxPostHandlerReadBytes and rstAvoidanceDelay).
func serveNetHTTP(s *Server) error {
	server := &http.Server{
		Handler:           http.HandlerFunc(s.handle),
		ReadHeaderTimeout: s.config.Bounds.HeaderTimeout,
		MaxHeaderBytes:    bufferSize,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, httpConnKey{}, c)
		},
		// StateClosed is net/http's last word on a connection: it comes after the close.
		ConnState: func(c net.Conn, state http.ConnState) {
			if h := c.(*httpConn); state == http.StateClosed {
				s.ledger.end(h.conn, h.end())
			}
		},
	}
	return server.Serve(httpListener{s})
}

// handle answers one request: 200 while a slot is free, 503 otherwise.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(httpConnKey{}).(*httpConn)
	h := w.Header()
	h.Set("Connection", "close") // one request a connection, as with the other strategies
	h.Set("Content-Type", "text/plain")
	select {
	case s.slots <- struct{}{}:
	default:
		c.decision.Store(uint32(Rejected))
		h.Set("Retry-After", "1")
		h.Set("Content-Length", strconv.Itoa(len(answerBody)))
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, answerBody)
		return
	}
	c.decision.Store(uint32(Admitted))
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

// httpListener hands net/http connections that are in the ledger.
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

// httpConn is a conn that notes how reading ended, because net/http does not
// tell. It has all methods of *net.TCPConn: net/http half-closes only what
// has CloseWrite.
type httpConn struct {
	*conn
	seen atomic.Uint32 // an End
}

func (c *httpConn) Read(p []byte) (int, error) {
	n, err := c.conn.Read(p)
	switch {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded):
		// net/http also uses a deadline to stop its own background read, so this
		// says something only while there is no request.
		if Decision(c.decision.Load()) == Undecided {
			c.seen.Store(uint32(EndHeaderTimeout))
		}
	case !errors.Is(err, net.ErrClosed):
		c.seen.Store(uint32(endOf(err)))
	}
	return n, err
}

func (c *httpConn) end() End { return End(c.seen.Load()) }
