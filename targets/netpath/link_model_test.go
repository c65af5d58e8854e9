package netpath

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
	"github.com/rejectbench/rejectbench/targets/netpath/impair/impairtest"
)

// sigmas is the tolerance for shares in standard deviations. One check in about
// 10,000 million exceeds it by chance; a run makes 700.
const sigmas = 6.5

func TestPlainDelayMakesEveryPacketDueAfterIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delay := time.Duration(rapid.Int64Range(0, int64(impair.MaxDelay)).Draw(t, "delay"))
		l := newLink(impair.OneWay{Delay: delay}, rapid.Uint64().Draw(t, "seed"), 0)
		for stamp := int64(1); stamp < 1e9; stamp += rapid.Int64Range(0, 1e8).Draw(t, "gap") + 1 {
			v := l.decide(stamp, 1514, rapid.Uint16().Draw(t, "flow"))
			if v != (decision{due: stamp + int64(delay)}) {
				t.Fatalf("at %d: %+v, want due %d", stamp, v, stamp+int64(delay))
			}
		}
	})
}

func TestJitterKeepsTheOrderOfEachFlow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		im := rapid.Custom(impairtest.OneWay).Draw(t, "impairment")
		im.Reorder = 0
		im.Delay = max(im.Delay, 2*time.Millisecond)
		im.Jitter = max(im.Jitter, time.Millisecond)
		l := newLink(im, rapid.Uint64().Draw(t, "seed"), 0)
		last := map[uint16]int64{}
		stamp := int64(1)
		for range 500 {
			stamp += rapid.Int64Range(0, 200_000).Draw(t, "gap")
			flow := rapid.Uint16Range(0, 3).Draw(t, "flow")
			v := l.decide(stamp, 1514, flow)
			if v.drop != notDropped {
				continue
			}
			if v.due < stamp {
				t.Fatalf("due at %d, before it came at %d", v.due, stamp)
			}
			if v.due < last[flow] {
				t.Fatalf("flow %d: due at %d, behind one due at %d", flow, v.due, last[flow])
			}
			last[flow] = v.due
			if v.duplicateDue != 0 {
				if v.duplicateDue < v.due {
					t.Fatalf("the copy is due at %d, before its packet at %d", v.duplicateDue, v.due)
				}
				last[flow] = v.duplicateDue
			}
		}
	})
}

func TestJitterOfSinglePacketsIsUnbiased(t *testing.T) {
	const n, delay, jitter = 200_000, 50 * time.Millisecond, 10 * time.Millisecond
	for _, d := range []impair.Distribution{impair.Uniform, impair.Normal} {
		l := newLink(impair.OneWay{Delay: delay, Jitter: jitter, Distribution: d}, 1, 0)
		var sum, squares float64
		for i := range int64(n) {
			stamp := 1 + i*int64(time.Second)
			x := float64(l.decide(stamp, 60, 1).due - stamp - int64(delay))
			sum += x
			squares += x * x
		}
		deviation := float64(jitter)
		if d == impair.Uniform {
			deviation /= math.Sqrt(3)
		}
		if mean := sum / n; math.Abs(mean) > sigmas*deviation/math.Sqrt(n) {
			t.Errorf("%v: the mean delay is off by %v", d, time.Duration(mean))
		}
		if got := math.Sqrt(squares / n); math.Abs(got/deviation-1) > 0.02 {
			t.Errorf("%v: the standard deviation is %v, want %v", d, time.Duration(got), time.Duration(deviation))
		}
		if l.counts.orderWait != 0 {
			t.Errorf("%v: packets a second apart waited %d ns for each other", d, l.counts.orderWait)
		}
	}
}

// The bias that the documentation of OneWay.Jitter states.
func TestJitterBiasOfBurstMatchesDocumentation(t *testing.T) {
	const bursts, delay, jitter = 20_000, 20 * time.Millisecond, 10 * time.Millisecond
	for _, n := range []int{1, 2, 10, 50} {
		l := newLink(impair.OneWay{Delay: delay, Jitter: jitter}, 7, 0)
		var sum float64
		for b := range int64(bursts) {
			stamp := 1 + b*int64(time.Second)
			var due int64
			for range n {
				due = l.decide(stamp, 1514, 9).due
			}
			sum += float64(due - stamp - int64(delay))
		}
		got := sum / bursts / float64(jitter)
		want := float64(n-1) / float64(n+1)
		if math.Abs(got-want) > 0.02 {
			t.Errorf("the last of %d is late by %.3f of the jitter, want %.3f", n, got, want)
		}
		if waited := l.counts.orderWait > 0; waited != (n > 1) {
			t.Errorf("a burst of %d: %d ns of waiting counted", n, l.counts.orderWait)
		}
	}
}

func TestLostShareIsWithinInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0, 1).Draw(t, "loss")
		const n = 20_000
		l := newLink(impair.OneWay{Loss: share}, rapid.Uint64().Draw(t, "seed"), rapid.Uint64Range(0, 1).Draw(t, "stream"))
		for i := range int64(n) {
			l.decide(i+1, 60, 0)
		}
		checkShare(t, "lost", l.counts.lost, n, share, 1)
	})
}

func TestLossBurstsHaveConfiguredShareAndLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst := rapid.Float64Range(1.1, 20).Draw(t, "burst")
		share := rapid.Float64Range(0.01, burst/(burst+1)).Draw(t, "loss")
		const n = 200_000
		l := newLink(impair.OneWay{Loss: share, LossBurst: burst}, rapid.Uint64().Draw(t, "seed"), 0)
		var runs, lost int64
		before := true // the first run may have begun before the first packet
		for i := range int64(n) {
			drop := l.decide(i+1, 60, 0).drop == droppedLoss
			if drop {
				lost++
				if !before {
					runs++
				}
			}
			before = drop
		}
		// Packets of a chain are correlated by its second eigenvalue.
		rho := 1 - l.toGood - l.toBad
		checkShare(t, "lost", l.counts.lost, n, share, (1+rho)/(1-rho))
		if runs < 100 {
			return
		}
		got := float64(lost) / float64(runs)
		// The first and the last run may be incomplete: allow one run each.
		if slack := sigmas*math.Sqrt(burst*(burst-1)/float64(runs)) + 2*burst*10/float64(runs); math.Abs(got-burst) > slack {
			t.Errorf("%d runs of %.3f packets, want %.3f +- %.3f", runs, got, burst, slack)
		}
	})
}

func TestLossOfOneLosesEveryPacket(t *testing.T) {
	for _, burst := range []float64{0, 1, 5} {
		l := newLink(impair.OneWay{Loss: 1, LossBurst: burst}, 1, 0)
		for i := range int64(1000) {
			if v := l.decide(i+1, 60, 0); v.drop != droppedLoss {
				t.Fatalf("burst %v: %+v", burst, v)
			}
		}
	}
}

// sent is a frame and the time at which its last bit was sent.
type sent struct {
	bytes int
	left  int64
}

func TestQueueDropsOnlyPacketsThatExceedItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		im := impair.OneWay{Rate: rapid.Int64Range(impair.MinRate, 10e9).Draw(t, "rate")}
		bound := float64(impair.DefaultQueueTime) * float64(im.Rate) / 8e9 // bytes
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 1:
			im.QueueBytes = rapid.Int64Range(1, 100_000).Draw(t, "bytes")
			bound = float64(im.QueueBytes)
		case 2:
			im.QueueTime = time.Duration(rapid.Int64Range(1, 1e9).Draw(t, "time"))
			bound = float64(im.QueueTime) * float64(im.Rate) / 8e9
		}
		nanosecond := float64(im.Rate)/8e9 + 1e-6*bound // tolerance for rounding
		l := newLink(im, 1, 0)
		var line []sent
		stamp := int64(1)
		for range 300 {
			// About as fast as the link: the queue fills and empties.
			stamp += rapid.Int64Range(0, 2*8e9*1000/im.Rate+1).Draw(t, "gap")
			bytes := rapid.IntRange(60, 1514).Draw(t, "bytes")
			backlog := waiting(line, stamp, im.Rate)
			v := l.decide(stamp, bytes, 0)
			if v.drop == droppedQueue {
				if backlog+float64(bytes) < bound-nanosecond || backlog == 0 {
					t.Fatalf("dropped %d bytes behind %.1f of %.1f", bytes, backlog, bound)
				}
				continue
			}
			if backlog > 0 && backlog+float64(bytes) > bound+2*nanosecond+1 {
				t.Fatalf("took %d bytes behind %.1f of %.1f", bytes, backlog, bound)
			}
			line = append(line, sent{bytes, v.due})
		}
	})
}

