package netpath

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
	"github.com/rejectbench/rejectbench/targets/netpath/impair/impairtest"
)

// These tests read back the settings from a kernel with netem, and measure what it
// does to packets. testdata/netem-vm/run boots such a kernel on a machine whose own
// kernel has no netem.

// requireNetem turns skipping into failure on a kernel without netem. The machine
// that is booted for these tests sets it.
const requireNetem = "NETPATH_TEST_REQUIRE_NETEM"

// onNetem opens a netem path in a new namespace, calls f with it and closes it.
func onNetem(t *testing.T, text string, f func(p *Path, im impair.Set)) {
	t.Helper()
	im := impairtest.Parse(t, text)
	inMiddle(t, func() error {
		p, err := Open(Spec{Kind: Netem, Impairments: im}, true)
		if errors.Is(err, ErrNotAllowed) && os.Getenv(requireNetem) == "" {
			t.Skip(err)
		}
		if err != nil {
			return err
		}
		f(p, im)
		_, err = p.Close()
		return err
	})
}

// disciplines reads back the qdiscs of an end: the netem, and the filter below it
// or nil.
func disciplines(t *testing.T, ns *namespace, dev string) (netem *netlink.Netem, below *netlink.Tbf) {
	t.Helper()
	err := ns.do(func() error {
		link, err := netlink.LinkByName(dev)
		if err != nil {
			return err
		}
		list, err := netlink.QdiscList(link)
		if err != nil {
			return err
		}
		for _, q := range list {
			switch q := q.(type) {
			case *netlink.Netem:
				netem = q
			case *netlink.Tbf:
				below = q
			default:
				return fmt.Errorf("%s has a %s", dev, q.Type())
			}
		}
		return nil
	})
	switch {
	case err != nil:
		t.Fatal(err)
	case netem == nil || netem.Parent != netlink.HANDLE_ROOT:
		t.Fatalf("%s has no netem at its root: %+v", dev, netem)
	case below != nil && below.Parent != netlink.MakeHandle(1, 1):
		t.Fatalf("the filter of %s is not below its netem: %+v", dev, below)
	}
	return netem, below
}

// tick is the unit of the packet schedulers' times (PSCHED_SHIFT in
// net/pkt_sched.h). It is repeated here, so that the conversion of the netlink
// package does not verify itself.
const tick = 64 * time.Nanosecond

func TestKernelReportsNetemAsConfigured(t *testing.T) {
	for _, text := range []string{
		"rtt 1us", "rtt 999us", "rtt 20ms", "rtt 600ms", "rtt 10s",
		"loss 0.1%", "loss 1%", "loss 10%", "loss 100%", "rtt 30ms, loss-up 3%, loss-down 7%",
		"rtt 20ms, duplicate 2.5%", "rtt 20ms, reorder 25%", "rtt 20ms, loss 1%, duplicate-up 2%, reorder-down 3%",
		"rtt 20ms, rate-up 2Mbit, queue-up 50ms", "rate-up 20Mbit, rate-down 1Gbit, queue 1MiB", "rtt 50ms, rate-down 100Gbit, queue 10ms", "rate-up 1kbit",
	} {
		t.Run(text, func(t *testing.T) {
			onNetem(t, text, func(p *Path, im impair.Set) {
				for _, side := range []struct {
					ns   *namespace
					dev  string
					want impair.OneWay
				}{{p.client, clientDev, im.Up}, {p.server, serverDev, im.Down}} {
					netem, below := disciplines(t, side.ns, side.dev)
					checkNetem(t, side.dev, netem, side.want)
					checkFilter(t, side.dev, below, side.want)
				}
			})
		})
	}
}

