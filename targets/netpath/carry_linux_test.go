package netpath

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// patience is the timeout for what must happen; a passing test never waits for it.
const patience = 30 * time.Second

// datagrams is a UDP socket at an end of the path.
func datagrams(t *testing.T, ns *namespace, addr netip.Addr) *net.UDPConn {
	t.Helper()
	var c *net.UDPConn
	err := ns.do(func() (err error) {
		c, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 0)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	// Buffer for everything that is sent, so that missing datagrams were lost on the
	// path.
	err = raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 256<<20)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// port returns the port of the socket.
func port(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// last marks the datagrams that end a stream; at least one of them arrives. The mark
// is followed by the number of datagrams sent before it.
const last = math.MaxUint32

// stream sends n numbered datagrams in one direction. It returns the numbers that
// arrived, in order of arrival, how many datagrams were sent in all, and how many
// certainly entered the path: those up to the mark that arrived.
func stream(t *testing.T, from, to *net.UDPConn, n int) (arrived []uint32, sent, taken int) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		b := make([]byte, 16)
		for {
			if _, err := to.Read(b); err != nil {
				done <- err
				return
			}
			v := binary.BigEndian.Uint32(b)
			if v == last {
				taken = int(binary.BigEndian.Uint32(b[4:])) + 1
				done <- nil
				return
			}
			arrived = append(arrived, v)
		}
	}()
	send := func(v uint32) {
		b := binary.BigEndian.AppendUint32(nil, v)
		if _, err := from.WriteToUDPAddrPort(binary.BigEndian.AppendUint32(b, uint32(sent)), port(to)); err != nil {
			t.Error(err)
		}
		sent++
	}
	for i := range n {
		send(uint32(i))
	}
	// Packets keep their order, so the first mark arrives after all data.
	for {
		send(last)
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return arrived, sent, taken
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestPacketsArriveInOrderOrAreCountedAsDropped(t *testing.T) {
	// Fewer than any ring holds, so that none is lost while the line's thread does
	// not run.
	const n = 16000
	lossy := func(share float64) impair.OneWay {
		return impair.OneWay{Delay: 2 * time.Millisecond, Loss: share}
	}
	for name, im := range map[string]impair.Set{
		"no loss": {Up: lossy(0), Down: lossy(0)},
		"1%":      {Up: lossy(0.01), Down: lossy(0.01)},
		"20%":     {Up: lossy(0.2), Down: lossy(0.2)},
	} {
		t.Run(name, func(t *testing.T) {
			inMiddle(t, func() error {
				p, err := Open(Spec{Kind: DelayLine, Impairments: im, Seed: 7}, true)
				if err != nil {
					return err
				}
				sent, taken, arrived := streamBothWays(t, p, n, im.Up.Loss)
				stats, err := p.Close()
				if err != nil {
					return err
				}
				if stats.RingDrops != 0 || stats.SendErrors != 0 {
					t.Fatalf("the path itself lost packets: %+v", stats)
				}
				// A repeated mark may still be in a ring when the path is closed.
				if stats.Packets < taken || stats.Packets > sent {
					t.Errorf("%d packets entered the path, %d were sent and %d of them taken in", stats.Packets, sent, taken)
				}
				// The marks are not in arrived, and may be lost as well.
				if ends := sent - 2*n; stats.Lost < 2*n-arrived || stats.Lost > 2*n-arrived+ends {
					t.Errorf("%d packets were sent and %d arrived, but %d count as lost", sent, arrived, stats.Lost)
				}
				return nil
			})
		})
	}
}

// streamBothWays sends n packets each way over a path that loses a share of them,
// and checks their order and number. It returns how many were sent, were certainly
// taken in by the path, and arrived.
func streamBothWays(t *testing.T, p *Path, n int, loss float64) (sent, taken, arrived int64) {
	t.Helper()
	client, server := datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr())
	for _, way := range [][2]*net.UDPConn{{client, server}, {server, client}} {
		got, all, certain := stream(t, way[0], way[1], n)
		if !slices.IsSorted(got) || len(slices.Compact(got)) != len(got) {
			t.Errorf("packets arrived out of order or twice")
		}
		sent += int64(all)
		taken += int64(certain)
		arrived += int64(len(got))
		// The 99.9% interval of a binomial, by its normal approximation.
		lost, want := float64(n-len(got)), float64(n)*loss
		if off := 3.29 * math.Sqrt(want*(1-loss)); math.Abs(lost-want) > off {
			t.Errorf("%.0f of %d packets were lost, want %.0f give or take %.0f", lost, n, want, off)
		}
	}
	return sent, taken, arrived
}

func TestSameSeedLosesTheSamePackets(t *testing.T) {
	arrivals := func(seed uint64) (got []uint32) {
		inMiddle(t, func() error {
			spec := Spec{Kind: DelayLine, Seed: seed, Impairments: impair.Set{Up: impair.OneWay{Loss: 0.1}}}
			p, err := Open(spec, true)
			if err != nil {
				return err
			}
			got, _, _ = stream(t, datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr()), 1000)
			_, err = p.Close()
			return err
		})
		return got
	}
	one := arrivals(1)
	if again := arrivals(1); !slices.Equal(one, again) {
		t.Errorf("with one seed %d packets arrived, and then other %d", len(one), len(again))
	}
	if other := arrivals(2); slices.Equal(one, other) {
		t.Error("two seeds lost the same packets")
	}
}

