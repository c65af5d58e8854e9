package netpath

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
	"github.com/rejectbench/rejectbench/targets/netpath/impair/impairtest"
)

// chainOf returns the loss chain of the up direction of a text.
func chainOf(t *testing.T, text string) (*lossChain, error) {
	t.Helper()
	im := impairtest.Parse(t, text)
	return lossBursts(im.Up)
}

func TestNetemLossChainHasProbabilitiesOfLink(t *testing.T) {
	for _, text := range []string{
		"loss 1%, loss-burst 3", "loss 0.01%, loss-burst 1.5", "loss 10%, loss-burst 1000000", "loss 50%, loss-burst 2", "loss 75%, loss-burst 3",
	} {
		im := impairtest.Parse(t, text)
		chain, err := lossBursts(im.Up)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want := newLink(im.Up, 1, 0)
		for what, p := range map[string][2]float64{
			"to bad": {float64(chain.toBad), want.toBad}, "to good": {float64(chain.toGood), want.toGood},
		} {
			if got := p[0] / math.MaxUint32; math.Abs(got-p[1]) > 0.5/math.MaxUint32 {
				t.Errorf("%q: %s with %v, want %v", text, what, got, p[1])
			}
		}
		if chain.keptInBad != 0 || chain.lostInGood != 0 {
			t.Errorf("%q: the bad state keeps and the good one loses: %+v", text, chain)
		}
	}
}

func TestIndependentLossesHaveNoNetemChain(t *testing.T) {
	for _, text := range []string{"", "loss 1%", "loss 1%, loss-burst 1", "loss 0%, loss-burst 3", "loss 100%, loss-burst 3"} {
		if chain, err := chainOf(t, text); chain != nil || err != nil {
			t.Errorf("%q: %+v, %v", text, chain, err)
		}
	}
}

func TestLossBurstsThatNetemCannotDoAreAnError(t *testing.T) {
	for _, text := range []string{"loss 1%, loss-burst 3, duplicate 0.1%", "loss 0.001%, loss-burst 1000000"} {
		if chain, err := chainOf(t, text); !errors.Is(err, errNotNetem) {
			t.Errorf("%q: %+v, %v", text, chain, err)
		}
	}
}

// The expected messages follow the kernel's headers. A loss of 1% in bursts of 3
// means probabilities of 1/297 and 1/3, in units of 2^32-1.
func TestNetemMessageHasTheKernelsFormat(t *testing.T) {
	const limit, share, reorder = 1 << 20, 42949672, 1073741824 // 1% and 25% of 2^32, rounded down
	for text, want := range map[string][]any{
		"loss 1%, loss-burst 3": {
			uint16(52), uint16(2), // TCA_OPTIONS
			[6]uint32{0, limit, 0, 0, 0, 0}, // struct tc_netem_qopt
			uint16(24), uint16(5 | 0x8000),  // TCA_NETEM_LOSS, nested
			uint16(20), uint16(2), // NETEM_LOSS_GE
			[4]uint32{14461169, 1431655765, 0, 0}, // struct tc_netem_gemodel
		},
		"loss 1%":      {uint16(28), uint16(2), [6]uint32{0, limit, share, 0, 0, 0}},
		"duplicate 1%": {uint16(28), uint16(2), [6]uint32{0, limit, 0, 0, share, 0}},
		"reorder 25%": {
			uint16(40), uint16(2),
			[6]uint32{0, limit, 0, 1, 0, 0},
			uint16(12), uint16(3), [2]uint32{reorder, 0}, // TCA_NETEM_REORDER
		},
	} {
		im := impairtest.Parse(t, "rtt 2ms, "+text)
		attrs, err := netemAttrs(im.Up)
		if err != nil {
			t.Fatal(err)
		}
		bursts, err := lossBursts(im.Up)
		if err != nil {
			t.Fatal(err)
		}
		attrs.Latency = 0 // its unit depends on the kernel
		got := netemOptions(netlink.NewNetem(netlink.QdiscAttrs{}, attrs), bursts).Serialize()
		var b bytes.Buffer
		for _, field := range want {
			if err := binary.Write(&b, binary.NativeEndian, field); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, b.Bytes()) {
			t.Errorf("%q:\n%x, want\n%x", text, got, b.Bytes())
		}
	}
}

// kernelsChain reads back the loss chain of a device's netem; nil if it has none.
func kernelsChain(dev string) ([]byte, error) {
	link, err := netlink.LinkByName(dev)
	if err != nil {
		return nil, err
	}
	request := nl.NewNetlinkRequest(unix.RTM_GETQDISC, unix.NLM_F_DUMP)
	request.AddData(&nl.TcMsg{Family: nl.FAMILY_ALL, Ifindex: int32(link.Attrs().Index)})
	messages, err := request.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWQDISC)
	if err != nil {
		return nil, err
	}
	// find returns the attribute of a type, with or without the bit for nesting.
	find := func(b []byte, kind uint16) []byte {
		attrs, e := nl.ParseRouteAttr(b)
		err = errors.Join(err, e)
		for _, a := range attrs {
			if a.Attr.Type&^unix.NLA_F_NESTED == kind {
				return a.Value
			}
		}
		return nil
	}
	for _, m := range messages {
		if nl.DeserializeTcMsg(m).Ifindex != int32(link.Attrs().Index) {
			continue // the kernel reports all devices
		}
		m = m[nl.SizeofTcMsg:]
		if string(find(m, nl.TCA_KIND)) != "netem\x00" {
			continue
		}
		loss := find(find(m, nl.TCA_OPTIONS)[nl.SizeofTcNetemQopt:], nl.TCA_NETEM_LOSS)
		if loss == nil {
			return nil, err
		}
		return find(loss, netemLossGE), err
	}
	return nil, fmt.Errorf("%s has no netem", dev)
}

