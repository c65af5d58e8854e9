package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Rule is a claim about the points of a run. Rules come from ParseRules.
type Rule struct {
	Name string // as given, or what the rule says
	Line int    // in its file, from 1

	strategies, clients []string    // none means all
	where               []condition // all of them
	require             requirement
	confidence          float64 // 0.5 to below 1
}

// Require is the requirement as it was written.
func (r Rule) Require() string { return r.require.String() }

// Confidence is that of the rule's verdict, 0.5 to below 1.
func (r Rule) Confidence() float64 { return r.confidence }

// describe says a rule in its own words.
func (r Rule) describe() string {
	text := r.require.String()
	if len(r.strategies) > 0 {
		text += " for " + words.List(r.strategies)
	}
	if len(r.clients) > 0 {
		text += " with " + words.List(r.clients)
	}
	for i, c := range r.where {
		text += [2]string{" where ", " and "}[min(i, 1)] + c.String()
	}
	return text
}

// matches tells whether the rule speaks of a point.
func (r Rule) matches(p *results.Point) bool {
	if len(r.strategies) > 0 && !slices.Contains(r.strategies, p.Strategy) ||
		len(r.clients) > 0 && !slices.Contains(r.clients, p.Client) {
		return false
	}
	return !slices.ContainsFunc(r.where, func(w condition) bool { return !w.matches(p) })
}

// Verdict is what a run says of a rule. The zero value is RuleUndecided.
type Verdict int

// The verdicts.
const (
	Undecided Verdict = iota // the run shows neither
	Holds
	Fails
)

var ruleVerdictNames = [...]string{Undecided: "undecided", Holds: "holds", Fails: "fails"}

// String returns the verdict's name in tables and JSON.
func (v Verdict) String() string { return ruleVerdictNames[v] }

// MarshalText writes the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Result is what a run says of one rule.
type Result struct {
	Rule    Rule
	Verdict Verdict
	Reason  string // why it is undecided, where no point tells
	Points  []PointResult
}

// PointResult is what a run says of one rule at one point.
type PointResult struct {
	Point   results.Point
	Verdict Verdict
	// K of N samples were counted: attempts for a share; for a value, rounds on
	// the required side.
	K, N int64
	// Figure is the share, or the median of the rounds in the metric's unit; not
	// known when N is 0.
	Figure float64
	// Low and High are the one-sided bounds of a share that decide: on the side
	// that the rule asks for at its confidence, on the other one with the
	// correction for the number of points. Of a value they are the least and
	// largest of its rounds.
	Low, High float64
	Needs     string // why it is undecided, and what would decide
	margin    float64
}

// Check holds rules against the cells of a run. Invalid cells and twins
// say nothing.
//
// At a point, a rule on a share holds when the one-sided Wilson bound at the
// rule's confidence is on the required side, and fails when the opposite bound
// is on the other. That one is the more careful of Wilson's and the exact one of
// Clopper and Pearson: corrected levels lie far out in a tail that is longer than
// the normal distribution's where shares are near 0 and 1 (of 1000 attempts at
// 99.9% that are one of a hundred points, Wilson's alone would refute seven times
// as often as allowed). Attempts count as independent of each other. A rule on a value takes rounds as samples and holds or fails
// by the one-sided sign test on their median, which assumes nothing of the
// distribution: n rounds all on one side show it when 0.5^n is at most
// 1 - confidence, which are 5 rounds at 95%.
//
// A rule over m points claims something of all of them. It holds when it holds
// at each: the intersection-union test needs no correction, since the claim is
// only made when every part of it was shown. It fails when it fails at one; of
// m chances for that each has 1/m of the error allowed (Bonferroni).
//
// Sources: Wilson (see there); C. J. Clopper and E. S. Pearson, "The use of
// confidence or fiducial limits illustrated in the case of the binomial",
// Biometrika 26 (1934) 404-413; R. L. Berger, "Multiparameter hypothesis testing
// and acceptance sampling", Technometrics 24 (1982) 295-300; W. J. Dixon and
// A. M. Mood, "The statistical sign test", JASA 41 (1946) 557-566; O. J. Dunn,
// "Multiple comparisons among means", JASA 56 (1961) 52-64.
func Check(cells []results.Cell, rules []Rule) []Result {
	points := analysis.Group(cells)
	found := make([]Result, len(rules))
	for i, r := range rules {
		found[i] = r.check(points)
	}
	return found
}

