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

// Config says what server to run. Listen and Strategy have no default.
type Config struct {
	Listen      string        // host:port; port 0 picks one
	Strategy    string        // a name of Strategies
	Limit       int           // connections admitted at once; 0 rejects every connection
	ServiceTime time.Duration // from a whole request to its 200; 0 answers at once
	Workers     int           // admitted requests in their service time at once, the others wait their turn; 0 is no limit
	Bounds      Bounds
	// TLS has the server speak TLS 1.3, with a certificate of its own making.
	TLS bool
	// Nth is the place on its connection of the request that is rejected or
	// admitted by the limit; those before it are admitted and answered with 200 at
	// once, without a place or service time. The limit is looked at when the n-th
	// request's first byte has arrived. 0 is 1, a connection's first request, and with
	// it the limit is looked at when the connection is accepted (by nethttp, at each
	// n, when the header was read). Above 1, other strategies than nethttp need Linux.
	Nth    int
	Logger *slog.Logger // nil logs nothing
}

// Server is the reference limited server. A connection is admitted while fewer
// than Limit are being served, and rejected otherwise. It counts as served from
// accept, or from the first byte of its n-th request, until its answer is ready, so that a client that has its answer finds
// its place free; connections being rejected and those lingering after an answer
// do not count.
type Server struct {
	config   Config
	strategy Strategy
	listener *net.TCPListener
	log      *slog.Logger
	ledger   *ledger
	tls      *tls.Config   // nil without TLS
	slots    chan struct{} // holds one token for each connection being served
	// One token for each that lingers, and each that is worked on; nil where there is no limit.
	lingering, working chan struct{}

	stopping chan struct{} // closed when accepting ends
	stopOnce sync.Once
	cutting  chan struct{} // closed when open connections are cut
	cutOnce  sync.Once
	serving  sync.Mutex // held by Serve
	cpuStart time.Duration
	cpu      time.Duration
}

// Listen opens the listener, with a backlog of the system's maximum. The error
// wraps errors.ErrUnsupported when the system does not have what the strategy needs.
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	strategy, err := StrategyByName(cfg.Strategy)
	if err != nil {
		return nil, err
	}
	if strategy.linux && !onLinux {
		return nil, fmt.Errorf("strategy %s needs Linux: %w", strategy.Name, errors.ErrUnsupported)
	}
	if cfg.Limit < 0 {
		return nil, fmt.Errorf("limit %d is negative", cfg.Limit)
	}
	if cfg.ServiceTime < 0 {
		return nil, fmt.Errorf("service time %v is negative", cfg.ServiceTime)
	}
	if cfg.Workers < 0 {
		return nil, fmt.Errorf("workers %d is negative", cfg.Workers)
	}
	if cfg.Nth < 0 {
		return nil, fmt.Errorf("place %d of a request on its connection is negative", cfg.Nth)
	}
	if cfg.Nth > 1 && strategy.Queues {
		return nil, fmt.Errorf("strategy %s meets its limit before a connection is accepted, not at its request %d: leave that at 1, or take another strategy", strategy.Name, cfg.Nth)
	}
	if cfg.Nth > 1 && strategy.reject != nil && !onLinux {
		return nil, fmt.Errorf("strategy %s at a later request than the first needs Linux: %w", strategy.Name, errors.ErrUnsupported)
	}
	if cfg.Bounds, err = cfg.Bounds.withDefaults(); err != nil {
		return nil, fmt.Errorf("bounds: %w", err)
	}
	// Keep-alive probes are of no use to connections this short, and each costs
	// four system calls. A Multipath TCP listener (the default of package net)
	// would put another socket type under test.
	lc := net.ListenConfig{KeepAlive: -1}
	lc.SetMultipathTCP(false)
	if strategy.control != nil {
		lc.Control = func(_, _ string, c syscall.RawConn) error { return strategy.control(cfg.Bounds, c) }
	}
	l, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for strategy %s: %w", strategy.Name, err)
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		config:    cfg,
		strategy:  strategy,
		listener:  l.(*net.TCPListener),
		log:       log,
		ledger:    newLedger(),
		slots:     make(chan struct{}, cfg.Limit),
		lingering: places(cfg.Bounds.Lingerers), working: places(cfg.Workers),
		stopping: make(chan struct{}),
		cutting:  make(chan struct{}),
	}
	if cfg.TLS {
		if s.tls, err = tlsConfig(s.Addr().Addr().String(), "localhost"); err != nil {
			l.Close()
			return nil, fmt.Errorf("prepare TLS: %w", err)
		}
	}
	return s, nil
}