// checkNetem checks the options of a netem as the kernel reports them.
func checkNetem(t *testing.T, dev string, netem *netlink.Netem, want impair.OneWay) {
	t.Helper()
	if got := time.Duration(netem.Latency) * tick; (got - want.Delay).Abs() > time.Microsecond/2+tick {
		t.Errorf("%s: a delay of %v, want %v", dev, got, want.Delay)
	}
	for what, share := range map[string][2]float64{
		"loss":      {float64(netem.Loss), want.Loss},
		"duplicate": {float64(netem.Duplicate), want.Duplicate},
		"reorder":   {float64(netem.ReorderProb), want.Reorder},
	} {
		if got := share[0] / math.MaxUint32; math.Abs(got-share[1]) > 1e-7 {
			t.Errorf("%s: %s of %v, want %v", dev, what, got, share[1])
		}
	}
	// Without a gap netem would take the reordering's share for the delayed ones.
	if (netem.Gap == 1) != (want.Reorder > 0) || netem.Gap > 1 {
		t.Errorf("%s: a gap of %d with reorder %v", dev, netem.Gap, want.Reorder)
	}
	if netem.Limit != netemLimit || netem.Jitter != 0 || netem.CorruptProb != 0 || netem.Rate64 != 0 || netem.LossCorr != 0 {
		t.Errorf("%s: %+v", dev, netem)
	}
}

// checkFilter checks the token bucket filter below a netem, nil without a rate.
func checkFilter(t *testing.T, dev string, below *netlink.Tbf, want impair.OneWay) {
	t.Helper()
	if (below != nil) != (want.Rate > 0) {
		t.Fatalf("%s: the filter is %+v, the rate asked for %d", dev, below, want.Rate)
	}
	if below == nil {
		return
	}
	queue := max(fullFrame, time.Duration(queueTime(want)).Seconds()*float64(want.Rate)/8)
	if want.QueueBytes > 0 {
		queue = float64(want.QueueBytes)
	}
	if int64(below.Rate) != want.Rate/8 || math.Abs(float64(below.Limit)-queue) > 1 {
		t.Errorf("%s: %d bytes/s before which %d bytes wait, want %d and %.0f", dev, below.Rate, below.Limit, want.Rate/8, queue)
	}
	held := (time.Duration(below.Buffer) * tick).Seconds() * float64(want.Rate) / 8
	if slack := tick.Seconds() * float64(want.Rate) / 8; math.Abs(held-2*fullFrame) > slack+1 {
		t.Errorf("%s: the bucket holds %.0f bytes, want %d", dev, held, 2*fullFrame)
	}
}

func TestNetemHandshakeTakesConfiguredRTT(t *testing.T) {
	for _, text := range []string{"rtt 0ms", "rtt 2ms", "rtt 20ms", "rtt 200ms", "rtt 1s"} {
		t.Run(text, func(t *testing.T) {
			onNetem(t, text, func(p *Path, im impair.Set) {
				got := handshakes(t, p, 21)
				slices.Sort(got)
				median, rtt := got[len(got)/2], im.RTT()
				t.Logf("asked %v: median %v, min %v, max %v", rtt, median, got[0], got[len(got)-1])
				if got[0] < rtt {
					t.Errorf("a handshake took %v, less than the path's %v", got[0], rtt)
				}
				if off := median - rtt; off > max(rtt/100, 500*time.Microsecond) {
					t.Errorf("the median handshake is off by %v", off)
				}
			})
		})
	}
}

// arrival is a datagram that has arrived.
type arrival struct {
	number uint32
	at     time.Time
}

// quiet is how long a path must have been idle to count as empty.
const quiet = time.Second

// carry sends n numbered datagrams in one direction, in frames of size bytes, and
// returns those that arrived, in order of arrival.
func carry(t *testing.T, from, to *net.UDPConn, n, size int) (arrived []arrival) {
	t.Helper()
	sent, read := make(chan struct{}), make(chan error, 1)
	go func() {
		b := make([]byte, fullFrame)
		for {
			if _, err := to.Read(b); err != nil {
				read <- err
				return
			}
			arrived = append(arrived, arrival{binary.BigEndian.Uint32(b), time.Now()})
			select {
			case <-sent:
				_ = to.SetReadDeadline(time.Now().Add(quiet))
			default:
			}
		}
	}()
	const headers = 14 + 20 + 8 // Ethernet, IPv4, UDP
	b := make([]byte, size-headers)
	for i := range n {
		binary.BigEndian.PutUint32(b, uint32(i))
		if _, err := from.WriteToUDPAddrPort(b, port(to)); err != nil {
			t.Error(err)
		}
	}
	close(sent)
	_ = to.SetReadDeadline(time.Now().Add(quiet))
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return arrived
}

