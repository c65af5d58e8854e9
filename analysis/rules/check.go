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

// Rule is a claim about the points of a run. Rules come from Load.
type Rule struct {
	Name string // from the file, or the rule's text
	Line int    // in its file, from 1

	strategies, clients []string    // none means all
	where               []condition // joined by "and"
	require             requirement
	confidence          float64 // of a verdict, 0.5 to below 1
}

// describe writes the rule as text: its name where the file gives none.
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

// matches reports whether the rule applies to a point.
func (r Rule) matches(p *results.Point) bool {
	if len(r.strategies) > 0 && !slices.Contains(r.strategies, p.Strategy) ||
		len(r.clients) > 0 && !slices.Contains(r.clients, p.Client) {
		return false
	}
	return !slices.ContainsFunc(r.where, func(w condition) bool { return !w.matches(p) })
}

// Verdict is the result of checking a rule. The zero value is undecided.
type Verdict int

// The verdicts.
const (
	undecided Verdict = iota // the samples show neither
	Holds
	Fails
)

var verdictNames = [...]string{undecided: "undecided", Holds: "holds", Fails: "fails"}

// String returns the verdict's name in tables and JSON.
func (v Verdict) String() string { return verdictNames[v] }

// MarshalText writes the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Result is the verdict on one rule, with its evidence.
type Result struct {
	Rule    Rule
	Verdict Verdict
	Reason  string // why the rule is undecided; empty where Points give the reasons
	Points  []PointResult
}

// PointResult is the verdict on one rule at one point.
type PointResult struct {
	Point   results.Point
	Verdict Verdict
	// N is the number of samples: attempts for a share, rounds for a value. K of
	// them count: for a share those with the outcome, for a value those on the
	// required side.
	K, N int64
	// Figure is the share, or the median of the rounds in the metric's unit. It is
	// not known when N is 0.
	Figure float64
	// Low and High are the one-sided bounds of a share. The bound on the required
	// side is at the rule's confidence. The other one is corrected for the number
	// of points. For a value, Low and High are the smallest and largest round.
	Low, High float64
	Needs     string // why the point is undecided, and what would decide
	margin    float64
}

// Check checks rules against the cells of a run. It ignores invalid cells and twins.
//
// A rule on a share holds at a point when the one-sided Wilson bound at the
// rule's confidence is on the required side. It fails when the opposite bound
// is on the other side. The opposite bound is the wider of Wilson's and the
// exact one of Clopper and Pearson. Wilson's alone is not enough: a corrected
// level lies far out in the tail, and near 0 and 1 that tail is longer than the
// normal distribution's. Of 1000 attempts at 99.9%, one of a hundred points,
// Wilson's bound alone would refute a true rule seven times as often as
// allowed. Attempts count as independent.
//
// A rule on a value takes rounds as samples. It holds or fails by the one-sided
// sign test on their median, which assumes no distribution. n rounds all on one
// side decide when 0.5^n is at most 1 - confidence: 5 rounds at 95%.
//
// A rule over m points claims something about all of them. It holds when it
// holds at every point. This intersection-union test needs no correction,
// because every part of the claim was shown. The rule fails when it fails for one
// point. That is m chances of an error, so each gets 1/m of the allowed error
// (Bonferroni).
//
// Sources: Wilson (see stats.Wilson); Clopper and Pearson (see
// stats.ClopperPearsonHigh); R. L. Berger, "Multiparameter hypothesis testing
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