// Addr is the address the server listens on.
func (s *Server) Addr() netip.AddrPort {
	ap := s.listener.Addr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Serve accepts connections until ctx ends or Shutdown is called, and then
// returns nil. It is called once; connections that are open when it returns
// are left to Shutdown.
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

// Shutdown stops accepting, gives open connections up to grace to end by
// themselves, and then cuts them. When it returns, every connection has its
// entry. The waits of delayed-close and of net/http are not cut short: Shutdown
// waits for those that are under way.
func (s *Server) Shutdown(grace time.Duration) {
	s.stop()
	s.serving.Lock() // Serve has returned: no connection begins any more
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
		s.ledger.cutOpen() // before the work ends, or its answer might still get out
		s.cutOnce.Do(func() { close(s.cutting) })
		<-gone
	}
	if s.cpu == 0 {
		s.cpu = processCPU() - s.cpuStart
	}
}

// Report returns the server's account; it is complete after Shutdown.
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

// serveEvery accepts every connection, admits it if a slot is free, and
// rejects it otherwise: at once, or at its n-th request.
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

// decide takes a slot if one is free.
func (s *Server) decide() Decision {
	select {
	case s.slots <- struct{}{}:
		return Admitted
	default:
		return Rejected
	}
}

// serveBelowLimit accepts a connection only when a slot is free. The others
// wait in the accept queue, and when that is full the kernel drops their
// handshake's last segment (tcp_v4_syn_recv_sock, ListenOverflows).
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
		go s.serveFirst(c, Admitted)
	}
}

// The pause after a failed accept, which is repeated while it fails. The usual
// reason is that there are no descriptors, and those come back.
const (
	acceptPauseMin = time.Millisecond
	acceptPauseMax = 100 * time.Millisecond
)

// accept returns the next connection, begun in the ledger, or an error when the
// server is stopping.
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

// serveFirst serves a connection about which was decided when it was accepted.
func (s *Server) serveFirst(c *conn, d Decision) {
	c.decision.Store(uint32(d))
	stream, err := s.open(c)
	if err != nil {
		if d == Admitted {
			<-s.slots
		}
		s.handshakeFailed(c, stream, err)
		return
	}
	s.settle(c, stream, d)
}

// settle does with a connection what was decided about it.
func (s *Server) settle(c *conn, stream tcpConn, d Decision) {
	c.decision.Store(uint32(d))
	var err error
	if d == Admitted {
		err = s.admit(stream)
	} else {
		err = s.turnAway(stream)
	}
	s.finish(c, stream, err)
}

// handshakeFailed ends a connection that never got as far as a request. It counts
// as rejected whatever was decided or would have been: its client has no answer.
func (s *Server) handshakeFailed(c *conn, stream tcpConn, err error) {
	c.decision.Store(uint32(Rejected))
	s.finish(c, stream, err)
}

// admit serves one request and lingers after the answer, so that an admitted
// answer is not what gets lost. It gives the connection's slot back.
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

// admittedAnswers holds the answers to what reading an admitted request came
// to; there is none for a client that has gone.
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

// finish closes the connection and writes its entry.
func (s *Server) finish(c *conn, stream tcpConn, err error) {
	stream.Close()
	end := endReasonOf(err)
	if end == endError && !c.cut.Load() {
		s.log.Warn("connection failed", "peer", c.RemoteAddr(), "err", err)
	}
	s.ledger.end(c, end)
}
