package wire

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/results"
)

// These tests compare Connections with what the kernel really sends. They use plain
// sockets on the loopback interface of a new namespace, and read every packet with
// a packet socket.

// alone runs f on a thread in a new network namespace.
func alone(t *testing.T, f func() error) {
	t.Helper()
	failed := make(chan error)
	allowed := true
	go func() {
		runtime.LockOSThread() // never unlocked: thread and namespace end together
		err := enterNamespace()
		if allowed = err == nil; allowed {
			err = f()
		}
		failed <- err
	}()
	if err := <-failed; err != nil {
		if !allowed && os.Getenv("CI") != "true" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
}

func enterNamespace() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("create a network namespace: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("bring up the loopback interface: %w", err)
	}
	return nil
}

// bench is a connected pair of a client's and a server's socket, and the log of the
// packets between them. Its methods panic with a failure on an error.
type bench struct {
	tap            int
	log            *Log
	began          time.Time
	listener       int
	client, server int
	addr           unix.SockaddrInet4
}

type failure struct{ error }

func try[T any](v T, err error) T {
	must(err)
	return v
}

func must(err error) {
	if err != nil {
		panic(failure{err})
	}
}

const request, answer = 1000, 170

// patience is the timeout for what must happen; a passing test never waits for it.
var patience = unix.Timeval{Sec: 30}

// onWire runs story with sockets in a new namespace and returns the connection
// reconstructed from its packets. It does not wait for a fixed time: it ends once
// complete accepts the packets so far.
func onWire(t *testing.T, story func(b *bench), complete func(Connection) bool) (c Connection) {
	t.Helper()
	alone(t, func() (err error) {
		defer func() {
			if f, ok := recover().(failure); ok {
				err = f
			}
		}()
		b := &bench{began: time.Now(), addr: unix.SockaddrInet4{Port: testPort, Addr: [4]byte{127, 0, 0, 1}}}
		b.log = NewLog(b.began, LogOptions{Snap: 1 << 16})
		b.tap = try(unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(htons(unix.ETH_P_IP))))
		defer unix.Close(b.tap)
		const packetIgnoreOutgoing = 23 // linux/if_packet.h; loopback shows every packet twice
		must(unix.SetsockoptInt(b.tap, unix.SOL_PACKET, packetIgnoreOutgoing, 1))
		must(unix.SetsockoptTimeval(b.tap, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience))
		b.listener, b.client = b.socket(), b.socket()
		defer unix.Close(b.listener)
		must(unix.Bind(b.listener, &b.addr))
		story(b)
		for {
			if all := Connections(b.log); len(all) == 1 && complete(all[0]) {
				c = all[0]
				return nil
			}
			if err := b.read(); err != nil {
				return fmt.Errorf("the story did not end: %w; so far %+v", err, Connections(b.log))
			}
		}
	})
	return c
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

func (b *bench) socket() int {
	fd := try(unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))
	must(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience))
	return fd
}

// read reads the next packet from the tap.
func (b *bench) read() error {
	var buf [1 << 17]byte
	n, _, err := unix.Recvfrom(b.tap, buf[:], 0)
	if err != nil {
		return err
	}
	d := FromServer
	if p, ok := Parse(buf[:n], FromClient); ok && p.ServerPort == testPort {
		d = FromClient
	}
	at := int64(time.Since(b.began))
	b.log.Forward(b.log.Enter(buf[:n], d, at), at)
	return nil
}

func (b *bench) connect() {
	must(unix.Listen(b.listener, 8))
	must(unix.Connect(b.client, &b.addr))
	fd, _, err := unix.Accept(b.listener)
	must(err)
	must(unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience))
	b.server = fd
}

func send(fd, n int) { must(unix.Send(fd, make([]byte, n), unix.MSG_NOSIGNAL)) }

// arrived waits until something can be read.
func arrived(fd int) {
	_, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK)
	must(err)
}

func receive(fd, n int) {
	for n > 0 {
		m, _, err := unix.Recvfrom(fd, make([]byte, n), 0)
		must(err)
		if m == 0 {
			panic(failure{fmt.Errorf("the stream ended %d bytes early", n)})
		}
		n -= m
	}
}

