package netpath

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

func TestIPv6HandshakeTakesConfiguredRTT(t *testing.T) {
	for _, rtt := range []time.Duration{0, 50 * time.Millisecond} { // 20 of the latter leave time for packets that are sent after a delay
		t.Run(rtt.String(), func(t *testing.T) {
			inMiddle(t, func() error {
				p, err := Open(Spec{Kind: DelayLine, IPv6: true, Impairments: impair.Set{}.WithRTT(rtt), LogOptions: &wire.LogOptions{}}, true)
				if err != nil {
					return err
				}
				if a := p.ServerAddr(); !a.Is6() || a.Is4In6() {
					t.Errorf("the server's address is %v", a)
				}
				got := handshakes(t, p, 20)
				stats, err := p.Close()
				if err != nil {
					return err
				}
				slices.Sort(got)
				t.Logf("asked %v, median %v, min %v; %d packets", rtt, got[10], got[0], stats.Packets)
				// See TestDelayLineHandshakeTakesConfiguredRTT.
				if got[0] < rtt-500*time.Microsecond {
					t.Errorf("asked %v, handshakes took %v", rtt, got)
				}
				// No neighbour discovery, router solicitation or multicast report.
				if tcp := int64(stats.Log.Len()); stats.Packets != tcp {
					t.Errorf("%d packets crossed the path, %d of them TCP", stats.Packets, tcp)
				}
				return nil
			})
		})
	}
}

func TestIPv6UploadArrivesIntact(t *testing.T) {
	for _, loss := range []float64{0, 0.01} { // with GSO, and frame by frame
		t.Run(fmt.Sprint("loss ", loss), func(t *testing.T) {
			inMiddle(t, func() error {
				im := impair.Set{Up: impair.OneWay{Loss: loss}, Down: impair.OneWay{Loss: loss}}.WithRTT(4 * time.Millisecond)
				p, err := Open(Spec{Kind: DelayLine, IPv6: true, Impairments: im, Seed: 3}, true)
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
				if err == nil && (stats.RingDrops != 0 || stats.SendErrors != 0 || (stats.Lost > 0) != (loss > 0)) {
					t.Errorf("statistics %+v", stats)
				}
				return err
			})
		})
	}
}

func TestIPv6SettingsAreReportedForIPv6PathsOnly(t *testing.T) {
	for _, kind := range []Kind{DelayLine, Loopback} {
		for _, ipv6 := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, " ", ipv6), func(t *testing.T) {
				inMiddle(t, func() error {
					p, err := Open(Spec{Kind: kind, IPv6: ipv6}, true)
					if err != nil {
						return err
					}
					for _, s := range withIPv6 {
						got, has := p.Sysctl()[s.name]
						if has != ipv6 || has && got != s.value {
							t.Errorf("%s reads back %q", s.name, got)
						}
					}
					handshakes(t, p, 1)
					_, err = p.Close()
					return err
				})
			})
		}
	}
}
