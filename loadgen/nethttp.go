package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// runNetHTTP runs the fleet with Go's HTTP client. The outcome is what the
// application gets: if the client returns a write error while the receive buffer
// has a 503, the outcome is reset-send or broken-pipe, because a Go program sees
// only that error.
func runNetHTTP(ctx context.Context, cfg Config) (*Result, error) {
	target, err := requestURL(cfg.Target)
	if err != nil {
		return nil, err
	}
	client := newHTTPClient(cfg)
	return runSlots(ctx, cfg, func(ctx context.Context, clock fleetClock, a *Attempt) error {
		x := httpExchange{Attempt: a, conn: &recordedConn{clock: clock, closed: make(chan struct{})}}
		x.run(ctx, client, &cfg, target)
		if n := x.settle(); n != 1 && ctx.Err() == nil {
			return fmt.Errorf("net/http asked for %d connections for one attempt: %w", n, x.err)
		}
		return nil
	})
}

// requestURL returns the URL with which net/http sends the target's Host and path.
func requestURL(t Target) (string, error) {
	u := &url.URL{}
	if t.Path != "" {
		var err error
		if u, err = url.ParseRequestURI(t.Path); err != nil {
			return "", fmt.Errorf("request target: %w", err)
		}
	}
	u.Scheme, u.Host = "http", t.Host
	if t.TLS {
		u.Scheme = "https"
	}
	if u.Host == "" {
		u.Host = t.Addr.String()
	}
	return u.String(), nil
}

// recordedConnKey is the context key of an attempt's *recordedConn.
type recordedConnKey struct{}