// Overall is the verdict on all rules together: one that fails outweighs one
// that is undecided. No rules hold.
func Overall(found []Result) Verdict {
	all := Holds
	for _, r := range found {
		if r.Verdict == Fails {
			return Fails
		}
		if r.Verdict == Undecided {
			all = Undecided
		}
	}
	return all
}

func (r Rule) check(all []analysis.PointCells) Result {
	result := Result{Rule: r}
	var points []analysis.PointCells
	for _, p := range all {
		if len(p.Rounds) > 0 && r.matches(&p.Point) {
			points = append(points, p)
		}
	}
	if len(points) == 0 {
		result.Reason = "no cell of the run is of this rule" + r.unknown(all)
		return result
	}
	show := 1 - r.confidence
	refute := show / float64(len(points))
	var tally [len(ruleVerdictNames)]int
	for _, p := range points {
		at := r.checkPoint(p, show, refute)
		at.Point = p.Point
		tally[at.Verdict]++
		result.Points = append(result.Points, at)
	}
	switch {
	case tally[Fails] > 0:
		result.Verdict = Fails
	case tally[Holds] == len(points):
		result.Verdict = Holds
	}
	return result
}

// unknown names the strategies and clients of a rule that the run has none of.
func (r Rule) unknown(all []analysis.PointCells) string {
	var missing []string
	for _, name := range r.strategies {
		if !slices.ContainsFunc(all, func(p analysis.PointCells) bool { return p.Strategy == name }) {
			missing = append(missing, "strategy "+name)
		}
	}
	for _, name := range r.clients {
		if !slices.ContainsFunc(all, func(p analysis.PointCells) bool { return p.Client == name }) {
			missing = append(missing, "client "+name)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return "; it has none of " + words.List(missing)
}

// checkPoint decides one point, with the chances of error allowed for showing
// the rule and for refuting it.
func (r Rule) checkPoint(p analysis.PointCells, show, refute float64) PointResult {
	valid := p.Valid()
	if len(valid) == 0 {
		return PointResult{Needs: "no valid cell: " + p.Rounds[len(p.Rounds)-1].InvalidReason()}
	}
	if r.require.metric.Share != nil {
		return r.checkShare(valid, show, refute)
	}
	return r.checkValue(valid, show, refute)
}

func (r Rule) checkShare(cells []*results.Cell, show, refute float64) PointResult {
	var p PointResult
	for _, c := range cells {
		k, n := r.require.metric.Share(c)
		p.K, p.N = p.K+k, p.N+n
	}
	if p.N <= 0 {
		p.Low, p.High, p.Needs = 0, 1, "nothing was counted"
		return p
	}
	p.Figure = float64(p.K) / float64(p.N)
	p.Low, p.High, p.Verdict = r.decideShare(p.K, p.N, show, refute)
	p.margin = math.Abs(p.High - r.require.threshold)
	if r.require.op.atLeast() {
		p.margin = math.Abs(p.Low - r.require.threshold)
	}
	if p.Verdict == Undecided {
		p.Needs = r.samplesToDecide(p, show, refute)
	}
	return p
}

// decideShare returns the bounds of a share that decide, and the verdict.
func (r Rule) decideShare(k, n int64, show, refute float64) (low, high float64, v Verdict) {
	near, far := &low, &high
	if r.require.op.atLeast() {
		low, _ = stats.Wilson(k, n, upperQuantile(show))
		_, high = stats.Wilson(k, n, upperQuantile(refute))
		high = max(high, exactHigh(k, n, refute))
	} else {
		low, _ = stats.Wilson(k, n, upperQuantile(refute))
		low = min(low, 1-exactHigh(n-k, n, refute))
		_, high = stats.Wilson(k, n, upperQuantile(show))
		near, far = far, near
	}
	switch {
	case r.require.op.holds(cmp.Compare(*near, r.require.threshold)):
		v = Holds
	case !r.require.op.holds(cmp.Compare(*far, r.require.threshold)):
		v = Fails
	}
	return low, high, v
}

// exactHigh is the largest share of which k or fewer of n have more than this chance.
func exactHigh(k, n int64, chance float64) float64 {
	if k >= n {
		return 1
	}
	low, high := float64(k)/float64(n), 1.0
	for range 60 {
		p := (low + high) / 2
		if stats.Binomial(k, n, p) > chance {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// samplesToDecide says how many samples of the same share would decide. The
// Wilson bound of the share p reaches x at n = z² x (1-x) / (p-x)²; the exact
// bound takes some more.
func (r Rule) samplesToDecide(p PointResult, show, refute float64) string {
	x, gap := r.require.threshold, p.Figure-r.require.threshold
	allowed := refute
	if r.require.op.holds(cmp.Compare(p.Figure, x)) {
		allowed = show
	}
	z := upperQuantile(allowed)
	n := max(math.Ceil(z*z*x*(1-x)/(gap*gap)), float64(p.N+1))
	for ; n < 1e9; n = math.Ceil(n * 1.01) {
		if _, _, v := r.decideShare(int64(math.Round(p.Figure*n)), int64(n), show, refute); v != Undecided {
			return fmt.Sprintf("%.0f samples of this share would decide", n)
		}
	}
	return "no number of samples that can be measured decides at this share"
}

func (r Rule) checkValue(cells []*results.Cell, show, refute float64) PointResult {
	var p PointResult
	var values []float64
	for _, c := range cells {
		if v, ok := r.require.metric.Value(c); ok {
			values = append(values, v)
			if r.require.op.holds(cmp.Compare(v, r.require.threshold)) {
				p.K++
			}
		}
	}
	p.N = int64(len(values))
	if p.N == 0 {
		p.Needs = "no round has this figure"
		return p
	}
	slices.Sort(values)
	p.Low, p.High = values[0], values[len(values)-1]
	p.Figure = (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	p.margin = math.Min(math.Abs(p.Low-r.require.threshold), math.Abs(p.High-r.require.threshold))
	wrong := p.N - p.K
	switch {
	case signTest(p.K, p.N, show):
		p.Verdict = Holds
	case signTest(wrong, p.N, refute):
		p.Verdict = Fails
	case p.K >= wrong:
		p.Needs = fmt.Sprintf("at least %d rounds would decide", roundsToDecide(p.K, p.N, show))
	default:
		p.Needs = fmt.Sprintf("at least %d rounds would decide", roundsToDecide(wrong, p.N, refute))
	}
	return p
}

// signTest tells whether k of n rounds on one side of a value are too many for
// a median on its other side, with this chance of error: the upper tail of the
// binomial with one half, which is its lower tail turned round.
func signTest(k, n int64, allowed float64) bool {
	// The sum is a power of one half that logarithms do not hit to the last bit.
	return n > 0 && stats.Binomial(n-k, n, 0.5) <= allowed*(1+1e-9)
}

// roundsToDecide is the least number of rounds that decide when all further
// ones lie on the side of the k of n so far.
func roundsToDecide(k, n int64, allowed float64) int64 {
	more := int64(1)
	for !signTest(k+more, n+more, allowed) {
		more++
	}
	return n + more
}

// upperQuantile is the standard normal quantile that is exceeded with this chance.
func upperQuantile(chance float64) float64 { return math.Sqrt2 * math.Erfcinv(2*chance) }
