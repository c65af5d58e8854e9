package loadgen

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
)

// fullListener returns the address of a listener whose accept queue is full,
// so that the kernel drops every further handshake (tcp_conn_request in
// net/ipv4/tcp_input.c).
func fullListener(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*unix.SockaddrInet4).Port))
	c, err := net.DialTimeout("tcp", addr.String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	// Of a listener, these are the length of its accept queue and the longest that is not
	// yet full (tcp_get_info): a connect that failed might only have been late.
	for over := time.Now().Add(patience); time.Now().Before(over); time.Sleep(time.Millisecond) {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			t.Fatal(err)
		}
		if info.Unacked > info.Sacked {
			return addr
		}
	}
	t.Skip("the accept queue does not fill up")
	return addr
}

func TestDroppedHandshakeIsTimeoutConnect(t *testing.T) {
	addr := fullListener(t)
	eachClient(t, atOnce, func(t *testing.T, e engine, client string) {
		cfg := quick(addr, client, 2)
		cfg.ConnectTimeout = 100 * time.Millisecond
		r := run(t, e, cfg)
		wantOutcome(t, r, results.TimeoutConnect)
		for _, a := range r.Attempts {
			if took := time.Duration(a.End - a.Started); a.Connected != 0 || took < cfg.ConnectTimeout || took > patience {
				t.Errorf("given up after %v: %+v", took, a)
			}
		}
	})
}

// A fleet that runs out of descriptors must not blame the server.
func TestNoDescriptorIsLocalError(t *testing.T) {
	eachClient(t, inTurn, func(t *testing.T, e engine, client string) {
		addr := server(t, untilGone)
		leaveDescriptors(t, 6)
		cfg := quick(addr, client, 16)
		cfg.Concurrency, cfg.ReceiveTimeout = 16, 200*time.Millisecond
		cfg.Workers = 1 // each worker has two descriptors
		r := run(t, e, cfg)
		for i, a := range r.Attempts {
			switch {
			case a.Outcome == results.LocalError && a.Errno == syscall.EMFILE && a.Connected == 0:
			case a.Outcome == results.TimeoutReceive: // got one
			default:
				t.Errorf("attempt %d: %v: %+v", i, a.Outcome, a)
			}
		}
		if r.Counts[results.LocalError] == 0 {
			t.Errorf("outcomes %v", r.Counts)
		}
	})
}

// leaveDescriptors lets the process open n more descriptors until the test ends.
func leaveDescriptors(t *testing.T, n int) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = 128
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			t.Error(err)
		}
	})
	var held []*os.File
	t.Cleanup(func() {
		for _, f := range held {
			f.Close()
		}
	})
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		held = append(held, f)
	}
	for range n {
		held[len(held)-1].Close()
		held = held[:len(held)-1]
	}
}
