package loadgen

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rejectbench/rejectbench/results"
)

// longAgo is a deadline that ends a blocked call at once.
var longAgo = time.Unix(1, 0)

// runPortable runs the fleet on package net with one goroutine per slot. It only
// notices a reset before the first read if a send has failed.
func runPortable(ctx context.Context, cfg Config, c Client) (*Result, error) {
	req := newPieces(cfg.Target.request(cfg.BodyBytes), cfg.BodyBytes)
	return runSlots(ctx, cfg, func(ctx context.Context, clock fleetClock, a *Attempt) error {
		x := exchange{Attempt: a, cfg: &cfg, client: c, clock: clock, request: req, dialogue: dialogue{before: int32(cfg.Nth - 1)}}
		x.run(ctx)
		return nil
	})
}

// fleetClock counts nanoseconds since the fleet's first attempt was due.
type fleetClock struct{ start time.Time }

func (c fleetClock) now() int64 { return int64(time.Since(c.start)) }

// attemptFunc makes one attempt and fills in its fields; Due and Started are set. A
// failed attempt is not an error. An error ends the fleet.
type attemptFunc func(ctx context.Context, clock fleetClock, a *Attempt) error

// slots is the state of a fleet of goroutines that share one schedule.
type slots struct {
	clock    fleetClock
	openLoop bool
	free     chan struct{} // has one element for each slot without an attempt
	ended    chan struct{} // has an element if an attempt has ended since the last look

	mu     sync.Mutex // guards what follows
	plan   schedule
	result *Result
}

// runSlots runs the schedule of cfg with one goroutine for each attempt in flight.
// If ctx ends, the result has no attempts that were in flight.
func runSlots(ctx context.Context, cfg Config, attempt attemptFunc) (*Result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &slots{
		plan: newSchedule(cfg), result: newResult(cfg), clock: fleetClock{time.Now()}, openLoop: cfg.openLoop(),
		free: make(chan struct{}, cfg.slots()), ended: make(chan struct{}, 1),
	}
	for range cfg.slots() {
		s.free <- struct{}{}
	}
	var running sync.WaitGroup
	for {
		due, ok := s.take(ctx)
		if !ok {
			break
		}
		running.Go(func() {
			if err := s.run(ctx, due, attempt); err != nil {
				stop(err)
			}
		})
	}
	running.Wait()
	s.result.unstarted = s.plan.unstarted(s.clock.now())
	return s.result, context.Cause(ctx)
}

// take waits for a free slot and until the next attempt is due, and takes both. It
// returns false if the schedule or ctx ends first.
func (s *slots) take(ctx context.Context) (due int64, ok bool) {
	select {
	case <-s.free:
	case <-ctx.Done():
		return 0, false
	}
	since := s.clock.now()
	for {
		s.mu.Lock()
		now := s.clock.now()
		due, ok = s.plan.next(now)
		if ok && due <= now {
			s.plan.take(now)
			s.result.stall = max(s.result.stall, now-max(due, since))
			s.mu.Unlock()
			return due, true
		}
		s.mu.Unlock()
		if !ok || !s.wait(ctx, time.Duration(due-now)) {
			return 0, false
		}
	}
}

// wait waits for d, or until an attempt ends, which may change when the next is due. It
// reports false if ctx ends first.
func (s *slots) wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ended:
		return true
	case <-ctx.Done():
		return false
	}
}

// run makes the attempt that was due, and frees its slot.
func (s *slots) run(ctx context.Context, due int64, attempt attemptFunc) error {
	a := Attempt{Due: due, Started: s.clock.now()}
	if err := attempt(ctx, s.clock, &a); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return nil
	}
	s.mu.Lock()
	s.result.Attempts = append(s.result.Attempts, a)
	s.result.add(&a, s.openLoop)
	s.plan.ended(a.End)
	s.mu.Unlock()
	s.free <- struct{}{}
	select {
	case s.ended <- struct{}{}:
	default: // the last end has not been looked at
	}
	return nil
}

