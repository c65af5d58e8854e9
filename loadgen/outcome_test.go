package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/rejectbench/rejectbench/results"
)

// read returns the answer after the bytes s.
func read(s string) *answer {
	var a answer
	a.feed([]byte(s))
	return &a
}

const (
	answer200  = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	answer404  = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
	answer503  = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 5\r\n\r\nbusy\n"
	keepOpen   = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nbusy\n"
	partOf503  = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 5\r\n\r\nbus"
	garbage    = "SSH-2.0-OpenSSH_9.2p1\r\n"
	untilEnd   = "HTTP/1.1 503 Service Unavailable\r\n\r\nbusy"
	interim    = "HTTP/1.1 100 Continue\r\n\r\n"
	statusOnly = "HTTP/1.1 503 Service Unavailable\r\n"
)

var (
	calls  = []call{callConnect, callSend, callReceive}
	resets = []syscall.Errno{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED, syscall.ENOTCONN, syscall.ESHUTDOWN, syscall.EPROTOTYPE}
	locals = []syscall.Errno{0, syscall.EADDRNOTAVAIL, syscall.EADDRINUSE, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS,
		syscall.ENOMEM, syscall.EACCES, syscall.EPERM, syscall.EBADF, syscall.EINVAL, syscall.EAGAIN, syscall.EAFNOSUPPORT}
)

// Every call with every error number, when no answer byte was read.
func TestFailedWithoutAnAnswer(t *testing.T) {
	type row map[call]results.Outcome
	all := func(o results.Outcome) row { return row{callConnect: o, callSend: o, callReceive: o} }
	want := map[syscall.Errno]row{
		syscall.ECONNREFUSED: all(results.Refused),
		syscall.ECONNRESET:   {callConnect: results.ResetConnect, callSend: results.ResetSend, callReceive: results.ResetReceive},
		syscall.ECONNABORTED: {callConnect: results.ResetConnect, callSend: results.ResetSend, callReceive: results.ResetReceive},
		syscall.EPIPE:        {callConnect: results.ResetConnect, callSend: results.BrokenPipe, callReceive: results.ResetReceive},
		syscall.ESHUTDOWN:    {callConnect: results.ResetConnect, callSend: results.BrokenPipe, callReceive: results.ResetReceive},
		syscall.ENOTCONN:     {callConnect: results.ResetConnect, callSend: results.BrokenPipe, callReceive: results.ResetReceive},
		syscall.EPROTOTYPE:   {callConnect: results.ResetConnect, callSend: results.BrokenPipe, callReceive: results.ResetReceive},
		syscall.ETIMEDOUT:    {callConnect: results.TimeoutConnect, callSend: results.TimeoutSend, callReceive: results.TimeoutReceive},
		syscall.ENETUNREACH:  {callConnect: results.LocalError, callSend: results.TimeoutSend, callReceive: results.TimeoutReceive},
		syscall.EHOSTUNREACH: {callConnect: results.LocalError, callSend: results.TimeoutSend, callReceive: results.TimeoutReceive},
		syscall.ENETDOWN:     {callConnect: results.LocalError, callSend: results.TimeoutSend, callReceive: results.TimeoutReceive},
		syscall.EHOSTDOWN:    {callConnect: results.LocalError, callSend: results.TimeoutSend, callReceive: results.TimeoutReceive},
	}
	for _, errno := range locals {
		want[errno] = all(results.LocalError)
	}
	for errno, row := range want {
		for _, c := range calls {
			if got := failed(c, errno, read(""), 0); got != row[c] {
				t.Errorf("call %d with %d (%v): %v, want %v", c, errno, errno, got, row[c])
			}
		}
	}
}

