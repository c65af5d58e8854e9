package netpath

import (
	"net"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// Keep tests off the main thread: it cannot end, so a namespace that it entered
// would exist until the test process ends.
func init() { runtime.LockOSThread() }

// inMiddle runs f in a new namespace from which a path can be opened. The test's
// thread enters it, and ends with the test.
func inMiddle(t *testing.T, f func() error) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if err := f(); err != nil {
		t.Fatal(err)
	}
}

// handshakes opens n connections from the client's end, one after another, and
// returns the round trips that the client's kernel measured.
func handshakes(t *testing.T, p *Path, n int) []time.Duration {
	t.Helper()
	var listener net.Listener
	err := p.server.do(func() (err error) {
		listener, err = net.Listen("tcp", net.JoinHostPort(p.ServerAddr().String(), "0"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var rtts []time.Duration
	err = p.client.do(func() error {
		for range n {
			c, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				return err
			}
			raw, err := c.(*net.TCPConn).SyscallConn()
			if err != nil {
				return err
			}
			err = raw.Control(func(fd uintptr) {
				info, e := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
				if e == nil {
					rtts = append(rtts, time.Duration(info.Rtt)*time.Microsecond)
				}
			})
			c.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rtts
}

func TestDelayLineHandshakeTakesConfiguredRTT(t *testing.T) {
	for _, rtt := range []time.Duration{0, 10 * time.Millisecond, 50 * time.Millisecond} {
		t.Run(rtt.String(), func(t *testing.T) {
			inMiddle(t, func() error {
				p, err := Open(Spec{Kind: DelayLine, Impairments: impair.Set{}.WithRTT(rtt)}, true)
				if err != nil {
					return err
				}
				got := handshakes(t, p, 20)
				stats, err := p.Close()
				if err != nil {
					return err
				}
				slices.Sort(got)
				median := got[len(got)/2]
				t.Logf("asked %v, median %v, min %v, max %v; late %+v; %d packets, cpu %v", rtt, median, got[0], got[len(got)-1], stats.Late, stats.Packets, stats.CPU)
				// The line's offset between its clocks is slightly off if its thread is
				// interrupted between reading the two.
				if got[0] < rtt-500*time.Microsecond {
					t.Errorf("a handshake took %v, less than the path's %v", got[0], rtt)
				}
				if stats.RingDrops != 0 || stats.SendErrors != 0 || stats.Lost != 0 {
					t.Errorf("the path lost packets: %+v", stats)
				}
				if stats.Packets < 20*3 { // SYN, SYN-ACK, ACK
					t.Errorf("%d packets crossed the path in 20 connections, want at least 60", stats.Packets)
				}
				return nil
			})
		})
	}
}
