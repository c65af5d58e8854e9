package netpath

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// fullLane returns a lane with n numbered packets that are due at 0, and the far end
// of the datagram socket to which it forwards them. The socket accepts a few
// packets, and no more until they are read.
func fullLane(t *testing.T, n uint32) (l *lane, far int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(pair[0])
		unix.Close(pair[1])
	})
	if err := unix.SetsockoptInt(pair[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 1); err != nil { // the minimum
		t.Fatal(err)
	}
	shape := slots{size: 256, count: n}
	l = newLane(0, &tap{mem: make([]byte, shape.size*shape.count), slots: shape}, &tap{fd: pair[0]}, newLink(impair.OneWay{}, 1, 0), nil, false)
	for slot := range n {
		h := l.in.frame(slot)
		h.Status, h.Mac, h.Len, h.Snaplen = unix.TP_STATUS_USER, 64, 4, 4
		binary.BigEndian.PutUint32(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(h), 64)), 4), slot)
		l.enqueue(slot, 0, 0)
	}
	return l, pair[1]
}

func TestRetriedPacketsAreLateButInOrderAndNotLost(t *testing.T) {
	const n = 3*batch + 5
	l, far := fullLane(t, n)
	var arrived []uint32
	waits := 0
	b := make([]byte, 16)
	for now := int64(1); len(arrived) < n && waits < 10*n; {
		again := l.send(now)
		if again != never {
			if again != now+int64(retryAfter) {
				t.Fatalf("asks to be called again at %d, %v from now", again, time.Duration(again-now))
			}
			waits++
			now = again
		}
		for {
			m, err := unix.Read(far, b)
			if err != nil {
				break
			}
			arrived = append(arrived, binary.BigEndian.Uint32(bytes.Clone(b[:m])))
		}
	}
	for i, v := range arrived {
		if v != uint32(i) {
			t.Fatalf("packet %d arrived as number %d: %v", v, i, arrived)
		}
	}
	if len(arrived) != n || waits == 0 || l.failed != 0 || l.late.TotalCount() != n {
		t.Errorf("%d of %d packets after %d waits, %d failed, %d in the histogram of lateness", len(arrived), n, waits, l.failed, l.late.TotalCount())
	}
	for slot := range uint32(n) {
		if l.copies[slot] != 0 || received(l.in.frame(slot)) {
			t.Errorf("slot %d was not given back", slot)
		}
	}
}

func TestPacketsNeverAcceptedCountAsFailed(t *testing.T) {
	const n = 2 * batch
	l, _ := fullLane(t, n)
	if again := l.send(1); again == never {
		t.Fatal("a socket that nobody reads took everything")
	}
	taken := l.late.TotalCount()
	for l.due.next() != never || l.unsent != (unsent{}) {
		if again := l.send(longestRetry + 1); again != never {
			t.Fatalf("asks to be called again at %d", again)
		}
	}
	if l.failed == 0 || l.failed != n-taken {
		t.Errorf("%d of %d packets failed, %d were taken", l.failed, n, taken)
	}
	for slot := range uint32(n) {
		if received(l.in.frame(slot)) {
			t.Errorf("slot %d was not given back", slot)
		}
	}
}
