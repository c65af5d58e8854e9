package loadgen

import (
	"container/heap"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rejectbench/rejectbench/results"
)

func TestSpreadAtARateHasOneStartInEachInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := openLoop(t)
		cfg.Arrivals, cfg.Seed = results.SpreadArrivals, rapid.Uint64().Draw(t, "seed")
		due := takeAll(newSchedule(cfg))
		for i, at := range due {
			low, high := float64(i)/cfg.Rate*1e9, float64(i+1)/cfg.Rate*1e9
			if float64(at) < low-1 || float64(at) > high+1 {
				t.Fatalf("attempt %d is due at %d ns, outside of %.0f to %.0f", i, at, low, high)
			}
		}
		again := takeAll(newSchedule(cfg))
		if !slices.Equal(due, again) {
			t.Fatal("the same seed gives another schedule")
		}
	})
}

func TestStartsWithinIntervalsAreUniform(t *testing.T) {
	const n = 100_000
	var sum, squares, products, last float64
	for i := range int64(n) {
		u := uniform(7, i)
		if u < 0 || u >= 1 {
			t.Fatalf("uniform(7, %d) = %v", i, u)
		}
		sum, squares, products, last = sum+u, squares+u*u, products+(u-0.5)*(last-0.5), u
	}
	// Five standard errors of the mean, the variance, and the lag-one covariance.
	bound := 5 / math.Sqrt(n)
	mean := sum / n
	if variance := squares/n - mean*mean; math.Abs(mean-0.5) > 0.29*bound || math.Abs(variance-1.0/12) > 0.075*bound {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
	if covariance := products / n; math.Abs(covariance) > bound/12 {
		t.Errorf("neighbours have covariance %v", covariance)
	}
}

func TestPoissonGapsAreExponential(t *testing.T) {
	const n, rate = 100_000, 1000.0
	due := takeAll(newSchedule(Config{Arrivals: results.PoissonArrivals, Rate: rate, Requests: n, Seed: 3}))
	var sum, squares, last float64
	for _, at := range due {
		gap := (float64(at) - last) * rate / 1e9
		sum, squares, last = sum+gap, squares+gap*gap, float64(at)
	}
	mean := sum / n
	if variance := squares/n - mean*mean; math.Abs(mean-1) > 5/math.Sqrt(n) || math.Abs(variance-1) > 5*math.Sqrt(8)/math.Sqrt(n) {
		t.Errorf("gaps have mean %v and variance %v of the rate's, want 1 and 1", mean, variance)
	}
}

func TestUnstartedPoissonAttemptsAreThoseDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := openLoop(t)
		cfg.Arrivals, cfg.Seed = results.PoissonArrivals, rapid.Uint64().Draw(t, "seed")
		due := takeAll(newSchedule(cfg))
		if len(due) == 0 {
			return
		}
		taken := rapid.IntRange(0, len(due)).Draw(t, "taken")
		now := rapid.Int64Range(0, due[len(due)-1]+1000).Draw(t, "now")
		s := newSchedule(cfg)
		for range taken {
			s.take(0)
		}
		var want int64
		for _, at := range due[taken:] {
			if at < now {
				want++
			}
		}
		if got := s.unstarted(now); got != want {
			t.Fatalf("%d unstarted, want %d", got, want)
		}
	})
}

// ends are the ends of simulated attempts in flight.
type ends []int64

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i] < e[j] }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *ends) Push(x any)        { *e = append(*e, x.(int64)) }
func (e *ends) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// meanInFlight simulates a schedule with attempts of given times, and returns the mean
// number in flight over all but the first tenth of the starts.
func meanInFlight(cfg Config, took func(i int) time.Duration) float64 {
	s := newSchedule(cfg)
	var running ends
	var now, since int64
	var flown float64
	for i := 0; ; {
		due, ok := s.next(now)
		if !ok {
			return flown / float64(now-since)
		}
		free := len(running) < cfg.slots()
		at := max(due, now)
		if len(running) > 0 && (!free || running[0] <= at) {
			end := heap.Pop(&running).(int64)
			flown += float64(len(running)+1) * float64(end-now)
			now = end
			s.ended(now)
			continue
		}
		flown += float64(len(running)) * float64(at-now)
		now = at
		s.take(now)
		heap.Push(&running, now+int64(took(i)))
		if i++; int64(i) == cfg.Requests/10 {
			flown, since = 0, now
		}
	}
}

func TestSpreadKeepsTheConcurrencyInFlight(t *testing.T) {
	steady := func(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }
	mixed := func(i int) time.Duration { return time.Duration(10+90*(i%3)) * time.Millisecond }
	for _, c := range []struct {
		name        string
		concurrency int
		expected    time.Duration
		took        func(int) time.Duration
	}{
		{"as expected", 50, 100 * time.Millisecond, steady(100 * time.Millisecond)},
		{"four times as long", 50, 100 * time.Millisecond, steady(400 * time.Millisecond)},
		{"a quarter as long", 50, 100 * time.Millisecond, steady(25 * time.Millisecond)},
		{"nothing expected", 20, 0, steady(30 * time.Millisecond)},
		{"times that differ", 200, 50 * time.Millisecond, mixed},
		{"one", 1, 10 * time.Millisecond, steady(20 * time.Millisecond)},
	} {
		cfg := Config{Arrivals: results.SpreadArrivals, Concurrency: c.concurrency, Expected: c.expected, Requests: 200 * int64(c.concurrency), Seed: 1}
		got := meanInFlight(cfg, c.took)
		if want := float64(c.concurrency); math.Abs(got-want) > 0.05*want {
			t.Errorf("%s: %.1f attempts in flight on average, want %d", c.name, got, c.concurrency)
		}
	}
}

func TestSpreadDoesNotCatchUpInABurst(t *testing.T) {
	s := newSchedule(Config{Arrivals: results.SpreadArrivals, Concurrency: 10, Expected: 100 * time.Millisecond, Requests: 1000})
	// Ten seconds without a free slot, then an end every 10 ms.
	now := int64(10 * time.Second)
	started := 0
	for range 100 {
		now += int64(10 * time.Millisecond)
		for range 3 {
			if due, ok := s.next(now); ok && due <= now {
				s.take(now)
				started++
				s.ended(now)
			}
		}
	}
	if started > 205 { // two an end, when its attempts end at once
		t.Errorf("%d starts after a pause, in the time of 100", started)
	}
}