// waiting returns how many bytes of the frames have not been sent yet.
func waiting(line []sent, now, rate int64) float64 {
	var bytes float64
	for _, s := range line {
		if s.left > now {
			bytes += min(float64(s.bytes), float64(s.left-now)*float64(rate)/8e9)
		}
	}
	return bytes
}

func TestThroughputNeverExceedsRateInAnyWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Int64Range(impair.MinRate, 100e9).Draw(t, "rate")
		l := newLink(impair.OneWay{
			Rate: rate, QueueTime: impair.MaxQueueTime,
			Delay: time.Second, Duplicate: rapid.Float64Range(0, 1).Draw(t, "duplicate"),
		}, 1, 0)
		var line []sent
		stamp := int64(1)
		for range 150 {
			stamp += rapid.Int64Range(0, 3*8e9*800/rate).Draw(t, "gap")
			bytes := rapid.IntRange(60, 1514).Draw(t, "bytes")
			v := l.decide(stamp, bytes, 0)
			if v.drop != notDropped {
				continue
			}
			line = append(line, sent{bytes, v.due})
			if v.duplicateDue != 0 {
				line = append(line, sent{bytes, v.duplicateDue})
			}
		}
		for i := range line {
			var bits float64
			for _, s := range line[i+1:] {
				bits += 8 * float64(s.bytes)
				window := float64(s.left-line[i].left) + 1 // times are whole nanoseconds
				if bits > window*float64(rate)/1e9*(1+1e-12) {
					t.Fatalf("%.0f bits in %.0f ns at %d bit/s", bits, window, rate)
				}
			}
		}
	})
}

func TestBusyLinkSendsAtItsRate(t *testing.T) {
	for _, rate := range []int64{impair.MinRate, 768_000, 3_333_333, 1e9, 40e9, 7_777_777_777} {
		l := newLink(impair.OneWay{Rate: rate, QueueTime: impair.MaxQueueTime}, 1, 0)
		const n = 20
		var due int64
		for range n {
			v := l.decide(1, 60, 0)
			if v.drop != notDropped {
				t.Fatalf("%d bit/s: dropped", rate)
			}
			due = v.due
		}
		if want := int64(math.Ceil(n*60*8e9/float64(rate))) + 1; due != want {
			t.Errorf("%d bit/s: %d frames of 60 bytes have left at %d, want %d", rate, n, due, want)
		}
	}
}

func TestDuplicatedAndReorderedSharesAreWithinInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		im := impair.OneWay{
			Delay:     10 * time.Millisecond,
			Duplicate: rapid.Float64Range(0, 1).Draw(t, "duplicate"),
			Reorder:   rapid.Float64Range(0, 1).Draw(t, "reorder"),
		}
		l := newLink(im, rapid.Uint64().Draw(t, "seed"), 0)
		const n = 20_000
		var copies, early int64
		for i := range int64(n) {
			v := l.decide(i+1, 60, 0)
			switch v.due {
			case i + 1:
				early++
			case i + 1 + int64(im.Delay):
			default:
				t.Fatalf("%+v at %d", v, i+1)
			}
			if v.duplicateDue != 0 {
				copies++
				if v.duplicateDue != i+1+int64(im.Delay) {
					t.Fatalf("copy %+v at %d", v, i+1)
				}
			}
		}
		if l.counts.duplicated != copies || l.counts.reordered != early || l.counts.packets != n {
			t.Fatalf("counts %+v, but %d copies and %d early", l.counts, copies, early)
		}
		checkShare(t, "duplicated", copies, n, im.Duplicate, 1)
		checkShare(t, "reordered", early, n, im.Reorder, 1)
	})
}

