package targets

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNoStrategyLeaksADescriptor(t *testing.T) {
	forEachStrategy(t, func(t *testing.T, name string) {
		run := func(encrypted bool) {
			limit := 0
			if name == "backlog" {
				limit = 1
			}
			s, err := Listen(t.Context(), Config{Listen: "127.0.0.1:0", Strategy: name, Limit: limit, TLS: encrypted, Bounds: brisk})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error)
			go func() { done <- s.Serve(t.Context()) }()
			for range 20 {
				attempt(s, post("hello"))
			}
			s.Shutdown(patience)
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		run(false) // opens what the runtime keeps for itself
		before := descriptors(t)
		run(false)
		run(true)
		if after := descriptors(t); after != before {
			t.Errorf("%d descriptors before, %d after", before, after)
		}
	})
}

func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

// Reset reasons of net/ipv4/tcp.c, __tcp_close: unread data comes first;
// SO_LINGER 0 only counts without unread data.
func TestTheKernelCountsTheResetThatEachCloseSends(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		for _, test := range []struct {
			strategy string
			unread   bool
			want     string // the counter that rises by one; empty for none
		}{
			{"close", true, "TCPAbortOnClose"},
			{"shutdown", true, "TCPAbortOnClose"},
			{"linger-zero", true, "TCPAbortOnClose"},
			{"linger-zero", false, "TCPAbortOnData"},
			{"close", false, ""},
			{"drain-available", true, ""},
			{"read-request", true, ""},
		} {
			row, _ := StrategyByName(test.strategy)
			b, _ := Bounds{}.withDefaults()
			before := counters(t)
			c, s, l := pair(t)
			if test.unread {
				request := get()
				send(t, c, request)
				awaitReadable(t, s, func() bool { n, err := available(s); return n == len(request) || err != nil })
			}
			l.end(s, endReasonOf(row.reject(s, b)))
			awaitEnd(c)
			c.Close()
			after := counters(t)
			for _, name := range []string{"TCPAbortOnClose", "TCPAbortOnData", "TCPAbortOnLinger"} {
				want := int64(0)
				if name == test.want {
					want = 1
				}
				if got := after[name] - before[name]; got != want {
					t.Errorf("%s, unread %v: %s rose by %d, want %d", test.strategy, test.unread, name, got, want)
				}
			}
		}
	})
}

// inNamespace runs f in a new network namespace with a working loopback. The
// thread that entered it is never reused: it ends with its goroutine.
func inNamespace(t *testing.T, f func(t *testing.T)) {
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			err = loopbackUp()
		}
		if err == nil {
			f(t)
		}
	}()
	<-done
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("no network namespace: %v", err)
	}
	if err != nil {
		t.Skipf("no network namespace: %v", err)
	}
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("set lo up: %w", err)
	}
	return nil
}

// counters reads the TCP counters of the calling thread's namespace.
func counters(t *testing.T) map[string]int64 {
	b, err := os.ReadFile("/proc/thread-self/net/netstat")
	if err != nil {
		t.Error(err)
	}
	values := map[string]int64{}
	lines := strings.Split(string(b), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		names, numbers := strings.Fields(lines[i]), strings.Fields(lines[i+1])
		for k := range names {
			values[names[k]], _ = strconv.ParseInt(numbers[k], 10, 64)
		}
	}
	return values
}

func TestDeferAcceptNeverRejectsAClientBeforeItHasAsked(t *testing.T) {
	s := start(t, Config{Strategy: "defer-accept"})
	silent := dial(t, s)
	asking := dial(t, s)
	send(t, asking, get())
	if got := status(t, asking); got != 503 {
		t.Errorf("status %d", got)
	}
	asking.Close()
	r := finish(s)
	if len(r.Entries) != 1 || peerAddr(r.Entries[0]).String() != asking.LocalAddr().(*net.TCPAddr).AddrPort().String() {
		t.Errorf("%+v, want the asking client alone and not %v", r.Entries, silent.LocalAddr())
	}
}
