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
	// The mean of these uniform delays has a standard deviation of 0.29 ms.
	const slack = time.Millisecond
	for name, c := range map[string]struct {
		rate     uint64 // bytes per second
		overtake bool
		wait     time.Duration // of the other connection's packet
	}{
		"alone": {0, true, 0},
		// The longest of 51 uniform delays (see OneWay.Jitter).
		"with a rate": {12.5e9, false, jitterSpread * jitterRun / (jitterRun + 2)},
	} {
		t.Run(name, func(t *testing.T) {
			onNetem(t, "", func(p *Path, _ impair.Set) {
				setJitter(t, p, c.rate)
				overtook, took := sendRuns(t, p)
				t.Logf("a jitter of %v on %v: in runs of %d, %d of %d packets were overtaken by their own connection's; another connection's took %v behind them on average",
					jitterSpread, jitterDelay, jitterRun, overtook, jitterRounds*jitterRun, took)
				if (overtook > 0) != c.overtake {
					t.Errorf("%d packets were overtaken", overtook)
				}
				if off := took - jitterDelay - c.wait; off.Abs() > slack {
					t.Errorf("another connection's packet took %v, want %v", took, jitterDelay+c.wait)
				}
			})
		})
	}
}

const (
	jitterRounds = 100
	jitterRun    = 50 // packets of one connection in a row
	jitterDelay  = 20 * time.Millisecond
	jitterSpread = 5 * time.Millisecond
)

// setJitter gives netem at the client's end a jitter, which netemAttrs refuses, and
// a rate.
func setJitter(t *testing.T, p *Path, rate uint64) {
	t.Helper()
	err := p.client.do(func() error {
		link, err := netlink.LinkByName(clientDev)
		if err != nil {
			return err
		}
		root := netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT}
		return netlink.QdiscReplace(netlink.NewNetem(root, netlink.NetemQdiscAttrs{
			Latency: uint32(jitterDelay / time.Microsecond), Jitter: uint32(jitterSpread / time.Microsecond), Rate64: rate, Limit: netemLimit,
		}))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sendRuns sends runs of one connection's packets, each followed by one packet of
// another. It returns how many packets of the runs were overtaken by later ones,
// and how long the other connection's packets took on average.
func sendRuns(t *testing.T, p *Path) (overtook int, took time.Duration) {
	t.Helper()
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
	for range jitterRounds {
		for i := range uint32(jitterRun) {
			send(0, i)
		}
		sent := time.Now()
		send(1, 0)
		receive(1)
		took += time.Since(sent)
		latest := uint32(0)
		for range jitterRun {
			if number := receive(0); number < latest {
				overtook++
			} else {
				latest = number
			}
		}
	}
	return overtook, took / jitterRounds
}
