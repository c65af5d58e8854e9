package loadgen

import (
	"errors"
	"net"
	"syscall"

	"github.com/rejectbench/rejectbench/results"
)

// call is the system call in which an attempt met its end.
type call uint8

const (
	callConnect call = iota
	callSend
	callReceive
)

// The functions below judge an attempt by the call that failed, its error
// number and what had been read before; never by an error's text. The order of
// the questions is the same in each:
//
//  1. What was read is not HTTP: bad-response, whatever came after. A client
//     that got garbage is not helped by knowing how the garbage ended.
//  2. A whole answer was read: the answer decides, and the error only tells
//     delivered from delivered-then-reset.
//  3. Otherwise the error decides, and part of an answer makes a reset or an end truncated.
//
// The answer and the count they are given are what the client's code has read,
// not what the kernel holds: a client that gives up at a failed send never
// read anything, whatever lies in its receive buffer.

// failed judges an attempt whose call returned errno, in the numbering of
// normalErrno, after received bytes of an answer were read.
func failed(c call, errno syscall.Errno, a *answer, received int64) results.Outcome {
	switch a.state() {
	case answerBad:
		return results.BadResponse
	case answerWhole:
		return wholeOutcome(a.status(), isReset(errno))
	}
	switch {
	case errno == syscall.ECONNREFUSED:
		return results.Refused
	case c == callConnect && errno == syscall.ETIMEDOUT:
		// The kernel gave up on its SYN (tcp_syn_retries) before the fleet did.
		return results.TimeoutConnect
	case isTimeout(errno) && c != callConnect:
		return timedOut(c, a)
	case !isReset(errno):
		// No port, no descriptor, no memory, no route, a local firewall, or a
		// call the fleet should not have made: nothing the server did, so it
		// must not count as a rejection.
		return results.LocalError
	case c == callConnect:
		// The handshake was done and the reset was there before connect was
		// looked at (SO_ERROR).
		return results.ResetConnect
	case received > 0:
		return results.Truncated
	case c == callReceive:
		// EPIPE among them: a reset that meets CLOSE_WAIT sets EPIPE, for the
		// next call of either kind (tcp_reset in net/ipv4/tcp_input.c).
		return results.ResetReceive
	case errno == syscall.ECONNRESET, errno == syscall.ECONNABORTED:
		return results.ResetSend
	}
	return results.BrokenPipe
}

// ended judges an attempt whose peer ended the connection in an orderly way
// after received bytes were read. It finishes the answer.
func ended(a *answer, received int64) results.Outcome {
	switch a.finish() {
	case answerBad:
		return results.BadResponse
	case answerWhole:
		return wholeOutcome(a.status(), false)
	}
	if received > 0 {
		return results.Truncated
	}
	return results.Closed
}

// timedOut judges an attempt that met the time limit of the phase of call c.
// Part of an answer does not matter: a server that drips one has not answered.
// After a whole answer the limit only ended the wait for the connection's end.
func timedOut(c call, a *answer) results.Outcome {
	switch a.state() {
	case answerBad:
		return results.BadResponse
	case answerWhole:
		return wholeOutcome(a.status(), false)
	}
	switch c {
	case callConnect:
		return results.TimeoutConnect
	case callSend:
		return results.TimeoutSend
	}
	return results.TimeoutReceive
}

// wholeOutcome judges an attempt that read a whole answer; reset tells whether
// the connection was reset, before or after the answer was read.
func wholeOutcome(status int, reset bool) results.Outcome {
	switch {
	case status >= 200 && status <= 299:
		return results.Admitted
	case status == 503 && reset:
		return results.DeliveredThenReset
	case status == 503:
		return results.Delivered
	}
	return results.BadResponse
}

// isReset tells whether errno means that a reset ended the connection.
func isReset(errno syscall.Errno) bool {
	switch errno {
	case syscall.ECONNRESET, // a reset arrived
		syscall.EPIPE,        // a send after a reset, or a reset after the peer's FIN
		syscall.ECONNABORTED, // the local stack gave up on a reset connection: Windows, and connect on Linux
		syscall.ESHUTDOWN,    // as EPIPE, on Windows
		syscall.ENOTCONN,     // a call after the reset was reported: BSD, macOS
		syscall.EPROTOTYPE:   // a send that met the teardown half way: macOS
		return true
	}
	return false
}

// isTimeout tells whether errno means that the kernel gave up on a connected
// peer. An unreachable network or host is a soft error on a connection: Linux
// reports it in place of ETIMEDOUT once the retransmissions have run out
// (tcp_write_err in net/ipv4/tcp_timer.c). In connect the same numbers mean
// that there is no way to the server.
func isTimeout(errno syscall.Errno) bool {
	switch errno {
	case syscall.ETIMEDOUT, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN:
		return true
	}
	return false
}

// netError takes an error of package net apart: the error number in it, 0 if
// there is none, and whether a deadline of ours had passed.
func netError(err error) (errno syscall.Errno, deadline bool) {
	if errors.As(err, &errno) {
		return normalErrno(errno), false
	}
	// A dialer's own time limit is not os.ErrDeadlineExceeded, but both are this.
	var ne net.Error
	return 0, errors.As(err, &ne) && ne.Timeout()
}