// expect checks a count against the 99.9% interval of a binomial distribution, by
// its normal approximation.
func expect(t *testing.T, what string, count, n int, share float64) {
	t.Helper()
	want := float64(n) * share
	off := 3.29 * math.Sqrt(want*(1-share))
	t.Logf("%s: %d of %d, %.3f%%; asked for %.3f%%, which is %.0f give or take %.0f", what, count, n, 100*float64(count)/float64(n), 100*share, want, off)
	if math.Abs(float64(count)-want) > off {
		t.Errorf("%s: %d of %d, want %.0f give or take %.0f", what, count, n, want, off)
	}
}

const smallFrame = 60

func TestNetemLosesItsShareEachWay(t *testing.T) {
	for text, n := range map[string]int{
		"rtt 4ms, loss-up 0.1%, loss-down 1%":  30000,
		"rtt 20ms, loss-up 10%, loss-down 0%":  20000,
		"rtt 20ms, loss-up 0%, loss-down 10%":  20000,
		"rtt 0ms, loss-up 50%, loss-down 0.5%": 20000,
	} {
		t.Run(text, func(t *testing.T) {
			onNetem(t, text, func(p *Path, im impair.Set) {
				client, server := datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr())
				lost := 0
				for _, way := range []struct {
					name     string
					from, to *net.UDPConn
					loss     float64
					ns       *namespace
					dev      string
				}{{"up", client, server, im.Up.Loss, p.client, clientDev}, {"down", server, client, im.Down.Loss, p.server, serverDev}} {
					got := carry(t, way.from, way.to, n, smallFrame)
					if !slices.IsSortedFunc(got, func(a, b arrival) int { return int(a.number) - int(b.number) }) {
						t.Errorf("%s: out of order", way.name)
					}
					expect(t, "lost "+way.name, n-len(got), n, way.loss)
					lost += n - len(got)
					netem, _ := disciplines(t, way.ns, way.dev)
					if s := netem.Statistics; int(s.Queue.Drops) != n-len(got) || int(s.Basic.Packets) != len(got) {
						t.Errorf("%s: %d lost and %d arrived, but netem counts %d and %d", way.name, n-len(got), len(got), s.Queue.Drops, s.Basic.Packets)
					}
				}
				if s, err := p.stats(); err != nil || int(s.Packets) != 2*n || int(s.Lost) != lost || s.QueueDrops != 0 {
					t.Errorf("%d of %d were lost, the path counts %+v, %v", lost, 2*n, s, err)
				}
			})
		})
	}
}

func TestNetemDuplicatesItsShare(t *testing.T) {
	const n = 20000
	onNetem(t, "rtt 4ms, duplicate-up 10%", func(p *Path, im impair.Set) {
		got := carry(t, datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr()), n, smallFrame)
		expect(t, "duplicated", len(got)-n, n, im.Up.Duplicate)
		times := map[uint32]int{}
		for _, a := range got {
			if times[a.number]++; times[a.number] > 2 {
				t.Fatalf("number %d arrived %d times", a.number, times[a.number])
			}
		}
		if len(times) != n {
			t.Errorf("%d of %d arrived", len(times), n)
		}
	})
}

// A reordered packet arrives before one that was sent earlier; a delayed packet
// never does.
func TestNetemReordersItsShare(t *testing.T) {
	const n = 20000
	onNetem(t, "rtt 40ms, reorder-up 25%", func(p *Path, im impair.Set) {
		got := carry(t, datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr()), n, smallFrame)
		overtook, least := 0, uint32(math.MaxUint32)
		for _, a := range slices.Backward(got) {
			if a.number > least {
				overtook++
			}
			least = min(least, a.number)
		}
		if len(got) != n {
			t.Errorf("%d of %d arrived", len(got), n)
		}
		expect(t, "overtook", overtook, n, im.Up.Reorder)
	})
}

