package netpath

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWithoutImpairmentEveryPacketIsDueAfterTheDelay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delay := time.Duration(rapid.Int64Range(0, int64(MaxDelay)).Draw(t, "delay"))
		l := newLink(Impairment{Delay: delay}, rapid.Uint64().Draw(t, "seed"), 0)
		for stamp := int64(1); stamp < 1e9; stamp += rapid.Int64Range(0, 1e8).Draw(t, "gap") + 1 {
			v := l.admit(stamp, 1514, rapid.Uint16().Draw(t, "flow"))
			if v != (verdict{due: stamp + int64(delay)}) {
				t.Fatalf("at %d: %+v, want due %d", stamp, v, stamp+int64(delay))
			}
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	for _, bench := range []struct {
		name string
		im   Impairment
	}{
		{"delay", Impairment{Delay: time.Millisecond}},
		{"loss", Impairment{Delay: time.Millisecond, Loss: 0.01}},
		{"all", Impairment{
			Delay: 20 * time.Millisecond, Jitter: 2 * time.Millisecond, Distribution: Normal, Loss: 0.01, LossBurst: 3,
			Reorder: 0.01, Duplicate: 0.01, Rate: 1e9,
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			l := newLink(bench.im, 1, 0)
			b.ReportAllocs()
			stamp := int64(1)
			for b.Loop() {
				l.admit(stamp, 1514, uint16(stamp))
				stamp += 12_112
			}
		})
	}
}
