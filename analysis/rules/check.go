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
	confidence          float64 // of a verdict, 0.5 to below 1, or noConfidence
	missing             missing
}

// noConfidence is the confidence of a rule on the measured figure itself, which is
// compared without an interval.
const noConfidence = 0

// plain reports whether the rule is on the measured figure itself.
func (r Rule) plain() bool { return r.confidence == noConfidence }

// missing is what a rule says where a figure does not exist: where no point of the run
// matches, or where a point has nothing to compute the figure from.
type missing int

const (
	openMissing missing = iota // it does not apply, and the check stays undecided
	skipMissing                // it does not apply, and the others decide
	failMissing                // it fails
)

// verdict returns the verdict on a figure that does not exist.
func (m missing) verdict() Verdict {
	if m == failMissing {
		return Fails
	}
	return notApplicable
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
	notApplicable // the figure does not exist
)

var verdictNames = [...]string{undecided: "undecided", Holds: "holds", Fails: "fails", notApplicable: "does not apply"}

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
	// of points. They are not numbers with fewer than results.LeastRounds rounds, and
	// for a rule without confidence. For a value, Low and High are the smallest and
	// largest round.
	Low, High float64
	Needs     string // why the point is undecided, and what would decide
	margin    float64
	rounds    int // with attempts, of a share
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
// allowed. Counts are divided by the dispersion of the rounds (stats.Dispersion),
// and bounds then use Student's quantile.
//
// Fewer than results.LeastRounds rounds show no dispersion. They decide only what the
// worst spread on record cannot explain (stats.FewRoundsTail): 0 of 100 fails a rule
// of at least 95%, and 100 of 100 leaves it undecided. A rule with the confidence
// none compares the measured figure itself.
//
// A figure that does not exist fails the rule or leaves it not applicable, as the rule
// says.
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
// undecided or does not apply without being allowed to, else Holds. It is undecided if
// no rule applies, and Holds without any rule.
func Overall(found []Result) Verdict {
	all := Holds
	skipped := 0
	for _, r := range found {
		switch r.Verdict {
		case Fails:
			return Fails
		case undecided:
			all = undecided
		case notApplicable:
			if skipped++; r.Rule.missing != skipMissing {
				all = undecided
			}
		}
	}
	if skipped > 0 && skipped == len(found) {
		return undecided
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
		result.Verdict = r.missing.verdict()
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
	if r.missing == skipMissing {
		tally[Holds] += tally[notApplicable]
	}
	switch {
	case tally[Fails] > 0:
		result.Verdict = Fails
	case tally[notApplicable] == len(points):
		result.Verdict = notApplicable
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
	var strata []stats.Stratum
	for _, c := range cells {
		if k, n := r.require.metric.Share(c); n > 0 {
			strata = append(strata, stats.Stratum{BaseK: k, BaseN: n})
			p.K, p.N = p.K+min(k, n), p.N+n
		}
	}
	p.Low, p.High, p.rounds = math.NaN(), math.NaN(), len(strata)
	if p.N == 0 {
		p.Verdict, p.Needs = r.missing.verdict(), "no samples"
		return p
	}
	p.Figure = float64(p.K) / float64(p.N)
	p.margin = math.Abs(p.Figure - r.require.threshold)
	switch {
	case r.plain():
		p.Verdict = r.decidePlain(p.Figure)
		return p
	case p.rounds < results.LeastRounds:
		p.Verdict = r.decideFewRounds(p.K, p.N, holdAlpha, failAlpha)
		if p.Verdict == undecided {
			p.Needs = r.roundsToTell(p, holdAlpha, failAlpha)
		}
		return p
	}
	d := stats.NewDispersion(strata)
	p.Low, p.High, p.Verdict = r.decideShare(p.K, p.N, d, holdAlpha, failAlpha)
	p.margin = math.Abs(p.High - r.require.threshold)
	if r.require.op.atLeast() {
		p.margin = math.Abs(p.Low - r.require.threshold)
	}
	if p.Verdict == undecided {
		p.Needs = "no practical number of samples would decide at this share"
		if n := r.samplesToDecide(p, d, holdAlpha, failAlpha); n > 0 {
			p.Needs = fmt.Sprintf("%d samples with this share would decide", n)
		}
	}
	return p
}

// decidePlain compares a measured figure itself with the threshold.
func (r Rule) decidePlain(figure float64) Verdict {
	if r.require.op.holds(cmp.Compare(figure, r.require.threshold)) {
		return Holds
	}
	return Fails
}

// decideFewRounds returns the verdict on a share whose rounds show no dispersion. Only
// a share that is improbable under the worst spread on record decides, if the long-run
// share is the threshold.
func (r Rule) decideFewRounds(k, n int64, holdAlpha, failAlpha float64) Verdict {
	x := r.require.threshold
	if !r.require.op.atLeast() {
		k, x = n-k, 1-x
	}
	switch {
	case stats.FewRoundsTail(n-k, n, 1-x) <= holdAlpha:
		return Holds
	case stats.FewRoundsTail(k, n, x) <= failAlpha:
		return Fails
	}
	return undecided
}

// roundsToTell says how many rounds could decide, if their attempts are independent and
// have the same share.
func (r Rule) roundsToTell(p PointResult, holdAlpha, failAlpha float64) string {
	each := p.N / int64(p.rounds)
	n := r.samplesToDecide(p, stats.Dispersion{}, holdAlpha, failAlpha)
	if n == 0 {
		return "no practical number of rounds would decide at this share"
	}
	rounds := max((n+each-1)/each, results.LeastRounds)
	return fmt.Sprintf("%s: the spread between rounds is unknown; %d rounds of %d could decide", words.Plural(p.rounds, "round"), rounds, each)
}

// decideShare returns the one-sided bounds of a share whose rounds have the dispersion
// d, and the verdict.
func (r Rule) decideShare(k, n int64, d stats.Dispersion, holdAlpha, failAlpha float64) (low, high float64, v Verdict) {
	near, far := &low, &high
	if r.require.op.atLeast() {
		low, _ = results.Wilson(d.Effective(k), d.Effective(n), d.Quantile(2*holdAlpha))
		_, high = results.Wilson(d.Effective(k), d.Effective(n), d.Quantile(2*failAlpha))
		k, n := whole(k, n, d)
		high = max(high, stats.ClopperPearsonHigh(k, n, failAlpha))
	} else {
		low, _ = results.Wilson(d.Effective(k), d.Effective(n), d.Quantile(2*failAlpha))
		_, high = results.Wilson(d.Effective(k), d.Effective(n), d.Quantile(2*holdAlpha))
		lost, n := whole(n-k, n, d)
		low = min(low, stats.ClopperPearsonLow(n-lost, n, failAlpha))
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

// whole returns whole numbers of independent attempts that k of n attempts are worth,
// rounded so that the upper bound of the share is not lower for it.
func whole(k, n int64, d stats.Dispersion) (wholeK, wholeN int64) {
	wholeN = max(int64(d.Effective(n)), 1)
	return min(int64(math.Ceil(float64(k)/float64(n)*float64(wholeN)-1e-9)), wholeN), wholeN
}

// samplesToDecide returns how many samples with the same share and dispersion would
// decide; 0 where no practical number would. It starts from n = z² x (1-x) / (p-x)²,
// where the Wilson bound of the share p reaches the threshold x. The exact bound takes a
// few more.
func (r Rule) samplesToDecide(p PointResult, d stats.Dispersion, holdAlpha, failAlpha float64) int64 {
	x, gap := r.require.threshold, p.Figure-r.require.threshold
	alpha := failAlpha
	if r.require.op.holds(cmp.Compare(p.Figure, x)) {
		alpha = holdAlpha
	}
	z := d.Quantile(2 * alpha)
	n := max(math.Ceil(z*z*x*(1-x)/(gap*gap)*d.Factor()), float64(p.N+1))
	for ; n < 1e9; n = math.Ceil(n * 1.01) {
		if _, _, v := r.decideShare(int64(math.Round(p.Figure*n)), int64(n), d, holdAlpha, failAlpha); v != undecided {
			return int64(n)
		}
	}
	return 0
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
		p.Verdict, p.Needs = r.missing.verdict(), "no round has a value of this metric"
		return p
	}
	slices.Sort(values)
	p.Low, p.High = values[0], values[len(values)-1]
	p.Figure = stats.Median(values)
	p.margin = math.Min(math.Abs(p.Low-r.require.threshold), math.Abs(p.High-r.require.threshold))
	wrong := p.N - p.K
	switch {
	case r.plain():
		p.Verdict = r.decidePlain(p.Figure)
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