func TestFilterBelowNetemKeepsTheRate(t *testing.T) {
	for text, n := range map[string]int{
		"rtt 40ms, rate-up 2Mbit, queue 10s":  400,
		"rate-up 2Mbit, queue 10s":            400,
		"rtt 40ms, rate-up 50Mbit, queue 10s": 5000,
	} {
		t.Run(text, func(t *testing.T) {
			onNetem(t, text, func(p *Path, im impair.Set) {
				got := carry(t, datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr()), n, fullFrame)
				if len(got) != n {
					t.Fatalf("%d of %d arrived", len(got), n)
				}
				// The first ones pass at once, within the bucket.
				const skipped = 10
				took := got[n-1].at.Sub(got[skipped].at)
				rate := float64(n-1-skipped) * fullFrame * 8 / took.Seconds()
				t.Logf("asked for %d bit/s, %.0f bit/s over %v", im.Up.Rate, rate, took)
				if off := rate/float64(im.Up.Rate) - 1; math.Abs(off) > 0.02 {
					t.Errorf("%.0f bit/s, off by %.1f%%", rate, off*100)
				}
			})
		})
	}
}

func TestFilterBelowNetemDropsBeyondItsQueue(t *testing.T) {
	const n, slots = 300, 20
	onNetem(t, fmt.Sprintf("rtt 20ms, rate-up 1Mbit, queue-up %dB", slots*fullFrame), func(p *Path, im impair.Set) {
		got := carry(t, datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr()), n, fullFrame)
		netem, below := disciplines(t, p.client, clientDev)
		t.Logf("%d of %d arrived over a queue of %d; drops: netem %d, filter %d", len(got), n, slots, netem.Statistics.Queue.Drops, below.Statistics.Queue.Drops)
		if s, err := p.stats(); err != nil || int(s.QueueDrops) != n-len(got) || s.Lost != 0 || s.Packets != n {
			t.Errorf("%d of %d arrived, the path counts %+v, %v", len(got), n, s, err)
		}
		// The queue, the two frames of the bucket, and those that leave while the
		// rest is being sent; a frame takes 12 ms.
		if len(got) < slots+1 || len(got) > slots+6 {
			t.Errorf("%d arrived, want about %d", len(got), slots+2)
		}
		if int(below.Statistics.Queue.Drops) != n-len(got) {
			t.Errorf("%d did not arrive, the filter counts %d", n-len(got), below.Statistics.Queue.Drops)
		}
	})
}

func TestUploadSurvivesAllNetemImpairments(t *testing.T) {
	onNetem(t, "rtt 20ms, loss 2%, duplicate 1%, reorder-down 2%, rate-up 20Mbit, queue 50ms", func(p *Path, _ impair.Set) {
		data := make([]byte, 512<<10)
		_, _ = rand.NewChaCha8([32]byte{}).Read(data)
		if upload(t, p, data) != sha256.Sum256(data) {
			t.Error("what arrived is not what was sent")
		}
		netem, below := disciplines(t, p.client, clientDev)
		t.Logf("up: netem %+v, filter %+v", *netem.Statistics.Queue, *below.Statistics.Queue)
	})
}

func TestNetemCarriesIPv6(t *testing.T) {
	inMiddle(t, func() error {
		im := impair.Set{}.WithRTT(20 * time.Millisecond)
		p, err := Open(Spec{Kind: Netem, Impairments: im, IPv6: true}, true)
		if errors.Is(err, ErrNotAllowed) && os.Getenv(requireNetem) == "" {
			t.Skip(err)
		}
		if err != nil {
			return err
		}
		got := handshakes(t, p, 11)
		slices.Sort(got)
		t.Logf("asked %v: median %v", im.RTT(), got[5])
		if off := got[5] - im.RTT(); off < 0 || off > 500*time.Microsecond {
			t.Errorf("the median handshake is off by %v", off)
		}
		_, err = p.Close()
		return err
	})
}

func TestUnsupportedNetemSpecLeavesNoDevices(t *testing.T) {
	for _, text := range []string{"rtt 20ms, jitter 1ms", "loss 1%, loss-burst 3, duplicate 1%", "rtt 20ms, fault drop-rst", "rtt 20ms, reorder 1%, rate-up 2Mbit"} {
		im := impairtest.Parse(t, text)
		inMiddle(t, func() error {
			had := devices(t)
			_, err := Open(Spec{Kind: Netem, Impairments: im}, true)
			if !errors.Is(err, errNotNetem) {
				t.Errorf("%q: %v", text, err)
			}
			eventually(t, "the devices are gone", func() bool { return slices.Equal(devices(t), had) })
			return nil
		})
	}
}