func TestEachDirectionTakesHalfTheRTT(t *testing.T) {
	const rtt = 60 * time.Millisecond
	inMiddle(t, func() error {
		p, err := Open(Spec{Kind: DelayLine, Impairments: impair.Set{}.WithRTT(rtt)}, true)
		if err != nil {
			return err
		}
		client, server := datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr())
		for name, way := range map[string][2]*net.UDPConn{"up": {client, server}, "down": {server, client}} {
			took := time.Hour
			for i := 0; i < 5 || i < 50 && took >= rtt; i++ {
				sent := time.Now()
				if _, err := way[0].WriteToUDPAddrPort([]byte("x"), port(way[1])); err != nil {
					return err
				}
				if _, err := way[1].Read(make([]byte, 1)); err != nil {
					return err
				}
				took = min(took, time.Since(sent))
			}
			// The minimum: a busy machine delays some packets, but not all.
			if took < rtt/2 || took >= rtt {
				t.Errorf("%s: a packet took %v at best, want %v", name, took, rtt/2)
			}
		}
		_, err = p.Close()
		return err
	})
}

func TestUploadArrivesIntact(t *testing.T) {
	for name, c := range map[string]struct {
		rtt  time.Duration
		loss float64
	}{
		"in bursts":            {4 * time.Millisecond, 0},
		"frame by frame":       {4 * time.Millisecond, 0.01},
		"with nothing between": {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inMiddle(t, func() error {
				im := impair.Set{Up: impair.OneWay{Loss: c.loss}, Down: impair.OneWay{Loss: c.loss}}.WithRTT(c.rtt)
				p, err := Open(Spec{Kind: DelayLine, Impairments: im, Seed: 3}, true)
				if err != nil {
					return err
				}
				data := make([]byte, 6<<20)
				rng := rand.NewChaCha8([32]byte{1})
				_, _ = rng.Read(data)
				if got := upload(t, p, data); got != sha256.Sum256(data) {
					t.Error("what arrived is not what was sent")
				}
				stats, err := p.Close()
				if err != nil {
					return err
				}
				if stats.RingDrops != 0 || stats.SendErrors != 0 || (stats.Lost > 0) != (c.loss > 0) {
					t.Errorf("statistics %+v", stats)
				}
				return nil
			})
		})
	}
}

// upload sends data from the client's end and returns the hash of the data that
// arrived.
func upload(t *testing.T, p *Path, data []byte) (sum [sha256.Size]byte) {
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
	sent := make(chan error, 1)
	go func() {
		sent <- p.client.do(func() error {
			c, err := net.DialTimeout("tcp", listener.Addr().String(), patience)
			if err != nil {
				return err
			}
			_ = c.SetDeadline(time.Now().Add(patience))
			_, err = c.Write(data)
			return errors.Join(err, c.Close())
		})
	}()
	_ = listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	c, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	h := sha256.New()
	_, err = io.Copy(h, c)
	if err := errors.Join(err, <-sent); err != nil {
		t.Fatal(err)
	}
	h.Sum(sum[:0])
	return sum
}