// newHTTPClient returns a client that makes one connection per attempt.
//
// A negative MaxIdleConnsPerHost makes the Transport close each connection after
// its answer (tryPutIdleConn in transport.go of go1.26). Unlike DisableKeepAlives
// it does not add "Connection: close" to the request; some servers close
// differently after that field. The Transport does not retry a request on a
// connection that was never idle (shouldRetryRequest).
func newHTTPClient(cfg Config) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return ctx.Value(recordedConnKey{}).(*recordedConn).dial(ctx, cfg)
	}
	return &http.Client{
		Transport: &http.Transport{
			MaxIdleConnsPerHost:    -1,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxAnswerHead,
			DialContext:            dial,
			DialTLSContext:         dial,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// httpExchange is one attempt of the net/http client.
type httpExchange struct {
	*Attempt
	conn *recordedConn
	got  int   // status that the application got; 0 if it got an error
	err  error // of the request, or of reading the body
}

// run makes the request and reads the body as an application would.
func (x *httpExchange) run(ctx context.Context, client *http.Client, cfg *Config, target string) {
	ctx = context.WithValue(ctx, recordedConnKey{}, x.conn)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { x.conn.sent(cfg) },
	})
	method, body := http.MethodGet, io.Reader(nil)
	if cfg.BodyBytes > 0 {
		method, body = http.MethodPost, io.LimitReader(filler{}, cfg.BodyBytes)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		x.err = err
		return
	}
	req.ContentLength = cfg.BodyBytes
	req.Header.Set("User-Agent", "rejectbench")
	req.Header.Set("Accept", "*/*")
	if cfg.BodyBytes > 0 {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	resp, err := client.Do(req)
	if err != nil {
		x.err = err
		return
	}
	x.got = resp.StatusCode
	_, x.err = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// filler is an endless body.
type filler struct{}

func (filler) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// settle ends the attempt and sets its fields. It returns how many connections the
// Transport requested.
func (x *httpExchange) settle() int {
	w := x.conn
	w.mu.Lock()
	defer w.mu.Unlock()
	x.End, w.settled = w.clock.now(), true
	if w.handshaking {
		_ = w.stream.tcp.Close() // the Transport keeps dialling after its request was cancelled
	}
	if w.connected != 0 {
		// The Transport closes every connection, at the latest when it stops waiting
		// for the request's last write.
		w.mu.Unlock()
		<-w.closed
		w.mu.Lock()
	}
	x.Connected, x.FirstByte, x.LocalPort = w.connected, w.firstByte, w.localPort
	x.Sent, x.Received = w.sentBytes, w.received
	x.HandshakeUs, x.Errno = w.handshakeUs, w.first.errno
	x.Outcome = x.outcome()
	if w.stream != nil {
		x.TLSEnd = w.stream.end(x.Errno)
	}
	return w.dials
}

// outcome must be called after all calls on the connection have returned.
func (x *httpExchange) outcome() results.Outcome {
	w := x.conn
	switch {
	case w.refused != nil:
		return *w.refused
	case x.err == nil:
		return wholeOutcome(x.got, isReset(w.first.errno))
	case w.answer.state() == answerBad:
		return results.BadResponse
	case !w.failed:
		// The library rejected the bytes, or it got an answer before it had sent the
		// request and discarded it (readLoopPeekFailLocked).
		return results.BadResponse
	}
	// The application got the answer's header or nothing. After a failed send the
	// library returns no part of the answer, even if it has read some.
	var got answer
	var received int64
	if x.got != 0 || w.first.call == callReceive && w.answer.state() != answerWhole {
		received = w.received
	}
	switch {
	case w.first.deadline:
		return timedOut(w.first.call, &got)
	case w.first.errno == 0: // the peer closed the connection
		return ended(&got, received)
	}
	return failed(w.first.call, w.first.errno, &got, received)
}

// recordedConn is the connection of an attempt of net/http. It records the calls of
// the Transport's goroutines and passes them through. With TLS it is above the
// stream, which is crypto/tls as the Transport itself would use it, and Close sends
// a close_notify. A Transport that has the whole answer stops reading, so that most
// of its streams are recorded as open.
type recordedConn struct {
	net.Conn // an interface, to hide ReadFrom, which would bypass Write
	clock    fleetClock
	closed   chan struct{} // closed after the connection is closed and all calls have returned
	stream   *tlsStream    // the connection; nil without TLS

	mu          sync.Mutex // guards the fields below
	dials       int
	settled     bool // the application has its result and gets no further data
	handshaking bool // the TLS handshake is in progress
	open        bool // the connection exists and Close was not called
	pending     int  // calls that have not returned
	connected   int64
	firstByte   int64
	localPort   uint16
	handshakeUs uint32
	refused     *results.Outcome // of a TLS handshake that failed
	sentBytes   int64
	received    int64
	answer      answer
	failed      bool // a call failed or reached the end
	first       failure
}

// failure says how a call failed. Without a number and a deadline the peer closed
// the connection.
type failure struct {
	call     call
	errno    syscall.Errno
	deadline bool
}

var errSecondConnection = errors.New("net/http asked for a second connection")

func (w *recordedConn) dial(ctx context.Context, cfg Config) (net.Conn, error) {
	w.mu.Lock()
	w.dials++
	first := w.dials == 1
	w.mu.Unlock()
	if !first {
		return nil, errSecondConnection
	}
	conn, err := dial(ctx, cfg.Target.Addr, cfg.ConnectTimeout)
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.note(callConnect, err)
		return nil, err
	}
	w.made(conn, cfg.Target)
	if w.stream != nil {
		if err := w.handshake(ctx, cfg.SendTimeout); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	_ = conn.SetWriteDeadline(now.Add(cfg.SendTimeout))
	_ = conn.SetReadDeadline(now.Add(cfg.SendTimeout + cfg.ReceiveTimeout))
	return w, nil
}

// made records a new connection.
func (w *recordedConn) made(conn *net.TCPConn, to Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Conn, w.open, w.connected = conn, true, w.clock.now()
	w.localPort, w.handshakeUs = localPort(conn), handshakeUs(conn)
	if to.TLS {
		w.stream = newTLSStream(conn, to)
		w.Conn, w.handshaking = w.stream, true
	}
}

// handshake makes the TLS handshake. If that fails, it closes the connection.
func (w *recordedConn) handshake(ctx context.Context, timeout time.Duration) error {
	err := w.stream.handshake(ctx, timeout)
	w.mu.Lock()
	w.handshaking = false
	if err != nil {
		o, errno := w.stream.refused(err)
		w.refused, w.first.errno = &o, errno
	}
	w.mu.Unlock()
	if err != nil {
		_ = w.Close()
	}
	return err
}

// sent starts the time limit of the receive phase.
func (w *recordedConn) sent(cfg *Config) { _ = w.SetReadDeadline(time.Now().Add(cfg.ReceiveTimeout)) }

func (w *recordedConn) Read(b []byte) (int, error) {
	w.begin()
	n, err := w.Conn.Read(b)
	w.mu.Lock()
	defer w.end()
	if n > 0 && !w.settled {
		if w.firstByte == 0 {
			w.firstByte = w.clock.now()
		}
		w.received += int64(n)
		w.answer.feed(b[:n])
	}
	w.note(callReceive, err)
	return n, err
}

func (w *recordedConn) Write(b []byte) (int, error) {
	w.begin()
	n, err := w.Conn.Write(b)
	w.mu.Lock()
	defer w.end()
	w.sentBytes += int64(n)
	w.note(callSend, err)
	return n, err
}

func (w *recordedConn) Close() error {
	w.begin()
	err := w.Conn.Close()
	w.mu.Lock()
	w.open = false
	w.end()
	return err
}

func (w *recordedConn) begin() {
	w.mu.Lock()
	w.pending++
	w.mu.Unlock()
}

// end ends a call. The caller holds the lock, which end releases.
func (w *recordedConn) end() {
	w.pending--
	if w.pending == 0 && !w.open {
		select {
		case <-w.closed:
		default:
			close(w.closed)
		}
	}
	w.mu.Unlock()
}

// note keeps the first failure. The Transport reads while it writes, and its
// goroutines may call note in another order than their system calls returned. But
// the kernel reports ECONNRESET only once, to the first call after the reset;
// EPIPE or the end in the other call follows from it (sock_error in
// include/net/sock.h). A timeout is final, because a reset may arrive while the
// Transport closes a connection that it gave up. A call that fails because the
// Transport closed the connection is not a failure.
func (w *recordedConn) note(c call, err error) {
	if err == nil || errors.Is(err, net.ErrClosed) {
		return
	}
	f := failure{call: c}
	f.errno, f.deadline = netError(err)
	if f.errno == 0 && !f.deadline && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return // an alert, or bytes that are not TLS: the library rejects them
	}
	if !w.failed || f.errno == syscall.ECONNRESET && !w.first.deadline {
		w.failed, w.first = true, f
	}
}
