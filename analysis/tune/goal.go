package tune

import (
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Goal is what a setting has to reach.
type Goal struct {
	Target float64 // delivered share of the rejections, above 0 and below 1
	// Alpha bounds the probability of confirming a setting that misses the goal,
	// above 0 and below 1.
	Alpha float64
	// Objective bounds the 99th percentile of the admitted attempts' response
	// time; 0 is no objective.
	Objective time.Duration
}

// Evidence is what was measured of one value of a setting. The zero value is none.
type Evidence struct {
	// Parts are the delivered shares of the clients in the mix, always in the same
	// order.
	Parts []stats.WeightedShare
	// Rounds are the same shares, of each cell or group of cells by itself.
	Rounds [][]stats.WeightedShare
	// Response holds the admitted attempts' response times in nanoseconds; nil is
	// none.
	Response *hdrhistogram.Histogram
}

// confirmRounds is the least number of rounds of a confirmation. They alternate with those
// of the other corners, so that each corner is measured at several times. With 8 rounds
// Student's t asks for 1.4 times the attempts of a known variance, with 5 for 1.9 times.
const confirmRounds = 8

// plannedRounds is how many rounds n rejections take, of at most batch each.
func plannedRounds(n, batch int64) int {
	return max(confirmRounds, int((n+batch-1)/batch))
}

// Add pools further evidence of the same value.
func (e *Evidence) Add(more Evidence) {
	if e.Parts == nil {
		e.Parts = make([]stats.WeightedShare, len(more.Parts))
	}
	for i, p := range more.Parts {
		e.Parts[i].Weight = p.Weight
		e.Parts[i].K += p.K
		e.Parts[i].N += p.N
	}
	if more.Rounds == nil && more.Rejected() > 0 {
		e.Rounds = append(e.Rounds, slices.Clone(more.Parts))
	}
	e.Rounds = append(e.Rounds, more.Rounds...)
	if more.Response == nil {
		return
	}
	if e.Response == nil {
		e.Response = hdrhistogram.Import(more.Response.Export())
	} else {
		e.Response.Merge(more.Response)
	}
}

// Rejected returns the number of rejections.
func (e Evidence) Rejected() (n int64) {
	for _, p := range e.Parts {
		n += p.N
	}
	return n
}

// share is the delivered share of the mix.
func (e Evidence) share() float64 {
	share, _, _ := stats.Mix(e.Parts, 0)
	return share
}

// effective returns the shares of as many independent attempts as the rounds are worth
// for a one-sided bound of level alpha: counts divided by the design effect, which is at
// least 1, and by results.StudentFactor, because few rounds estimate the effect poorly. See
// results.Rounds. Losses are rounded: up for the lower bound of a share, down for the
// upper one.
func (e Evidence) effective(alpha float64, round func(float64) float64) []stats.WeightedShare {
	few := results.StudentFactor(alpha, len(e.Rounds)-1)
	parts := slices.Clone(e.Parts)
	for i, p := range parts {
		var k, n []int64
		for _, round := range e.Rounds {
			k, n = append(k, round[i].K), append(n, round[i].N)
		}
		parts[i] = worth(p, few*max(results.DesignEffect(k, n), 1), round)
	}
	return parts
}

// worth returns a share of as many attempts as its own are worth with a design effect.
func worth(p stats.WeightedShare, effect float64, round func(float64) float64) stats.WeightedShare {
	lost := int64(round(float64(p.N-p.K) / effect))
	p.N = int64(float64(p.N) / effect)
	p.K = max(p.N-lost, 0)
	return p
}

// Bounds returns the delivered share of the mix and its one-sided bounds, each with
// the given confidence. They are 0 and 1 where fewer than results.LeastRounds were
// measured.
func (e Evidence) Bounds(confidence float64) (share, low, high float64) {
	share = e.share()
	if len(e.Rounds) < results.LeastRounds {
		return share, 0, 1
	}
	_, low, _ = stats.Mix(e.effective(1-confidence, math.Ceil), stats.NormalQuantile(confidence))
	_, _, high = stats.Mix(e.effective(1-confidence, math.Floor), stats.NormalQuantile(confidence))
	return share, min(low, share), max(high, share)
}

const p99 = 0.99

// P99 bounds the 99th percentile of the response time by order statistics, each
// bound with the given confidence; see stats.QuantileRank. okLow and okHigh are
// false where there are too few admitted attempts for the bound.
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

// fewestTimed is the number of response times that is needed to reject a value by them.
// With fewer, the 99th percentile is the largest time. One pause of the machine delays
// several attempts together, and these attempts would decide, although they are not
// independent.
const fewestTimed = 100

// missed tells whether the evidence rejects that the goal is reached, with a
// probability of at most alpha of being wrong.
func (g Goal) missed(e Evidence, alpha float64) bool {
	if g.Objective > 0 {
		alpha /= 2 // share and objective can each be rejected wrongly
		low, _, ok, _ := e.P99(1 - alpha)
		if ok && low > g.Objective && e.Response.TotalCount() >= fewestTimed {
			return true
		}
	}
	if len(e.Rounds) < results.LeastRounds || e.share() >= g.Target {
		return false
	}
	_, _, high := stats.Mix(e.effective(alpha, math.Floor), stats.NormalQuantile(1-alpha))
	return high < g.Target
}

// met tells whether the evidence shows that the goal is reached, with a
// probability of at most alpha of being wrong. Share and objective are each shown
// at alpha: the answer is wrong only if both are, so alpha is not split (R. L.
// Berger, "Multiparameter hypothesis testing and acceptance sampling",
// Technometrics 24 (1982) 295-300).
//
// Near 1 the coverage of a Wilson bound is a little below nominal: 2703 attempts
// without a loss put it at 99.9% with 95% confidence, and a share just below that
// yields them in 6.7% of all cases. So for a single share the exact binomial tail
// has to agree: C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial
// limits", Biometrika 26 (1934) 404-413.
func (g Goal) met(e Evidence, alpha float64) bool {
	if e.Rejected() == 0 || e.share() < g.Target || !g.metBy(e.effective(alpha, math.Ceil), alpha) {
		return false
	}
	if g.Objective > 0 {
		_, high, _, ok := e.P99(1 - alpha)
		return ok && high <= g.Objective
	}
	return true
}

// metBy is met for shares of independent attempts, without the objective.
func (g Goal) metBy(parts []stats.WeightedShare, alpha float64) bool {
	if _, low, _ := stats.Mix(parts, stats.NormalQuantile(1-alpha)); low < g.Target {
		return false
	}
	if len(parts) == 1 {
		p := parts[0]
		return stats.Binomial(p.N-p.K, p.N, 1-g.Target) <= alpha
	}
	return true
}

// metByFew is metBy for parts of a plan, of whose attempts so many are worth one. It
// changes the parts.
func (g Goal) metByFew(parts []stats.WeightedShare, few, alpha float64) bool {
	for i := range parts {
		parts[i] = worth(parts[i], few, math.Ceil)
	}
	return g.metBy(parts, alpha)
}

// enoughTimed tells whether the admitted attempts are enough to bound their 99th
// percentile at alpha, if there is an objective.
func (g Goal) enoughTimed(e Evidence, alpha float64) bool {
	_, _, _, ok := e.P99(1 - alpha)
	return ok || g.Objective == 0
}

// reachable tells whether the target would be met if the evidence grew to n
// rejections without another loss, in rounds of at most batch.
func (g Goal) reachable(e Evidence, n, batch int64, alpha float64) bool {
	parts := slices.Clone(e.Parts)
	for i, want := range Allot(parts, max(n, e.Rejected())) {
		more := max(want-parts[i].N, 0)
		parts[i].K += more
		parts[i].N += more
	}
	return g.metByFew(parts, results.StudentFactor(alpha, plannedRounds(n, batch)-1), alpha)
}

// attempts returns how many rejections it takes to show at alpha that the target
// is met, if the given number of them is lost, in rounds of at most batch that do not
// differ. The losses are put on the client with the largest weight.
func (g Goal) attempts(weights []float64, losses, batch int64, alpha float64) int64 {
	// More rounds are worth more, so the number falls as the rounds rise.
	in := func(rounds int) (n int64, enough bool) {
		few := results.StudentFactor(alpha, rounds-1)
		if few > mostFew {
			return 0, false
		}
		n = g.attemptsIn(weights, losses, few, alpha)
		return n, plannedRounds(n, batch) <= rounds
	}
	low, high := confirmRounds-1, confirmRounds
	for _, enough := in(high); !enough; _, enough = in(high) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		if _, enough := in(middle); enough {
			high = middle
		} else {
			low = middle
		}
	}
	n, _ := in(high)
	if high > confirmRounds {
		n = max(n, int64(high-1)*batch+1) // with fewer attempts it would be fewer rounds
	}
	return n
}

