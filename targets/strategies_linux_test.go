package targets

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

func TestUnreadBytesAtCloseAreInTheEntry(t *testing.T) {
	const sent = 5000
	for _, strategy := range []string{"linger-zero", "close", "shutdown", "wait-acked", "delayed-close"} {
		t.Run(strategy, func(t *testing.T) {
			row, _ := StrategyByName(strategy)
			b, _ := Bounds{CloseDelay: time.Millisecond}.withDefaults()
			c, s, l := pair(t)
			send(t, c, string(make([]byte, sent)))
			awaitReadable(t, s, func() bool { n, err := available(s); return n == sent || err != nil })
			go awaitEnd(c)
			s.decision.Store(uint32(Rejected))
			l.end(s, endReasonOf(row.reject(s, b)))
			r := l.report(0)
			if e := r.Entries[0]; e.Unread != sent || e.Read != 0 || r.Server.UnreadAtClose != 1 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestDrainAvailableDiscardsArrivedDataAndNeverWaits(t *testing.T) {
	const sent = 5000
	c, s, l := pair(t)
	send(t, c, string(make([]byte, sent)))
	awaitReadable(t, s, func() bool { n, err := available(s); return n == sent || err != nil })
	err := rejectDrainAvailable(s, Bounds{})
	l.end(s, endReasonOf(err))
	if e := l.report(0).Entries[0]; err != nil || e.Read != sent || e.Unread != 0 {
		t.Errorf("%+v, %v", e, err)
	}
	// A client that sends nothing: a read would block forever.
	e := reject(t, "drain-available", Bounds{}, awaitEnd)
	if e.End != endClosed || e.Read != 0 {
		t.Errorf("%+v", e)
	}
}

func TestDrainAvailableStopsReadingAFastSender(t *testing.T) {
	c, s, _ := pair(t)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for chunk := make([]byte, 64<<10); ; {
			if _, err := c.Write(chunk); err != nil {
				return
			}
		}
	}()
	// One read at a time, so that more data is always available.
	for range 3 {
		awaitReadable(t, s, func() bool { n, err := available(s); return n > 0 || err != nil })
		if err := discardAvailable(s, 1); !errors.Is(err, errByteLimit) {
			t.Errorf("after one read: %v", err)
		}
	}
	s.Close()
	<-sent
}

func TestWaitAckedEndsWithTheAcknowledgementAndNotTheTimeLimit(t *testing.T) {
	started := time.Now()
	e := reject(t, "wait-acked", Bounds{AckTimeout: time.Hour}, awaitEnd)
	if e.End != endClosed {
		t.Errorf("%+v after %v", e, time.Since(started))
	}
}

func TestWaitAckedAfterThePeersCloseEndsWithTheAcknowledgement(t *testing.T) {
	e := reject(t, "wait-acked", Bounds{AckTimeout: time.Hour}, func(c *net.TCPConn) {
		c.CloseWrite() // CLOSE_WAIT, LAST_ACK, CLOSE instead of FIN_WAIT1, FIN_WAIT2
		awaitEnd(c)
	})
	if e.End != endClosed {
		t.Errorf("%+v", e)
	}
}

func TestWaitAckedReportsAReset(t *testing.T) {
	c, s, _ := pair(t)
	blockAnswers(t, s)
	c.SetLinger(0)
	c.Close()
	if err := waitAcked(s, time.Hour); endReasonOf(err) != endPeerReset {
		t.Errorf("%v", err)
	}
}

func TestAckWaitersGiveUpAtTheTimeLimit(t *testing.T) {
	_, s, _ := pair(t)
	blockAnswers(t, s)
	if err := waitAcked(s, 20*time.Millisecond); !errors.Is(err, errTimeLimit) {
		t.Errorf("waitAcked: %v", err)
	}
	if acked, err := finAcked(s); acked || err != nil {
		t.Errorf("finAcked: %v, %v", acked, err)
	}
}

// blockAnswers fills the buffers to a client that does not read, and half-closes, so
// that the FIN cannot be sent.
func blockAnswers(t *testing.T, s *conn) {
	t.Helper()
	for chunk := make([]byte, 1<<20); ; {
		s.SetWriteDeadline(time.Now().Add(time.Second)) // a write that was only late has filled nothing
		if _, err := s.Write(chunk); errors.Is(err, os.ErrDeadlineExceeded) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

func TestDrainUntilAckedEndsByQuietByEndOfFileOrByTime(t *testing.T) {
	for _, test := range []struct {
		name   string
		bounds Bounds
		client func(*net.TCPConn)
		want   endReason
	}{
		{"quiet after an upload", Bounds{AckTimeout: time.Hour, QuietFloor: time.Second}, func(c *net.TCPConn) {
			send(t, c, post(string(make([]byte, 100_000))))
			awaitReadable(t, c, func() bool { n, err := available(c); return n == len(answerText) || err != nil })
		}, endClosed},
		{"end-of-file", Bounds{AckTimeout: time.Hour, QuietFloor: patience}, func(c *net.TCPConn) {
			send(t, c, get())
			c.CloseWrite()
		}, endEOF},
		// Otherwise a sender that is delayed for a millisecond would count as quiet.
		{"time", Bounds{AckTimeout: time.Nanosecond}, awaitEnd, endTimeLimit},
	} {
		t.Run(test.name, func(t *testing.T) {
			if e := reject(t, "drain-until-acked", test.bounds, test.client); e.End != test.want {
				t.Errorf("%+v, want end %v", e, test.want)
			}
		})
	}
}
