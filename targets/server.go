package targets

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Config configures a server. Listen and Strategy have no default.
type Config struct {
	Listen      string        // host:port; port 0 picks one
	Strategy    string        // a name of Strategies
	Limit       int           // connections admitted at once; 0 rejects every connection
	ServiceTime time.Duration // from a complete request to its 200; 0 answers at once
	Workers     int           // admitted requests in their service time at once, others queue; 0 is no limit
	Bounds      Bounds
	// TLS makes the server speak TLS 1.3 with a self-signed certificate.
	TLS bool
	// Nth is the number of the request on its connection at which the server checks
	// the limit, from 1. The server answers earlier requests with 200 at once,
	// without a slot and without service time. It checks the limit when the first
	// byte of the n-th request has arrived. 0 means 1: the check is at accept. The
	// strategy nethttp always checks when it has read the header. Above 1, all other
	// strategies need Linux.
	Nth    int
	Logger *slog.Logger // nil logs nothing
}

// Server is the reference server. It admits a connection while it serves fewer
// than Limit connections, and rejects it otherwise. A connection occupies a slot
// from accept, or from the first byte of its n-th request, until its answer is
// ready, so that a client that has its answer finds the slot free. Connections
// that are being rejected or that linger after an answer occupy no slot.
type Server struct {
	config   Config
	strategy Strategy
	listener *net.TCPListener
	log      *slog.Logger
	ledger   *ledger
	tls      *tls.Config   // nil without TLS
	slots    chan struct{} // one token for each connection in service
	// One token for each connection that lingers, and for each request in its
	// service time; nil without a limit.
	lingering, working chan struct{}

	stopping chan struct{} // closed when accepting ends
	stopOnce sync.Once
	cutting  chan struct{} // closed when open connections are cut
	cutOnce  sync.Once
	serving  sync.Mutex // held by Serve
	cpuStart time.Duration
	cpu      time.Duration
}

// Listen opens the listener with the system's maximum backlog. The error wraps
// errors.ErrUnsupported if the system lacks a feature that the strategy needs.
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	strategy, err := StrategyByName(cfg.Strategy)
	if err != nil {
		return nil, err
	}
	if err := cfg.check(strategy); err != nil {
		return nil, err
	}
	if cfg.Bounds, err = cfg.Bounds.withDefaults(); err != nil {
		return nil, fmt.Errorf("bounds: %w", err)
	}
	// Keep-alive probes are useless for connections this short and cost four system
	// calls each. A Multipath TCP listener (the default of package net) would test
	// another type of socket.
	lc := net.ListenConfig{KeepAlive: -1}
	lc.SetMultipathTCP(false)
	if strategy.control != nil {
		lc.Control = func(_, _ string, c syscall.RawConn) error { return strategy.control(cfg.Bounds, c) }
	}
	l, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for strategy %s: %w", strategy.Name, err)
	}
	s := newServer(cfg, strategy, l.(*net.TCPListener))
	if cfg.TLS {
		if s.tls, err = tlsConfig(s.Addr().Addr().String(), "localhost"); err != nil {
			l.Close()
			return nil, fmt.Errorf("prepare TLS: %w", err)
		}
	}
	return s, nil
}

// check returns an error if a field is invalid or the strategy does not allow it.
func (cfg Config) check(strategy Strategy) error {
	switch {
	case strategy.linux && !onLinux:
		return fmt.Errorf("strategy %s needs Linux: %w", strategy.Name, errors.ErrUnsupported)
	case cfg.Limit < 0:
		return fmt.Errorf("limit %d is negative", cfg.Limit)
	case cfg.ServiceTime < 0:
		return fmt.Errorf("service time %v is negative", cfg.ServiceTime)
	case cfg.Workers < 0:
		return fmt.Errorf("workers %d is negative", cfg.Workers)
	case cfg.Nth < 0:
		return fmt.Errorf("request number %d is negative", cfg.Nth)
	case cfg.Nth > 1 && strategy.Queues:
		return fmt.Errorf("strategy %s checks its limit before it accepts a connection, so it cannot reject request %d: use request 1 or another strategy", strategy.Name, cfg.Nth)
	case cfg.Nth > 1 && strategy.reject != nil && !onLinux:
		return fmt.Errorf("strategy %s needs Linux to reject a later request than the first: %w", strategy.Name, errors.ErrUnsupported)
	}
	return nil
}

