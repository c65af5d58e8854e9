package loadgen

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
)

// state is the state of an attempt.
type state uint8

const (
	idle       state = iota // no attempt in the slot
	connecting              // waits for the handshake
	sending                 // has request bytes to send
	delaying                // has sent the request and waits before it reads
	receiving               // reads the answer
	ending                  // has the complete answer and waits for the connection's end
	numStates
)

// slot is one attempt in flight.
type slot struct {
	Attempt
	links
	dialogue
	fd       int32
	number   int32 // identifies the slot's attempt in events
	state    state
	readable bool // set by an event, cleared when a receive finds the socket empty
	resetBy  syscall.Errno
}

// enter moves slot i to a state and to that state's queue of deadlines.
func (w *worker) enter(i int32, to state, now int64) {
	s := &w.slots[i]
	if s.state != idle {
		w.queues[s.state].leave(w.slots, i)
	}
	s.state = to
	if to != idle {
		w.queues[to].join(w.slots, i, now)
	}
}

// connect starts an attempt in slot i.
func (w *worker) connect(i int32, due, now int64) {
	s := &w.slots[i]
	s.Attempt = Attempt{Due: due, Started: now}
	s.dialogue = dialogue{before: w.before}
	s.readable, s.resetBy, s.fd = false, 0, -1
	s.number++
	w.running++
	w.enter(i, connecting, now)

	fd, e := sysSocket(w.to.family)
	if e != 0 {
		w.fail(i, callConnect, e)
		return
	}
	s.fd = fd
	if e = sysNoDelay(fd); e == 0 {
		e = sysConnect(fd, &w.to)
	}
	s.LocalPort = sysLocalPort(fd)
	if e != 0 && e != unix.EINPROGRESS {
		w.fail(i, callConnect, e)
		return
	}
	if e := w.watch(i, unix.EPOLL_CTL_ADD); e != 0 {
		w.fail(i, callConnect, e)
	}
}

// watch registers slot i's socket with epoll, edge-triggered and for all events, so
// that an attempt needs only one such call.
func (w *worker) watch(i int32, op int) syscall.Errno {
	s := &w.slots[i]
	return sysEpollControl(w.epoll, op, s.fd, unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: i, Pad: s.number,
	})
}

// yield makes the loop return to slot i after the other slots. Changing the
// registration makes the kernel check for events again (ep_modify in
// fs/eventpoll.c). Without it no edge would come, because the socket's state has not
// changed.
func (w *worker) yield(i int32) {
	_ = w.watch(i, unix.EPOLL_CTL_MOD) // cannot fail for a registered descriptor
}

// event handles an event of an attempt. The attempt may already have ended: in the
// same batch of events, or because a child process that is being forked kept its
// socket open for a moment.
func (w *worker) event(ev unix.EpollEvent) {
	i, events := ev.Fd, ev.Events
	s := &w.slots[i]
	if s.state == idle || s.number != ev.Pad {
		return
	}
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.readable = true
	}
	switch s.state {
	case connecting:
		w.connected(i, events)
	case sending:
		if w.client.readsWhileSending || events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			w.send(i)
		}
	case receiving, ending:
		w.receive(i)
	}
}

// connected handles the success or failure of slot i's connect.
func (w *worker) connected(i int32, events uint32) {
	s := &w.slots[i]
	if events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		e := sysTakeError(s.fd)
		if e == 0 {
			e = syscall.ECONNRESET // closed without a pending error
		}
		w.fail(i, callConnect, e)
		return
	}
	if e := sysTCPInfo(s.fd, &w.info); e == 0 {
		s.HandshakeUs = w.info.Rtt
	}
	now := w.now()
	s.Connected, s.began = now, now
	w.enter(i, sending, now)
	w.send(i)
}

// send sends as much of the request as the kernel accepts, at most turnBytes.
func (w *worker) send(i int32) {
	s := &w.slots[i]
	measured := s.before == 0 // only the measured request follows the client's behaviour
	end := s.sent + w.size
	if !measured {
		end = s.sent + int64(len(w.earlier))
	}
	for turn := s.Sent + turnBytes; s.Sent < end; {
		if s.Sent >= turn {
			w.yield(i)
			return
		}
		if measured && w.client.readsWhileSending && s.readable {
			if w.read(i) {
				return
			}
			if s.state == ending {
				return // the answer is complete, so sending stops
			}
		}
		n, e := sysSend(s.fd, w.rest(s))
		switch {
		case e == unix.EAGAIN:
			return
		case e == unix.EINTR:
		case e != 0:
			w.sendFailed(i, e)
			return
		default:
			s.Sent += n
		}
	}
	if measured && w.client.delaysRead {
		w.enter(i, delaying, w.now())
		return
	}
	w.enter(i, receiving, w.now())
	w.receive(i)
}

// rest returns the next bytes of a slot's request.
func (w *worker) rest(s *slot) []byte {
	sent := s.Sent - s.sent
	if s.before > 0 {
		return w.earlier[sent:]
	}
	if sent < int64(len(w.request)) {
		return w.request[sent:]
	}
	return w.filler[:min(w.size-sent, int64(len(w.filler)))]
}