// Every ending of a connection after every kind of answer.
func TestOutcomeAfterAnAnswer(t *testing.T) {
	for _, c := range []struct {
		name, bytes                  string
		reset, end, local, timedSend results.Outcome
		timedReceive                 results.Outcome
	}{
		{"whole 2xx", answer200, results.Admitted, results.Admitted, results.Admitted, results.Admitted, results.Admitted},
		{"whole 503", answer503, results.DeliveredThenReset, results.Delivered, results.Delivered, results.Delivered, results.Delivered},
		{"whole 404", answer404, results.BadResponse, results.BadResponse, results.BadResponse, results.BadResponse, results.BadResponse},
		{"garbage", garbage, results.BadResponse, results.BadResponse, results.BadResponse, results.BadResponse, results.BadResponse},
		{"part of a 503", partOf503, results.Truncated, results.Truncated, results.LocalError, results.TimeoutSend, results.TimeoutReceive},
		{"one byte", "H", results.Truncated, results.Truncated, results.LocalError, results.TimeoutSend, results.TimeoutReceive},
		{"status line", statusOnly, results.Truncated, results.Truncated, results.LocalError, results.TimeoutSend, results.TimeoutReceive},
		{"interim answer", interim, results.Truncated, results.Truncated, results.LocalError, results.TimeoutSend, results.TimeoutReceive},
		// A reset is not the end that delimits the body.
		{"503 until the end", untilEnd, results.Truncated, results.Delivered, results.LocalError, results.TimeoutSend, results.TimeoutReceive},
	} {
		n := int64(len(c.bytes))
		for _, call := range []call{callSend, callReceive} {
			for _, errno := range resets {
				if got := failed(call, errno, read(c.bytes), n); got != c.reset {
					t.Errorf("%s, then %v in call %d: %v, want %v", c.name, errno, call, got, c.reset)
				}
			}
			for _, errno := range locals {
				if got := failed(call, errno, read(c.bytes), n); got != c.local {
					t.Errorf("%s, then %v in call %d: %v, want %v", c.name, errno, call, got, c.local)
				}
			}
		}
		if got := ended(read(c.bytes), n); got != c.end {
			t.Errorf("%s, then the end: %v, want %v", c.name, got, c.end)
		}
		if got := timedOut(callSend, read(c.bytes)); got != c.timedSend {
			t.Errorf("%s, then the send time limit: %v, want %v", c.name, got, c.timedSend)
		}
		if got := timedOut(callReceive, read(c.bytes)); got != c.timedReceive {
			t.Errorf("%s, then the receive time limit: %v, want %v", c.name, got, c.timedReceive)
		}
	}
}

func TestEndWithoutAnAnswerIsClosed(t *testing.T) {
	if got := ended(read(""), 0); got != results.Closed {
		t.Errorf("%v, want %v", got, results.Closed)
	}
}

func TestTimeLimitNamesItsPhase(t *testing.T) {
	for c, want := range map[call]results.Outcome{
		callConnect: results.TimeoutConnect, callSend: results.TimeoutSend, callReceive: results.TimeoutReceive,
	} {
		if got := timedOut(c, read("")); got != want {
			t.Errorf("call %d: %v, want %v", c, got, want)
		}
	}
}

func TestWholeOutcomeIsDecidedByTheStatus(t *testing.T) {
	for status := 200; status <= 999; status++ {
		orderly, reset := results.BadResponse, results.BadResponse
		switch {
		case status < 300:
			orderly, reset = results.Admitted, results.Admitted
		case status == 503:
			orderly, reset = results.Delivered, results.DeliveredThenReset
		}
		if o, r := wholeOutcome(status, false), wholeOutcome(status, true); o != orderly || r != reset {
			t.Errorf("%d: %v, and %v with a reset", status, o, r)
		}
	}
}

func TestNetErrorIsClassifiedWithoutItsText(t *testing.T) {
	sys := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	for _, c := range []struct {
		name     string
		err      error
		errno    syscall.Errno
		deadline bool
	}{
		{"errno", sys, syscall.ECONNRESET, false},
		{"wrapped errno", fmt.Errorf("x: %w", sys), syscall.ECONNRESET, false},
		{"errno that calls itself a timeout", syscall.ETIMEDOUT, syscall.ETIMEDOUT, false},
		{"deadline", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, 0, true},
		{"dialer's time limit", context.DeadlineExceeded, 0, true},
		{"closed here", net.ErrClosed, 0, false},
		{"neither", errors.New("connection reset by peer"), 0, false},
	} {
		if errno, deadline := netError(c.err); errno != c.errno || deadline != c.deadline {
			t.Errorf("%s: %d %v, want %d %v", c.name, errno, deadline, c.errno, c.deadline)
		}
	}
}