// receiveEnd waits for the peer's FIN.
func receiveEnd(fd int) {
	if n, _, err := unix.Recvfrom(fd, make([]byte, 1), 0); n != 0 || err != nil {
		panic(failure{fmt.Errorf("%d bytes, %v, where the stream should have ended", n, err)})
	}
}

func closeNow(fd int) {
	must(unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
	must(unix.Close(fd))
}

func reset(c Connection) bool { return c.Reset != 0 }

func TestKernelResetsGetTheirCause(t *testing.T) {
	for _, tt := range []struct {
		name     string
		story    func(b *bench)
		complete func(Connection) bool
		cause    results.ResetCause
		fin      bool // whether the server sent a FIN
	}{
		{"closing over unread data", func(b *bench) {
			b.connect()
			send(b.client, request)
			arrived(b.server)
			send(b.server, answer)
			must(unix.Close(b.server))
		}, reset, results.UnreadData, false},
		{"half-closing, then closing over unread data", func(b *bench) {
			b.connect()
			send(b.client, request)
			arrived(b.server)
			send(b.server, answer)
			must(unix.Shutdown(b.server, unix.SHUT_WR))
			must(unix.Close(b.server))
		}, reset, results.UnreadData, true},
		{"data after close", func(b *bench) {
			b.connect()
			send(b.server, answer)
			must(unix.Close(b.server))
			receive(b.client, answer)
			receiveEnd(b.client)
			send(b.client, request)
		}, reset, results.LateData, true},
		{"data after reading all there was and closing", func(b *bench) {
			b.connect()
			send(b.client, request)
			receive(b.server, request)
			send(b.server, answer)
			must(unix.Close(b.server))
			receive(b.client, answer)
			receiveEnd(b.client)
			send(b.client, request)
		}, reset, results.LateData, true},
		{"linger zero before any data came", func(b *bench) {
			b.connect()
			send(b.server, answer)
			closeNow(b.server)
		}, reset, results.LingerZero, false},
		{"linger zero over unread data counts as unread, as it does in the kernel", func(b *bench) {
			b.connect()
			send(b.client, request)
			arrived(b.server)
			send(b.server, answer)
			closeNow(b.server)
		}, reset, results.UnreadData, false},
		{"linger zero after reading all cannot be told from unread data", func(b *bench) {
			b.connect()
			send(b.client, request)
			receive(b.server, request)
			send(b.server, answer)
			closeNow(b.server)
		}, reset, results.UnreadData, false},
		{"the client resets first", func(b *bench) {
			b.connect()
			send(b.server, answer)
			closeNow(b.client)
		}, reset, results.ClientReset, false},
		{"nobody listens", func(b *bench) {
			if err := unix.Connect(b.client, &b.addr); err != unix.ECONNREFUSED {
				panic(failure{fmt.Errorf("connect: %v", err)})
			}
		}, reset, results.RefusedReset, false},
		{"orderly ends", func(b *bench) {
			b.connect()
			send(b.client, request)
			receive(b.server, request)
			send(b.server, answer)
			must(unix.Close(b.server))
			receive(b.client, answer)
			receiveEnd(b.client)
			must(unix.Close(b.client))
		}, func(c Connection) bool { return c.ServerFin != 0 && c.ClientFin != 0 }, results.NoReset, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := onWire(t, tt.story, tt.complete)
			if c.Cause != tt.cause || (c.ServerFin != 0) != tt.fin {
				t.Errorf("cause %v, server's FIN at %d; want %v, %v\n%+v", c.Cause, c.ServerFin, tt.cause, tt.fin, c)
			}
			if tt.cause == results.RefusedReset {
				return
			}
			if c.Answer != answer || c.AnswerArrived != answer || c.ArrivedBeforeReset != answer {
				t.Errorf("%d bytes of the answer left, %d arrived, %d of them in time; want %d: %+v", c.Answer, c.AnswerArrived, c.ArrivedBeforeReset, answer, c)
			}
			if ended := tt.cause != results.ClientReset; c.AllSent != ended {
				t.Errorf("AllSent is %v, want %v", c.AllSent, ended)
			}
		})
	}
}
