package loadgen

import (
	"errors"
	"net"
	"syscall"

	"github.com/rejectbench/rejectbench/results"
)

// call is the system call in which an attempt failed or ended.
type call uint8

const (
	callConnect call = iota
	callSend
	callReceive
)

// The functions below determine the outcome from the failed call, its error number
// and the bytes read before, never from an error's text. All use the same order:
//
//  1. If the bytes are not HTTP, the outcome is bad-response, whatever came after.
//  2. If a complete answer was read, the answer decides. The error only
//     distinguishes delivered from delivered-then-reset.
//  3. Otherwise the error decides. If part of an answer was read, a reset or an
//     orderly end is truncated.
//
// The answer and the number of bytes are those that the client's code has read, not
// those in the kernel: a client that gives up at a failed send has read nothing,
// even if its receive buffer has an answer.

// failed returns the outcome of an attempt whose call returned errno, as
// normalErrno numbers it, after received bytes of an answer.
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
		// The kernel gave up its SYN (tcp_syn_retries) before the fleet's time limit.
		return results.TimeoutConnect
	case isTimeout(errno) && c != callConnect:
		return timedOut(c, a)
	case !isReset(errno):
		// No port, no descriptor, no memory, no route, a local firewall, or a bug in
		// the fleet: not caused by the server, so it must not count as a rejection.
		return results.LocalError
	case c == callConnect:
		// The handshake was complete, and the reset arrived before the client read the
		// result of connect (SO_ERROR).
		return results.ResetConnect
	case received > 0:
		return results.Truncated
	case c == callReceive:
		// This includes EPIPE: a reset in CLOSE_WAIT sets EPIPE for the next send or
		// receive (tcp_reset in net/ipv4/tcp_input.c).
		return results.ResetReceive
	case errno == syscall.ECONNRESET, errno == syscall.ECONNABORTED:
		return results.ResetSend
	}
	return results.BrokenPipe
}

// ended returns the outcome of an attempt whose peer ended the connection in order
// after received bytes of an answer. It finishes the answer.
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

// timedOut returns the outcome of an attempt that reached the time limit of the
// phase of call c. Part of an answer does not count as an answer. After a complete
// answer the limit only ended the wait for the connection's end.
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

// wholeOutcome returns the outcome of an attempt that read a complete answer. reset
// says whether the connection was reset, before or after the answer was read.
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

// isReset reports whether errno means that a reset ended the connection.
func isReset(errno syscall.Errno) bool {
	switch errno {
	case syscall.ECONNRESET, // a reset arrived
		syscall.EPIPE,        // a send after a reset, or a reset after the peer's FIN
		syscall.ECONNABORTED, // the local stack gave up on a reset connection: Windows, and connect on Linux
		syscall.ESHUTDOWN,    // as EPIPE, on Windows
		syscall.ENOTCONN,     // a call after the reset was reported: BSD, macOS
		syscall.EPROTOTYPE:   // a send during the connection's teardown: macOS
		return true
	}
	return false
}

// isTimeout reports whether errno means that the kernel gave up on a connected
// peer. An unreachable network or host is a soft error of a connection: Linux
// reports it instead of ETIMEDOUT after the last retransmission (tcp_write_err in
// net/ipv4/tcp_timer.c). In connect the same numbers mean that there is no route
// to the server.
func isTimeout(errno syscall.Errno) bool {
	switch errno {
	case syscall.ETIMEDOUT, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN:
		return true
	}
	return false
}

// netError returns the error number in an error of package net, 0 if there is none,
// and whether the error is a deadline of the fleet.
func netError(err error) (errno syscall.Errno, deadline bool) {
	if errors.As(err, &errno) {
		return normalErrno(errno), false
	}
	// A dialer's timeout is not os.ErrDeadlineExceeded, but both have this method.
	var ne net.Error
	return 0, errors.As(err, &ne) && ne.Timeout()
}