func TestKernelReportsNetemLossChainAsConfigured(t *testing.T) {
	for _, text := range []string{
		"rtt 20ms, loss 1%, loss-burst 3", "loss-up 75%, loss-burst 3, loss-down 0%", "rtt 20ms, loss 10%, loss-burst-up 4, loss-burst-down 400",
		"rtt 20ms, loss 1%, loss-burst 3, reorder 2%", "rtt 20ms, loss 1%, loss-burst 3, rate-up 2Mbit", "loss 1%",
	} {
		t.Run(text, func(t *testing.T) {
			onNetem(t, text, func(p *Path, im impair.Set) {
				for _, side := range []struct {
					ns   *namespace
					dev  string
					want impair.OneWay
				}{{p.client, clientDev, im.Up}, {p.server, serverDev, im.Down}} {
					var got, want []byte
					err := side.ns.do(func() (err error) {
						got, err = kernelsChain(side.dev)
						return err
					})
					if err != nil {
						t.Fatal(err)
					}
					chain, err := lossBursts(side.want)
					if err != nil {
						t.Fatal(err)
					}
					if chain != nil {
						want = chain.bytes()
					}
					if !bytes.Equal(got, want) {
						t.Errorf("%s: the kernel has %x, want %x", side.dev, got, want)
					}
				}
			})
		})
	}
}

// runs returns the lengths of the runs of numbers below n that did not arrive.
func runs(t *testing.T, got []arrival, n int) (lengths []int) {
	t.Helper()
	next := 0
	for _, a := range append(got, arrival{number: uint32(n)}) {
		if int(a.number) < next {
			t.Fatalf("number %d arrived behind %d", a.number, next-1)
		}
		if lost := int(a.number) - next; lost > 0 {
			lengths = append(lengths, lost)
		}
		next = int(a.number) + 1
	}
	return lengths
}

// In a chain the state of a packet depends only on the packet before. Each lost
// packet ends its burst with one fixed probability, and each packet that arrives is
// followed by a burst with another. So both counts are binomial.
func TestNetemLosesInBursts(t *testing.T) {
	const n = 40000
	for _, text := range []string{"rtt 4ms, loss-up 2%, loss-burst-up 3, loss-down 10%, loss-burst-down 8", "loss-up 75%, loss-burst-up 3, loss-down 10%, loss-burst-down 1.5"} {
		t.Run(text, func(t *testing.T) {
			onNetem(t, text, func(p *Path, im impair.Set) {
				client, server := datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr())
				for _, way := range []struct {
					name     string
					from, to *net.UDPConn
					im       impair.OneWay
				}{{"up", client, server, im.Up}, {"down", server, client, im.Down}} {
					got := carry(t, way.from, way.to, n, smallFrame)
					lengths := runs(t, got, n)
					lost, singles := n-len(got), 0
					for _, l := range lengths {
						if l == 1 {
							singles++
						}
					}
					toGood := 1 / way.im.LossBurst
					toBad := way.im.Loss / (way.im.LossBurst * (1 - way.im.Loss))
					t.Logf("%s: asked for %.1f%% lost in bursts of %v, got %.3f%% in %d bursts of %.3f", way.name, 100*way.im.Loss, way.im.LossBurst,
						100*float64(lost)/n, len(lengths), float64(lost)/float64(len(lengths)))
					// Packets of a chain are correlated by its second eigenvalue.
					rho := 1 - toGood - toBad
					near(t, way.name+": lost packets", lost, n, way.im.Loss, (1+rho)/(1-rho))
					near(t, way.name+": bursts that end with a lost packet", len(lengths), lost, toGood, 1)
					near(t, way.name+": bursts that follow a packet", len(lengths), len(got), toBad, 1)
					near(t, way.name+": bursts of one", singles, len(lengths), toGood, 1)
				}
			})
		})
	}
}

// near is expect for correlated trials, whose variance is a multiple of that of a
// binomial. The last of them may be incomplete.
func near(t *testing.T, what string, count, n int, share, inflation float64) {
	t.Helper()
	want := float64(n) * share
	sigma := math.Sqrt(want * (1 - share) * inflation)
	off := math.Abs(float64(count) - want)
	t.Logf("%s: %d of %d, want %.1f; the interval of 99%% is give or take %.1f", what, count, n, want, 2.576*sigma)
	if off > 3.29*sigma+1 {
		t.Errorf("%s: %d of %d, off by %.1f, which is outside 99.9%%", what, count, n, off)
	}
}
