package loadgen

import (
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

// takeAll takes every attempt of a schedule, each at the moment it is due.
func takeAll(s schedule) (due []int64) {
	var now int64
	for {
		at, ok := s.next(now)
		if !ok {
			return due
		}
		now = max(now, at)
		s.take(now)
		due = append(due, at)
	}
}

// openLoop draws an open loop of at most a few thousand attempts.
func openLoop(t *rapid.T) Config {
	cfg := Config{
		Rate:     rapid.Float64Range(0.5, 1e6).Draw(t, "rate"),
		Requests: rapid.Int64Range(0, 3000).Draw(t, "requests"),
	}
	if cfg.Requests == 0 || rapid.Bool().Draw(t, "bounded by time too") {
		most := time.Duration(3000 / cfg.Rate * 1e9)
		cfg.Duration = time.Duration(rapid.Int64Range(1, int64(most)).Draw(t, "duration"))
	}
	return cfg
}

func TestOpenLoopAttemptIsDueAtItsIndexOverTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := openLoop(t)
		due := takeAll(newSchedule(cfg))
		for i, at := range due {
			exact := new(big.Float).Quo(new(big.Float).SetInt64(int64(i)*1e9), big.NewFloat(cfg.Rate))
			late, _ := new(big.Float).Sub(new(big.Float).SetInt64(at), exact).Float64()
			if math.Abs(late) > 0.51 {
				t.Fatalf("attempt %d is due at %d ns, %g ns off", i, at, late)
			}
		}
		if cfg.Requests > 0 && int64(len(due)) > cfg.Requests {
			t.Fatalf("%d attempts, want at most %d", len(due), cfg.Requests)
		}
		if n := len(due); cfg.Duration > 0 && due[n-1] >= int64(cfg.Duration) {
			t.Fatalf("attempt %d is due at %d ns, past %d", n-1, due[n-1], cfg.Duration)
		}
		s := newSchedule(cfg)
		if int64(len(due)) != cfg.Requests && s.due(int64(len(due))) < int64(cfg.Duration) {
			t.Fatalf("%d attempts, though one more is due at %d", len(due), s.due(int64(len(due))))
		}
	})
}

func TestScheduleDoesNotDriftOverDays(t *testing.T) {
	s := newSchedule(Config{Rate: 30_000})
	const day = 86_400 * 30_000
	for _, days := range []int64{1, 7, 30} {
		if got, want := s.due(days*day), days*86_400*int64(time.Second); got != want {
			t.Errorf("after %d days %d ns off", days, got-want)
		}
	}
}

func TestScheduleBounds(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want int
	}{
		{"requests", Config{Rate: 10, Requests: 7}, 7},
		{"duration excludes its end", Config{Rate: 100, Duration: time.Second}, 100},
		{"requests before duration", Config{Rate: 100, Duration: time.Second, Requests: 30}, 30},
		{"duration before requests", Config{Rate: 100, Duration: time.Second, Requests: 300}, 100},
		{"less than one period", Config{Rate: 1, Duration: time.Millisecond}, 1},
		{"closed loop", Config{Requests: 5}, 5},
	} {
		if got := len(takeAll(newSchedule(c.cfg))); got != c.want {
			t.Errorf("%s: %d attempts, want %d", c.name, got, c.want)
		}
	}
}

func TestClosedLoopAttemptIsDueWhenASlotIsFree(t *testing.T) {
	s := newSchedule(Config{Requests: 3, Duration: time.Second})
	for _, now := range []int64{0, 5, 700} {
		for range 2 { // looking takes nothing
			if due, ok := s.next(now); due != now || !ok {
				t.Fatalf("next(%d) = %d %v", now, due, ok)
			}
		}
		s.take(now)
	}
	if _, ok := s.next(800); ok {
		t.Error("a fourth attempt of three")
	}
	s = newSchedule(Config{Duration: time.Second})
	if _, ok := s.next(int64(time.Second) - 1); !ok {
		t.Error("nothing due just before the end")
	}
	if _, ok := s.next(int64(time.Second)); ok {
		t.Error("an attempt due at the end")
	}
}

func TestSharesTogetherAreTheWholeSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := openLoop(t)
		if cfg.Duration == 0 && rapid.Bool().Draw(t, "closed loop") {
			cfg.Rate = 0
		}
		n := rapid.IntRange(1, 9).Draw(t, "workers")
		whole := newSchedule(cfg)
		var parts []int64
		for w := range n {
			part := takeAll(whole.part(w, n))
			if most := (len(takeAll(whole)) + n - 1 - w) / n; len(part) != most {
				t.Fatalf("worker %d of %d has %d attempts, want %d", w, n, len(part), most)
			}
			parts = append(parts, part...)
		}
		slices.Sort(parts)
		if want := takeAll(whole); !slices.Equal(parts, want) {
			t.Fatalf("shares have %d attempts, the whole %d", len(parts), len(want))
		}
	})
}

func TestUnstartedCountsAttemptsDueAndNotTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := openLoop(t)
		all := takeAll(newSchedule(cfg))
		n := rapid.IntRange(1, 5).Draw(t, "workers")
		now := rapid.Int64Range(0, all[len(all)-1]+int64(time.Second)).Draw(t, "now")
		var taken, due, unstarted int64
		for w := range n {
			s := newSchedule(cfg).part(w, n)
			var mine int64
			for range rapid.IntRange(0, len(all)/n).Draw(t, "taken") {
				if at, ok := s.next(0); ok && at < now {
					s.take(0)
					mine++
				}
			}
			taken += mine
			unstarted += s.unstarted(now)
		}
		for _, at := range all {
			if at < now {
				due++
			}
		}
		if taken+unstarted != due {
			t.Fatalf("%d taken and %d unstarted of %d due before %d", taken, unstarted, due, now)
		}
	})
}

// Without a number of attempts every worker's share is almost as many as there are numbers.
func TestPoissonArrivalsBoundedByTimeLeaveNoNegativeNumberUnstarted(t *testing.T) {
	cfg := Config{Arrivals: results.PoissonArrivals, Rate: 100, Duration: time.Second}
	const workers = 4
	var unstarted int64
	for w := range workers {
		s := newSchedule(cfg).part(w, workers)
		left := s.unstarted(int64(cfg.Duration))
		if left < 0 {
			t.Errorf("worker %d left %d", w, left)
		}
		unstarted += left
	}
	if unstarted < 50 || unstarted > 200 {
		t.Errorf("%d of about 100 attempts were due", unstarted)
	}
}

func TestFleetThatIsLateStopsAtTheEnd(t *testing.T) {
	cfg := Config{Rate: 1000, Duration: time.Second}
	end := int64(cfg.Duration)
	s := newSchedule(cfg)
	for range 900 {
		s.take(0)
	}
	if due, ok := s.next(end + startGrace - 1); !ok || due != 900*int64(time.Millisecond) {
		t.Errorf("within the grace next = %d %v", due, ok)
	}
	if _, ok := s.next(end + startGrace); ok {
		t.Error("an attempt is started after the end")
	}
	if got := s.unstarted(end + startGrace); got != 100 {
		t.Errorf("%d unstarted, want 100", got)
	}
	if got := s.unstarted(950 * int64(time.Millisecond)); got != 50 {
		t.Errorf("%d unstarted at 950 ms, want 50", got)
	}
	closed := newSchedule(Config{Duration: time.Second})
	if got := closed.unstarted(end); got != 0 {
		t.Errorf("%d unstarted in a closed loop", got)
	}
}