func TestSameSeedMakesTheSameDecisions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		im := rapid.Custom(impairtest.OneWay).Draw(t, "impairment")
		seed := rapid.Uint64().Draw(t, "seed")
		a, b := newLink(im, seed, 0), newLink(im, seed, 0)
		stamp := int64(1)
		for range 200 {
			stamp += rapid.Int64Range(0, 1e7).Draw(t, "gap")
			bytes, flow := rapid.IntRange(60, 1514).Draw(t, "bytes"), rapid.Uint16().Draw(t, "flow")
			if x, y := a.decide(stamp, bytes, flow), b.decide(stamp, bytes, flow); x != y {
				t.Fatalf("%+v and %+v", x, y)
			}
		}
	})
}

// The two directions of a path, and paths of neighbouring seeds, must not lose
// the same packets.
func TestStreamsAndSeedsAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		im := impair.OneWay{Loss: rapid.Float64Range(0.05, 0.95).Draw(t, "loss")}
		seed := rapid.Uint64().Draw(t, "seed")
		const n = 20_000
		for _, other := range []*link{newLink(im, seed, 1), newLink(im, seed+1, 0), newLink(im, seed^1<<63, 0)} {
			l := newLink(im, seed, 0)
			var both int64
			for i := range int64(n) {
				x, y := l.decide(i+1, 60, 0), other.decide(i+1, 60, 0)
				if x.drop == droppedLoss && y.drop == droppedLoss {
					both++
				}
			}
			checkShare(t, "lost by both", both, n, im.Loss*im.Loss, 1)
		}
	})
}

func TestOneEffectDoesNotChangeAnother(t *testing.T) {
	plain := newLink(impair.OneWay{Loss: 0.1}, 3, 0)
	all := newLink(impair.OneWay{
		Loss: 0.1, Delay: time.Second, Jitter: time.Millisecond, Duplicate: 0.5, Reorder: 0.3, Rate: 1e9,
	}, 3, 0)
	for i := range int64(10_000) {
		a, b := plain.decide(1+i*1e6, 60, 0), all.decide(1+i*1e6, 60, 0)
		if (a.drop == droppedLoss) != (b.drop == droppedLoss) {
			t.Fatalf("packet %d: %+v alone, %+v with other effects", i, a, b)
		}
	}
}

// checkShare fails if count of n differs from its expectation by more than sigmas.
// inflation is the ratio of the variance to that of independent draws.
func checkShare(t *rapid.T, what string, count, n int64, share, inflation float64) {
	t.Helper()
	slack := sigmas*math.Sqrt(inflation*share*(1-share)*float64(n)) + 1 + sigmas*sigmas/2
	if off := float64(count) - share*float64(n); math.Abs(off) > slack {
		t.Errorf("%s: %d of %d, want %.1f +- %.1f", what, count, n, share*float64(n), slack)
	}
}

func BenchmarkAdmit(b *testing.B) {
	for _, bench := range []struct {
		name string
		im   impair.OneWay
	}{
		{"delay", impair.OneWay{Delay: time.Millisecond}},
		{"loss", impair.OneWay{Delay: time.Millisecond, Loss: 0.01}},
		{"bursts", impair.OneWay{Delay: time.Millisecond, Loss: 0.01, LossBurst: 3}},
		{"rate", impair.OneWay{Delay: time.Millisecond, Rate: 1e9}},
		{"jitter", impair.OneWay{Delay: 20 * time.Millisecond, Jitter: 2 * time.Millisecond}},
		{"all", impair.OneWay{
			Delay: 20 * time.Millisecond, Jitter: 2 * time.Millisecond, Distribution: impair.Normal, Loss: 0.01, LossBurst: 3,
			Reorder: 0.01, Duplicate: 0.01, Rate: 1e9,
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			l := newLink(bench.im, 1, 0)
			b.ReportAllocs()
			stamp := int64(1)
			for b.Loop() {
				l.decide(stamp, 1514, uint16(stamp))
				stamp += 12_112
			}
		})
	}
}

func TestLinkDecisionDoesNotAllocate(t *testing.T) {
	l := newLink(impair.OneWay{
		Delay: 20 * time.Millisecond, Jitter: 2 * time.Millisecond, Distribution: impair.Normal, Loss: 0.1, LossBurst: 3,
		Reorder: 0.1, Duplicate: 0.1, Rate: 1e9,
	}, 1, 0)
	stamp := int64(1)
	if n := testing.AllocsPerRun(1000, func() { l.decide(stamp, 1514, uint16(stamp)); stamp += 1e4 }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