// mostFew is the largest factor by which few rounds may multiply the attempts of a plan.
// With a larger one more rounds are needed.
const mostFew = 100

// attemptsIn is attempts where so many of them are worth one.
func (g Goal) attemptsIn(weights []float64, losses int64, few, alpha float64) int64 {
	suffices := func(n int64) bool {
		parts := make([]stats.WeightedShare, len(weights))
		heaviest := 0
		for i, w := range weights {
			parts[i].Weight = w
			if w > weights[heaviest] {
				heaviest = i
			}
		}
		for i, n := range Allot(parts, n) {
			parts[i].K, parts[i].N = n, n
		}
		parts[heaviest].K = max(parts[heaviest].K-losses, 0)
		return g.metByFew(parts, few, alpha)
	}
	low, high := int64(0), max(losses, 1)
	for !suffices(high) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if middle := low + (high-low)/2; suffices(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// Allot divides n by the parts' weights. Each share is rounded up and at least 1.
func Allot(parts []stats.WeightedShare, n int64) []int64 {
	var total float64
	for _, p := range parts {
		total += p.Weight
	}
	shares := make([]int64, len(parts))
	for i, p := range parts {
		shares[i] = max(int64(math.Ceil(float64(n)*p.Weight/total-1e-9)), 1)
	}
	return shares
}

// alphaSpending divides the probability of a wrong answer among looks at growing
// data. The first look gets two thirds and every later one a third of the one
// before, so all looks together never spend more than alpha, but for leastAlpha at each
// of very many. The looks need not be planned, and independence is not assumed.
//
// Source: K. K. G. Lan and D. L. DeMets, "Discrete sequential boundaries for
// clinical trials", Biometrika 70 (1983) 659-663. This is one of their spending
// functions, with the bound of each look by Bonferroni's inequality.
type alphaSpending struct{ next float64 }

// leastAlpha is the alpha of a look after which it falls no more. Without it a search of
// many confirmations would come to an alpha whose quantile is infinite, and would look
// for a number of attempts that does not exist.
const leastAlpha = 1e-12

func newAlphaSpending(alpha float64) *alphaSpending { return &alphaSpending{alpha * 2 / 3} }

// look returns the alpha of the next look.
func (s *alphaSpending) look() float64 {
	alpha := s.next
	s.next = max(s.next/3, leastAlpha)
	return alpha
}