func newServer(cfg Config, strategy Strategy, l *net.TCPListener) *Server {
	s := &Server{
		config:    cfg,
		strategy:  strategy,
		listener:  l,
		log:       cfg.Logger,
		ledger:    newLedger(),
		slots:     make(chan struct{}, cfg.Limit),
		lingering: tokens(cfg.Bounds.Lingerers),
		working:   tokens(cfg.Workers),
		stopping:  make(chan struct{}),
		cutting:   make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Addr returns the address on which the server listens.
func (s *Server) Addr() netip.AddrPort {
	ap := s.listener.Addr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Serve accepts connections until ctx ends or Shutdown is called, and then
// returns nil. It must be called once. Shutdown ends the connections that are
// open when Serve returns.
func (s *Server) Serve(ctx context.Context) error {
	s.serving.Lock()
	defer s.serving.Unlock()
	s.cpuStart = processCPU()
	defer context.AfterFunc(ctx, s.stop)()
	serve := s.strategy.serve
	if serve == nil {
		serve = serveEvery
	}
	if err := serve(s); err != nil && !s.stopped() {
		return fmt.Errorf("serve strategy %s: %w", s.strategy.Name, err)
	}
	return nil
}

// Shutdown stops accepting, waits up to grace for open connections to end, and
// then cuts them. When it returns, every connection has its ledger entry. It does
// not shorten the waits of delayed-close and of net/http but waits for their end.
func (s *Server) Shutdown(grace time.Duration) {
	s.stop()
	s.serving.Lock() // Serve has returned, so no new connection begins
	defer s.serving.Unlock()
	gone := make(chan struct{})
	go func() {
		s.ledger.gone.Wait()
		close(gone)
	}()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-gone:
	case <-timer.C:
		s.ledger.cutOpen() // before the service time ends, or its answer could still be sent
		s.cutOnce.Do(func() { close(s.cutting) })
		<-gone
	}
	if s.cpu == 0 {
		s.cpu = processCPU() - s.cpuStart
	}
}

// Report returns the ledger and its totals. They are complete after Shutdown.
func (s *Server) Report() Report { return s.ledger.report(s.cpu) }

func (s *Server) stop() {
	s.stopOnce.Do(func() {
		close(s.stopping)
		s.listener.Close()
	})
}

func (s *Server) stopped() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// serveEvery accepts every connection. It admits the connection if a slot is free
// and rejects it otherwise, at accept or at the n-th request.
func serveEvery(s *Server) error {
	for {
		c, err := s.accept()
		if err != nil {
			return err
		}
		if s.config.Nth > 1 {
			go s.serveNth(c)
		} else {
			go s.serveFirst(c, s.decide())
		}
	}
}

// decide takes a slot and returns admitted, or returns Rejected if none is free.
func (s *Server) decide() Decision {
	select {
	case s.slots <- struct{}{}:
		return admitted
	default:
		return Rejected
	}
}

// serveBelowLimit accepts a connection only when a slot is free. Other connections
// wait in the accept queue. When that is full, the kernel drops the last segment
// of their handshakes (tcp_v4_syn_recv_sock, ListenOverflows).
func serveBelowLimit(s *Server) error {
	for {
		select {
		case s.slots <- struct{}{}:
		case <-s.stopping:
			return nil
		}
		c, err := s.accept()
		if err != nil {
			return err
		}
		go s.serveFirst(c, admitted)
	}
}

// The pause before a failed accept is repeated. Usually the process has no free
// descriptor for the moment.
const (
	acceptPauseMin = time.Millisecond
	acceptPauseMax = 100 * time.Millisecond
)

// accept returns the next connection and adds it to the ledger. It returns an
// error when the server stops.
func (s *Server) accept() (*conn, error) {
	for pause := acceptPauseMin; ; pause = min(2*pause, acceptPauseMax) {
		t, err := s.listener.AcceptTCP()
		if err == nil {
			c := s.ledger.begin(t)
			c.records = s.tls != nil
			return c, nil
		}
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		s.log.Warn("accept failed", "err", err, "pause", pause)
		s.ledger.acceptFailed()
		select {
		case <-time.After(pause):
		case <-s.stopping:
			return nil, err
		}
	}
}

// serveFirst serves a connection that was admitted or rejected at accept.
func (s *Server) serveFirst(c *conn, d Decision) {
	stream, err := s.open(c)
	if err != nil {
		if d == admitted {
			<-s.slots
		}
		s.handshakeFailed(c, stream, err)
		return
	}
	s.settle(c, stream, d)
}

// settle admits or rejects the connection as decided.
func (s *Server) settle(c *conn, stream tcpConn, d Decision) {
	c.decision.Store(uint32(d))
	var err error
	if d == admitted {
		err = s.admit(stream)
	} else {
		err = s.reject(stream)
	}
	s.finish(c, stream, err)
}

// handshakeFailed ends a connection whose TLS handshake failed. The connection
// counts as rejected in every case, because its client has no answer.
func (s *Server) handshakeFailed(c *conn, stream tcpConn, err error) {
	c.decision.Store(uint32(Rejected))
	s.finish(c, stream, err)
}

// admit serves one request and releases the connection's slot. It lingers after
// the answer, so that no answer of an admitted request is lost.
func (s *Server) admit(c tcpConn) error {
	err := readRequest(c, s.config.Bounds, proceedExpectation)
	answer, ok := admittedAnswers[endReasonOf(err)]
	if err == nil {
		s.work()
	}
	<-s.slots
	if ok {
		err = errors.Join(err, answerAdmitted(c, answer, s.config.Bounds))
	}
	return err
}

// admittedAnswers maps the result of reading an admitted request to its answer. A
// client that is gone gets none.
var admittedAnswers = map[endReason][]byte{
	endClosed:        answerTo("200 OK", "ok\n"),
	endHeaderTimeout: answerTo("408 Request Timeout", ""),
	endBodyTimeout:   answerTo("408 Request Timeout", ""),
	endHeaderLimit:   answerTo("431 Request Header Fields Too Large", ""),
	endBadRequest:    answerTo("400 Bad Request", ""),
}

func answerTo(status, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, len(body), body)
}

func answerAdmitted(c tcpConn, answer []byte, b Bounds) error {
	if _, err := c.Write(answer); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	return discard(c, b.LingerIdle, time.Now().Add(b.LingerTotal), 0)
}

// finish closes the connection and writes its ledger entry.
func (s *Server) finish(c *conn, stream tcpConn, err error) {
	stream.Close()
	end := endReasonOf(err)
	if end == endError && !c.cut.Load() {
		s.log.Warn("connection failed", "peer", c.RemoteAddr(), "err", err)
	}
	s.ledger.end(c, end)
}
