package loadgen

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
)

// state is where an attempt stands.
type state uint8

const (
	idle       state = iota // no attempt in the slot
	connecting              // waits for the handshake
	sending                 // has request bytes left to send
	delaying                // has sent the request and waits before it reads
	receiving               // reads the answer
	ending                  // has the whole answer and waits for the connection's end
	numStates
)

// slot is one attempt in flight.
type slot struct {
	Attempt
	links
	dialogue
	fd       int32
	number   int32 // tells the slot's attempts apart in events
	state    state
	readable bool // an event said so, and no receive has found the socket empty since
	resetBy  syscall.Errno
}

// enter moves slot i to a state and into its queue of deadlines.
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

// watch has the epoll tell of slot i's socket: edge-triggered and of everything
// at once, so that an attempt takes one such call.
func (w *worker) watch(i int32, op int) syscall.Errno {
	s := &w.slots[i]
	return sysEpollControl(w.epoll, op, s.fd, unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: i, Pad: s.number,
	})
}

// yield has the loop come back to slot i after the others. Changing the watch
// makes the kernel look for events afresh (ep_modify in fs/eventpoll.c), where
// an edge alone would never come: what it tells of has been there all along.
func (w *worker) yield(i int32) {
	_ = w.watch(i, unix.EPOLL_CTL_MOD) // cannot fail for a descriptor that is being watched
}

// event moves an attempt on. An event may be of an attempt that has ended: one
// that stood in the same batch, or one whose socket outlived its close for a
// moment because a child of this process was just being forked.
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

// connected ends the connecting of slot i, one way or the other.
func (w *worker) connected(i int32, events uint32) {
	s := &w.slots[i]
	if events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		e := sysTakeError(s.fd)
		if e == 0 {
			e = syscall.ECONNRESET // gone without an error: the state alone says so
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

// send sends what the kernel takes of the request, up to a turn's worth.
func (w *worker) send(i int32) {
	s := &w.slots[i]
	measured := s.before == 0 // only that request is sent and read in the client's own way
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
				return // nothing more to send for: the answer is there
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

// rest is what to send next of a slot's request.
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

// sendFailed ends an attempt whose send failed, after reading what is there if
// the client does so.
func (w *worker) sendFailed(i int32, e syscall.Errno) {
	s := &w.slots[i]
	if s.before == 0 && w.client.readsAfterFailedSend && isReset(e) {
		s.resetBy = e
		// All of it now: a connection that was reset holds no more than its
		// receive buffer does, and tells of no more events.
		for s.readable = true; s.readable; {
			if w.read(i) {
				return
			}
		}
	}
	w.fail(i, callSend, e)
}

// receive reads what is there.
func (w *worker) receive(i int32) {
	if w.slots[i].readable {
		w.read(i)
	}
}

// read reads until nothing is there, up to a turn's worth, so that a server that
// sends as fast as it is read holds up neither other attempts nor its own time
// limit. It reports whether the reading is over: the attempt has ended, or is at
// its next request.
func (w *worker) read(i int32) bool {
	s := &w.slots[i]
	if s.before == 0 && s.FirstByte == 0 {
		// Asked right before the first read: what a system that throws
		// received data away on a reset would have lost.
		if e := sysTCPInfo(s.fd, &w.info); e == 0 && w.info.State == tcpClose || s.resetBy != 0 {
			s.ResetBeforeRead = true
		}
		if s.Received > s.received { // it came along with the answer before it
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
			// The error was reported by the send; what follows the data now
			// looks like an orderly end and is not one.
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
		took := s.answer.take(w.buffer[:n])
		if w.answered(i, w.buffer[took:n]) {
			return true
		}
	}
	w.yield(i)
	return false
}

// answered acts on how far the answer has come, behind which came a surplus. It
// reports whether the reading is over.
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

// next begins slot i's next request, after the others have had their turn.
func (w *worker) next(i int32, surplus []byte) {
	s := &w.slots[i]
	now := w.now()
	if !s.advance(&s.Attempt, surplus, now) {
		w.end(i, results.BadResponse)
		return
	}
	s.readable = true // there may be more, or a surplus, and no event tells of that
	w.enter(i, sending, now)
	w.yield(i)
}

// expired ends what slot i was waiting for.
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

// end ends the attempt of slot i and puts it into the ledger.
func (w *worker) end(i int32, o results.Outcome) {
	s := &w.slots[i]
	s.Outcome = s.outcome(o)
	s.End = w.now()
	if s.fd >= 0 {
		sysClose(s.fd)
	}
	w.enter(i, idle, s.End)
	w.running--
	w.idle = append(w.idle, i)
	w.result.add(&s.Attempt, w.openLoop)
	last := len(w.chunks) - 1
	if last < 0 || len(w.chunks[last]) == cap(w.chunks[last]) {
		w.chunks = append(w.chunks, make([]Attempt, 0, ledgerChunk))
		last++
	}
	w.chunks[last] = append(w.chunks[last], s.Attempt)
}
