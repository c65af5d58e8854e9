package netpath

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// This is why netemAttrs rejects jitter. The test sends a run of packets of one
// connection, then one packet of another. On a link the run keeps its order and the
// other packet takes the configured delay on average. In netem packets of the run
// overtake each other or, with a rate, the other packet waits for all of them.
func TestNetemJitterReordersWithinConnections(t *testing.T) {
	const (
		rounds, burst = 100, 50
		delay, jitter = 20 * time.Millisecond, 5 * time.Millisecond
		// The mean of these uniform delays has a standard deviation of 0.29 ms.
		slack = time.Millisecond
	)
	for name, c := range map[string]struct {
		rate     uint64 // bytes per second
		overtake bool
		wait     time.Duration // of the other connection's packet
	}{
		"alone": {0, true, 0},
		// The longest of 51 uniform delays (see OneWay.Jitter).
		"with a rate": {12.5e9, false, jitter * burst / (burst + 2)},
	} {
		t.Run(name, func(t *testing.T) {
			onNetem(t, "", func(p *Path, _ impair.Set) {
				err := p.client.do(func() error {
					link, err := netlink.LinkByName(clientDev)
					if err != nil {
						return err
					}
					root := netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT}
					return netlink.QdiscReplace(netlink.NewNetem(root, netlink.NetemQdiscAttrs{
						Latency: uint32(delay / time.Microsecond), Jitter: uint32(jitter / time.Microsecond), Rate64: c.rate, Limit: netemLimit,
					}))
				})
				if err != nil {
					t.Fatal(err)
				}
				var from, to [2]*net.UDPConn
				for i := range from {
					from[i], to[i] = datagrams(t, p.client, p.ClientAddr()), datagrams(t, p.server, p.ServerAddr())
				}
				send := func(connection int, number uint32) {
					if _, err := from[connection].WriteToUDPAddrPort(binary.BigEndian.AppendUint32(nil, number), port(to[connection])); err != nil {
						t.Fatal(err)
					}
				}
				receive := func(connection int) uint32 {
					b := make([]byte, 4)
					if _, err := to[connection].Read(b); err != nil {
						t.Fatal(err)
					}
					return binary.BigEndian.Uint32(b)
				}
				overtook, took := 0, time.Duration(0)
				for range rounds {
					for i := range uint32(burst) {
						send(0, i)
					}
					sent := time.Now()
					send(1, 0)
					receive(1)
					took += time.Since(sent)
					latest := uint32(0)
					for range burst {
						if number := receive(0); number < latest {
							overtook++
						} else {
							latest = number
						}
					}
				}
				t.Logf("a jitter of %v on %v: in bursts of %d, %d of %d packets were overtaken by their own connection's; another connection's took %v behind them on average",
					jitter, delay, burst, overtook, rounds*burst, took/rounds)
				if (overtook > 0) != c.overtake {
					t.Errorf("%d packets were overtaken", overtook)
				}
				if off := took/rounds - delay - c.wait; off.Abs() > slack {
					t.Errorf("another connection's packet took %v, want %v", took/rounds, delay+c.wait)
				}
			})
		})
	}
}