// Overall combines verdicts: Fails if any rule fails, else undecided if any is
// undecided, else Holds. It is Holds without any rule.
func Overall(found []Result) Verdict {
	all := Holds
	for _, r := range found {
		if r.Verdict == Fails {
			return Fails
		}
		if r.Verdict == undecided {
			all = undecided
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
		result.Reason = "no point of the run matches this rule" + r.unknown(all)
		return result
	}
	holdAlpha := 1 - r.confidence
	failAlpha := holdAlpha / float64(len(points))
	var tally [len(verdictNames)]int
	for _, p := range points {
		at := r.checkPoint(p, holdAlpha, failAlpha)
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

// unknown names the rule's strategies and clients that the run does not have.
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
	return "; the run does not have " + words.List(missing)
}

// checkPoint decides one point. holdAlpha and failAlpha are the allowed chances
// of a wrong Holds and of a wrong Fails.
func (r Rule) checkPoint(p analysis.PointCells, holdAlpha, failAlpha float64) PointResult {
	valid := p.Valid()
	if len(valid) == 0 {
		return PointResult{Needs: "no valid cell: " + p.Rounds[len(p.Rounds)-1].InvalidReason()}
	}
	if r.require.metric.Share != nil {
		return r.checkShare(valid, holdAlpha, failAlpha)
	}
	return r.checkValue(valid, holdAlpha, failAlpha)
}

func (r Rule) checkShare(cells []*results.Cell, holdAlpha, failAlpha float64) PointResult {
	var p PointResult
	share := analysis.PooledShare(r.require.metric, cells)
	p.K, p.N, p.Figure = share.K, share.N, share.Value
	if !share.Known() {
		p.Low, p.High, p.Needs = 0, 1, "no samples"
		return p
	}
	p.Low, p.High, p.Verdict = r.decideShare(p.K, p.N, holdAlpha, failAlpha)
	p.margin = math.Abs(p.High - r.require.threshold)
	if r.require.op.atLeast() {
		p.margin = math.Abs(p.Low - r.require.threshold)
	}
	if p.Verdict == undecided {
		p.Needs = r.samplesToDecide(p, holdAlpha, failAlpha)
	}
	return p
}

// decideShare returns the one-sided bounds of a share and the verdict.
func (r Rule) decideShare(k, n int64, holdAlpha, failAlpha float64) (low, high float64, v Verdict) {
	near, far := &low, &high
	if r.require.op.atLeast() {
		low, _ = stats.Wilson(k, n, -stats.NormalQuantile(holdAlpha))
		_, high = stats.Wilson(k, n, -stats.NormalQuantile(failAlpha))
		high = max(high, stats.ClopperPearsonHigh(k, n, failAlpha))
	} else {
		low, _ = stats.Wilson(k, n, -stats.NormalQuantile(failAlpha))
		low = min(low, stats.ClopperPearsonLow(k, n, failAlpha))
		_, high = stats.Wilson(k, n, -stats.NormalQuantile(holdAlpha))
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

// samplesToDecide says how many samples with the same share would decide. It starts
// from n = z² x (1-x) / (p-x)², where the Wilson bound of the share p reaches the
// threshold x. The exact bound takes a few more.
func (r Rule) samplesToDecide(p PointResult, holdAlpha, failAlpha float64) string {
	x, gap := r.require.threshold, p.Figure-r.require.threshold
	alpha := failAlpha
	if r.require.op.holds(cmp.Compare(p.Figure, x)) {
		alpha = holdAlpha
	}
	z := stats.NormalQuantile(alpha)
	n := max(math.Ceil(z*z*x*(1-x)/(gap*gap)), float64(p.N+1))
	for ; n < 1e9; n = math.Ceil(n * 1.01) {
		if _, _, v := r.decideShare(int64(math.Round(p.Figure*n)), int64(n), holdAlpha, failAlpha); v != undecided {
			return fmt.Sprintf("%.0f samples with this share would decide", n)
		}
	}
	return "no practical number of samples would decide at this share"
}

func (r Rule) checkValue(cells []*results.Cell, holdAlpha, failAlpha float64) PointResult {
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
		p.Needs = "no round has a value of this metric"
		return p
	}
	slices.Sort(values)
	p.Low, p.High = values[0], values[len(values)-1]
	p.Figure = stats.Median(values)
	p.margin = math.Min(math.Abs(p.Low-r.require.threshold), math.Abs(p.High-r.require.threshold))
	wrong := p.N - p.K
	switch {
	case signTest(p.K, p.N, holdAlpha):
		p.Verdict = Holds
	case signTest(wrong, p.N, failAlpha):
		p.Verdict = Fails
	case p.K >= wrong:
		p.Needs = fmt.Sprintf("at least %d rounds would decide", roundsToDecide(p.K, p.N, holdAlpha))
	default:
		p.Needs = fmt.Sprintf("at least %d rounds would decide", roundsToDecide(wrong, p.N, failAlpha))
	}
	return p
}

// signTest reports whether k of n rounds on one side of a threshold show that the
// median is on that side, with an error probability of at most alpha. It takes the
// upper tail of the binomial with p = 1/2, which equals its lower tail.
func signTest(k, n int64, alpha float64) bool {
	// The tail of n of n is a power of 1/2. Logarithms miss its last bits.
	return n > 0 && stats.Binomial(n-k, n, 0.5) <= alpha*(1+1e-9)
}

// roundsToDecide is the smallest number of rounds that decides if every further
// round is on the side that k of n rounds are on.
func roundsToDecide(k, n int64, alpha float64) int64 {
	more := int64(1)
	for !signTest(k+more, n+more, alpha) {
		more++
	}
	return n + more
}
