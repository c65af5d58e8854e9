package tune

import (
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/analysis/stats"
)

// Goal is what a setting has to reach.
type Goal struct {
	Target float64 // delivered share of rejections, above 0 and below 1
	Alpha  float64 // how often a setting that misses the goal may be confirmed, above 0 and below 1
	// Objective is what the 99th percentile of the admitted attempts' response
	// time may be at most; 0 is no objective.
	Objective time.Duration
}

// Evidence is what was measured of one value of a setting. The zero value is none.
type Evidence struct {
	// Parts are the delivered shares of the clients in the mix, always in the same order.
	Parts []stats.Part
	// Response holds the admitted attempts' response times in nanoseconds; nil is none.
	Response *hdrhistogram.Histogram
}

// add pools further evidence of the same value.
func (e *Evidence) add(more Evidence) {
	if e.Parts == nil {
		e.Parts = make([]stats.Part, len(more.Parts))
	}
	for i, p := range more.Parts {
		e.Parts[i].Weight = p.Weight
		e.Parts[i].K += p.K
		e.Parts[i].N += p.N
	}
	if more.Response != nil {
		if e.Response == nil {
			e.Response = hdrhistogram.Import(more.Response.Export())
		} else {
			e.Response.Merge(more.Response)
		}
	}
}

// rejected is how many rejections the evidence is of.
func (e Evidence) rejected() (n int64) {
	for _, p := range e.Parts {
		n += p.N
	}
	return n
}

// share is the mix's delivered share.
func (e Evidence) share() float64 {
	share, _, _ := stats.Mix(e.Parts, 0)
	return share
}

// P99 bounds the 99th percentile of the response time by order statistics, each
// bound with the given confidence; see analysis.QuantileRank. It reports false
// where there are too few admitted attempts for the bound.
func (e Evidence) P99(confidence float64) (low, high time.Duration, okLow, okHigh bool) {
	if e.Response == nil {
		return 0, 0, false, false
	}
	n := e.Response.TotalCount()
	at := func(rank int64) time.Duration {
		return time.Duration(e.Response.ValueAtQuantile(100 * float64(rank) / float64(n)))
	}
	if r, ok := stats.QuantileRankLow(n, p99, confidence); ok {
		low, okLow = at(r), true
	}
	if r, ok := stats.QuantileRank(n, p99, confidence); ok {
		high, okHigh = at(r), true
	}
	return low, high, okLow, okHigh
}

const p99 = 0.99

// fewestTimed is how many response times it takes to reject by them. Of fewer the
// 99th percentile is the largest, and the attempts that one hiccup of the machine
// delays, which are not independent, outvote the rest.
const fewestTimed = 100

// missed tells whether the evidence rejects that the goal is reached, wrongly
// with a probability of at most alpha.
func (g Goal) missed(e Evidence, alpha float64) bool {
	if g.Objective > 0 {
		alpha /= 2 // either of the two can be missed
		low, _, ok, _ := e.P99(1 - alpha)
		if ok && low > g.Objective && e.Response.TotalCount() >= fewestTimed {
			return true
		}
	}
	_, _, high := stats.Mix(e.Parts, stats.NormalQuantile(1-alpha))
	return high < g.Target
}

// met tells whether the evidence shows that the goal is reached, wrongly with a
// probability of at most alpha. Of two goals each is shown at alpha: both have
// to be wrong for the setting to be, so nothing is split (R. L. Berger,
// "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24
// (1982) 295-300).
//
// Near 1 a Wilson bound promises a little more than it keeps: 2703 attempts
// without a loss put it at 99.9% with 95% confidence, and a share just below
// that brings them in 6.7% of all cases. So the exact binomial tail has to agree
// where there is one share: C. J. Clopper and E. S. Pearson, "The use of
// confidence or fiducial limits", Biometrika 26 (1934) 404-413.
func (g Goal) met(e Evidence, alpha float64) bool {
	if e.rejected() == 0 {
		return false
	}
	if _, low, _ := stats.Mix(e.Parts, stats.NormalQuantile(1-alpha)); low < g.Target {
		return false
	}
	if len(e.Parts) == 1 {
		p := e.Parts[0]
		if stats.Binomial(p.N-p.K, p.N, 1-g.Target) > alpha {
			return false
		}
	}
	if g.Objective > 0 {
		_, high, _, ok := e.P99(1 - alpha)
		return ok && high <= g.Objective
	}
	return true
}

// timed tells whether there are enough admitted attempts to speak of their 99th
// percentile at alpha, if it matters.
func (g Goal) timed(e Evidence, alpha float64) bool {
	_, _, _, ok := e.P99(1 - alpha)
	return ok || g.Objective == 0
}

// reachable tells whether the goal can still be met when the evidence is added
// to until it is of n rejections: whether it would be if no further one was lost.
func (g Goal) reachable(e Evidence, n int64, alpha float64) bool {
	parts := slices.Clone(e.Parts)
	for i, p := range allot(parts, max(n, e.rejected())) {
		more := max(p-parts[i].N, 0)
		parts[i].K += more
		parts[i].N += more
	}
	return Goal{Target: g.Target}.met(Evidence{Parts: parts}, alpha)
}

// attempts is how many rejections it takes to show at alpha that the target is
// met when so many of them are lost.
func (g Goal) attempts(weights []float64, losses int64, alpha float64) int64 {
	shown := func(n int64) bool {
		parts := make([]stats.Part, len(weights))
		heaviest := 0
		for i, w := range weights {
			parts[i].Weight = w
			if w > weights[heaviest] {
				heaviest = i
			}
		}
		for i, n := range allot(parts, n) {
			parts[i].K, parts[i].N = n, n
		}
		parts[heaviest].K = max(parts[heaviest].K-losses, 0)
		return Goal{Target: g.Target}.met(Evidence{Parts: parts}, alpha)
	}
	low, high := int64(0), max(losses, 1)
	for !shown(high) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if middle := low + (high-low)/2; shown(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// allot divides n by the parts' weights, rounded up.
func allot(parts []stats.Part, n int64) []int64 {
	var total float64
	for _, p := range parts {
		total += p.Weight
	}
	of := make([]int64, len(parts))
	for i, p := range parts {
		of[i] = max(int64(math.Ceil(float64(n)*p.Weight/total-1e-9)), 1)
	}
	return of
}

// spending hands out the probability of a wrong answer over looks at growing
// data: the first look gets two thirds, every later one a third of the one
// before, so that all looks together never spend more than there is. The looks
// need not be planned, and no independence is used.
//
// Source: K. K. G. Lan and D. L. DeMets, "Discrete sequential boundaries for
// clinical trials", Biometrika 70 (1983) 659-663, whose spending function this
// is one of, with the bounds of each look by Bonferroni's inequality.
type spending struct{ next float64 }

func newSpending(alpha float64) *spending { return &spending{alpha * 2 / 3} }

func (s *spending) look() float64 {
	alpha := s.next
	s.next /= 3
	return alpha
}