// sendFailed ends an attempt after a failed send. A client that does so reads the
// available data first.
func (w *worker) sendFailed(i int32, e syscall.Errno) {
	s := &w.slots[i]
	if s.before == 0 && w.client.readsAfterFailedSend && isReset(e) {
		s.resetBy = e
		// Read everything now: after a reset there is no more data than in the receive
		// buffer, and no more events.
		for s.readable = true; s.readable; {
			if w.read(i) {
				return
			}
		}
	}
	w.fail(i, callSend, e)
}

// receive reads available data.
func (w *worker) receive(i int32) {
	if w.slots[i].readable {
		w.read(i)
	}
}

// read reads until the socket is empty, at most turnBytes, so that a fast server
// delays neither other attempts nor its own time limit. It reports whether reading
// is done: the attempt has ended, or is at its next request.
func (w *worker) read(i int32) bool {
	s := &w.slots[i]
	if s.before == 0 && s.FirstByte == 0 {
		// Checked directly before the first read: a system that discards received
		// data on a reset would have lost this answer.
		if e := sysTCPInfo(s.fd, &w.info); e == 0 && w.info.State == tcpClose || s.resetBy != 0 {
			s.ResetBeforeRead = true
		}
		if s.Received > s.received { // bytes of it arrived together with the answer before
			s.FirstByte = w.now()
			if w.answered(i, nil) {
				return true
			}
		}
	}
	for turn := s.Received + turnBytes; s.Received < turn; {
		n, e := sysReceive(s.fd, w.buffer)
		switch {
		case e == unix.EAGAIN:
			s.readable = false
			return false
		case e == unix.EINTR:
			continue
		case e != 0:
			w.fail(i, callReceive, e)
			return true
		case n == 0 && s.resetBy != 0:
			// The send consumed the socket's error, so the reset now looks like an
			// orderly end.
			w.fail(i, callSend, s.resetBy)
			return true
		case n == 0:
			w.end(i, ended(s.answerRead(&s.Attempt)))
			return true
		}
		if s.before == 0 && s.FirstByte == 0 {
			s.FirstByte = w.now()
		}
		s.Received += n
		taken := s.answer.take(w.buffer[:n])
		if w.answered(i, w.buffer[taken:n]) {
			return true
		}
	}
	w.yield(i)
	return false
}

// answered handles the answer's state after more bytes; surplus are the bytes after
// the answer. It reports whether reading is done.
func (w *worker) answered(i int32, surplus []byte) bool {
	s := &w.slots[i]
	switch s.answer.state() {
	case answerBad:
		w.end(i, results.BadResponse)
		return true
	case answerWhole:
		switch {
		case s.before > 0:
			w.next(i, surplus)
			return true
		case !s.answer.closes():
			w.end(i, wholeOutcome(s.answer.status(), s.resetBy != 0))
			return true
		case s.state != ending:
			w.enter(i, ending, w.now())
		}
	}
	return false
}

// next starts slot i's next request, after the other slots had their turn.
func (w *worker) next(i int32, surplus []byte) {
	s := &w.slots[i]
	now := w.now()
	if !s.advance(&s.Attempt, surplus, now) {
		w.end(i, results.BadResponse)
		return
	}
	s.readable = true // there may be more data or a surplus without an event
	w.enter(i, sending, now)
	w.yield(i)
}

// expired handles the end of slot i's wait.
func (w *worker) expired(i int32) {
	s := &w.slots[i]
	switch s.state {
	case connecting:
		w.end(i, timedOut(callConnect, &s.answer))
	case sending:
		a, _ := s.answerRead(&s.Attempt)
		w.end(i, timedOut(callSend, a))
	case delaying:
		s.readable = true
		w.enter(i, receiving, w.now())
		w.receive(i)
	case receiving, ending:
		w.end(i, timedOut(callReceive, &s.answer))
	}
}

func (w *worker) fail(i int32, c call, e syscall.Errno) {
	s := &w.slots[i]
	s.Errno = e
	a, received := s.answerRead(&s.Attempt)
	w.end(i, failed(c, e, a, received))
}

// end ends the attempt of slot i and adds it to the ledger.
func (w *worker) end(i int32, o results.Outcome) {
	s := &w.slots[i]
	s.Outcome = s.outcome(o)
	s.End = w.now()
	if s.fd >= 0 {
		sysClose(s.fd)
	}
	w.enter(i, idle, s.End)
	w.running--
	w.plan.ended(s.End)
	if len(w.idle) == 0 {
		w.freed = s.End
	}
	w.idle = append(w.idle, i)
	w.result.add(&s.Attempt, w.openLoop)
	last := len(w.chunks) - 1
	if last < 0 || len(w.chunks[last]) == cap(w.chunks[last]) {
		w.chunks = append(w.chunks, make([]Attempt, 0, ledgerChunk))
		last++
	}
	w.chunks[last] = append(w.chunks[last], s.Attempt)
}