// sleep waits for d. It reports false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// dial opens a connection for an attempt. Package net only repeats connect after
// EADDRNOTAVAIL and after a connection to itself; no server sees either.
func dial(ctx context.Context, to netip.AddrPort, timeout time.Duration) (*net.TCPConn, error) {
	d := net.Dialer{Timeout: timeout, KeepAlive: -1}
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

func localPort(c net.Conn) uint16 { return uint16(c.LocalAddr().(*net.TCPAddr).Port) }

// pieces divides a request into writes. All attempts share it.
type pieces struct {
	first []byte // the header and up to headPiece bytes of the body
	rest  int64  // body bytes after that
}

func newPieces(header []byte, body int64) pieces {
	n := min(body, headPiece)
	return pieces{
		first: append(header[:len(header):len(header)], bytes.Repeat([]byte{'x'}, int(n))...),
		rest:  body - n,
	}
}

// at returns the bytes to write after sent bytes of the request, and none at its end.
func (p pieces) at(sent int64) []byte {
	if sent < int64(len(p.first)) {
		return p.first[sent:]
	}
	left := int64(len(p.first)) + p.rest - sent
	if left == 0 {
		return nil
	}
	filler := p.first[len(p.first)-headPiece:] // a rest exists only if the first piece is full
	return filler[:min(left, headPiece)]
}

// exchange is one attempt of the portable engine.
type exchange struct {
	*Attempt
	cfg     *Config
	client  Client
	clock   fleetClock
	request pieces
	conn    net.Conn      // the TCP connection, or stream with TLS
	stream  *tlsStream    // nil without TLS
	resetBy syscall.Errno // of the send that a reset failed; 0 if none
	dialogue
}

// run makes the attempt. If ctx ends first, it returns soon and the attempt's
// fields are meaningless.
func (x *exchange) run(ctx context.Context) {
	defer func() { x.End = x.clock.now() }()
	conn, err := dial(ctx, x.cfg.Target.Addr, x.cfg.ConnectTimeout)
	if err != nil {
		x.fail(callConnect, err)
		return
	}
	// A TLS stream is closed without a close_notify of the client: nobody would read
	// it, and a server that has closed would answer it with a reset.
	defer conn.Close()
	x.Connected = x.clock.now()
	x.conn, x.LocalPort, x.HandshakeUs = conn, localPort(conn), handshakeUs(conn)
	// Closing wakes a blocked call, and no later deadline reverts that.
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	if x.cfg.Target.TLS {
		x.stream = newTLSStream(conn, x.cfg.Target)
		x.conn = x.stream
		defer func() { x.TLSEnd = x.stream.end(x.Errno) }()
		if err := x.stream.handshake(ctx, x.cfg.SendTimeout); err != nil {
			x.Outcome, x.Errno = x.stream.refused(err)
			return
		}
	}
	x.began = x.clock.now()
	for x.before > 0 {
		if !x.earlier() {
			return
		}
	}
	_ = x.conn.SetWriteDeadline(time.Now().Add(x.cfg.SendTimeout))
	if x.client.readsWhileSending {
		x.duplex()
		return
	}
	if err := x.send(); err != nil && !x.readsOn(err) {
		return
	}
	if x.client.delaysRead && !sleep(ctx, x.cfg.ReadDelay) {
		return
	}
	_ = x.conn.SetReadDeadline(time.Now().Add(x.cfg.ReceiveTimeout))
	x.setOutcome(x.read(x.awaitEnd))
}

// awaitEnd limits the wait for the connection's end after a complete answer.
func (x *exchange) awaitEnd() { _ = x.conn.SetReadDeadline(time.Now().Add(x.cfg.EndWait)) }

// earlier makes one of the requests before the measured one: it sends and then
// reads. It reports whether the attempt continues.
func (x *exchange) earlier() bool {
	_ = x.conn.SetWriteDeadline(time.Now().Add(x.cfg.SendTimeout))
	n, err := x.conn.Write(x.cfg.Target.earlier())
	x.Sent += int64(n)
	if err != nil {
		x.fail(callSend, err)
		return false
	}
	_ = x.conn.SetReadDeadline(time.Now().Add(x.cfg.ReceiveTimeout))
	buf := make([]byte, readBuffer)
	for err == nil && x.answer.state() == answerPartial {
		n, err = x.conn.Read(buf)
		x.Received += int64(n)
		if taken := x.answer.take(buf[:n]); x.answer.state() == answerWhole {
			continues := x.advance(x.Attempt, buf[taken:n], x.clock.now())
			if !continues {
				x.Outcome = results.BadResponse
			}
			_ = x.conn.SetReadDeadline(time.Time{})
			return continues
		}
	}
	x.setOutcome(err)
	return false
}

// send writes the request until its end or an error.
func (x *exchange) send() error {
	for {
		b := x.request.at(x.Sent - x.sent)
		if len(b) == 0 {
			return nil
		}
		n, err := x.conn.Write(b)
		x.Sent += int64(n)
		if err != nil {
			return err
		}
	}
}

// readsOn sets the outcome of a failed send, or reports that the client first reads
// the available data. No client does so after a timeout: the connection works, and
// its other direction has not failed.
func (x *exchange) readsOn(err error) bool {
	errno, _ := netError(err)
	if x.client.readsAfterFailedSend && isReset(errno) {
		x.resetBy = errno
		x.ResetBeforeRead = x.FirstByte == 0
		return true
	}
	x.fail(callSend, err)
	return false
}

// read reads the answer, and also the connection's end if the answer says that the
// connection ends. It returns nil after a complete answer on a connection that stays
// open and after bytes that are no answer; otherwise it returns the error that ended
// the reading. It calls whole when the answer is complete.
func (x *exchange) read(whole func()) error {
	buf := make([]byte, readBuffer)
	called := false // bytes after a complete answer must not extend the wait
	done := func() bool {
		switch x.answer.state() {
		case answerBad:
			return true
		case answerWhole:
			if !called {
				called = true
				whole()
			}
			return !x.answer.closes()
		}
		return false
	}
	if x.Received > x.received { // bytes of it arrived together with the answer before
		x.FirstByte = x.clock.now()
		if done() {
			return nil
		}
	}
	for {
		n, err := x.conn.Read(buf)
		if n > 0 {
			if x.FirstByte == 0 {
				x.FirstByte = x.clock.now()
			}
			x.Received += int64(n)
			x.answer.feed(buf[:n])
			if done() {
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// setOutcome sets the outcome of an attempt whose last read returned err.
func (x *exchange) setOutcome(err error) {
	errno, deadline := netError(err)
	if x.stream != nil && x.stream.notified {
		x.answer.finish()
	}
	a, received := x.answerRead(x.Attempt)
	switch {
	case err == nil && x.answer.state() == answerBad:
		x.Outcome = results.BadResponse
	case err == nil:
		x.Outcome, x.Errno = wholeOutcome(x.answer.status(), x.resetBy != 0), x.resetBy
	case x.resetBy != 0 && errno == 0:
		// The send consumed the socket's error, so the reset now looks like an orderly
		// end or like no end.
		x.Outcome, x.Errno = failed(callSend, x.resetBy, a, received), x.resetBy
	case x.stream != nil && errno == 0 && !deadline:
		x.Outcome = x.stream.over(a, received)
	case errors.Is(err, io.EOF):
		x.Outcome = ended(a, received)
	default:
		x.fail(callReceive, err)
	}
	x.Outcome = x.outcome(x.Outcome)
}

// fail sets the outcome of an attempt whose call returned err.
func (x *exchange) fail(c call, err error) {
	errno, deadline := netError(err)
	a, received := x.answerRead(x.Attempt)
	if x.Errno = errno; deadline {
		x.Outcome = timedOut(c, a)
	} else {
		x.Outcome = failed(c, errno, a, received)
	}
}

// duplex reads while it sends. The receive time limit starts at the end of the
// sending, as in the other clients.
func (x *exchange) duplex() {
	var stopped atomic.Bool
	stopSending := func() {
		stopped.Store(true)
		_ = x.conn.SetWriteDeadline(longAgo)
	}
	var readErr error
	var reading sync.WaitGroup
	var mu sync.Mutex // guards the read deadline once the answer is whole
	whole := false
	reading.Go(func() {
		readErr = x.read(func() {
			mu.Lock()
			whole = true
			x.awaitEnd()
			mu.Unlock()
			stopSending()
		})
		stopSending() // no answer can arrive any more
	})
	sendErr := x.send()
	errno, _ := netError(sendErr)
	sendFailed := sendErr != nil && !stopped.Load() && !isReset(errno) // a timeout or a local error
	mu.Lock()
	if sendFailed {
		_ = x.conn.SetReadDeadline(longAgo)
	} else if !whole {
		_ = x.conn.SetReadDeadline(time.Now().Add(x.cfg.ReceiveTimeout))
	}
	mu.Unlock()
	reading.Wait()
	if sendFailed && errors.Is(readErr, os.ErrDeadlineExceeded) {
		x.fail(callSend, sendErr)
		return
	}
	if isReset(errno) {
		x.resetBy = errno
	}
	x.setOutcome(readErr)
}
