// Package compare compares two runs, point by point and metric by metric, and gives
// each a verdict that holds for the comparison as a whole: the probability of any false
// call is at most Options.Alpha.
//
//  1. Runs takes the cells of each point of both runs, the i-th round with the i-th or all
//     of many rounds, and tests each metric.
//  2. The dispersion between rounds widens intervals and weakens tests of shares. Where
//     the rounds are too few to show it, the worst spread on record takes its place.
//  3. The p-values of the gated rows are adjusted together, and so are those of the
//     others. Each row gets its Verdict: only a difference that is significant, as large
//     as the effect of interest and above the noise floor is called worse or better.
//  4. The Comparison is written as text, Markdown, JSON or Go benchmarks, and Gate
//     sums up the verdicts that decide.
package compare

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Verdict is the verdict of a comparison on one metric at one point.
type Verdict int

// The verdicts, the most urgent first.
const (
	Worse        Verdict = iota // significantly worse, by at least the effect of interest
	Unmeasurable                // neither different nor the same: Row.Reason states why
	better                      // significantly better, by at least the effect of interest
	same                        // the whole interval is within the effect of interest
	notJudged                   // the metric has no better direction
)

// verdictNames are the names of verdicts in tables and JSON.
var verdictNames = [...]string{
	Worse: "worse", Unmeasurable: "unmeasurable", better: "better", same: "same", notJudged: "shown",
}

// String returns the name in tables and JSON.
func (v Verdict) String() string { return verdictNames[v] }

// Options states what is compared and what counts as a difference.
type Options struct {
	Metrics []analysis.Metric // in the order of the output; without any the comparison is empty
	// Gate names the metrics whose verdicts decide, see Comparison.Gate.
	Gate []string
	// Alpha is the largest probability of any false call in the whole comparison,
	// between 0 and 1. Intervals have level 1-Alpha, each individually.
	Alpha float64
	// Effect is the smallest difference of a share that matters, 0 to 1.
	Effect float64
	// EffectRatio is the smallest relative difference of a value that matters: 0.1 is
	// 10% more, or the equal distance below on a logarithmic scale.
	EffectRatio float64
	// Rename maps strategies of the base to the names under which they are paired. A
	// strategy of the base that already has such a name is left out.
	Rename map[string]string
	// All makes text and Markdown show every row, not only those that changed.
	All bool
}

// effect returns the effect of interest on the scale of Row.Difference.
func (o Options) effect(m analysis.Metric) float64 {
	if m.Share != nil {
		return o.Effect
	}
	return math.Log1p(o.EffectRatio)
}

// Comparison is the comparison of two runs.
type Comparison struct {
	Base, New *results.Run
	Options   Options
	// Differences are the conditions that differ between the runs and may explain a
	// difference. The values of each are that of BASE and that of NEW.
	Differences []results.Difference
	// Notes state what was left out, and what limits the verdicts.
	Notes []string
	// Rows are ordered by metric, as in the options, then by point.
	Rows []Row

	baseCells, newCells []results.Cell // with renamed strategies, without those left out
}

// Row is one metric at one point.
type Row struct {
	Metric analysis.Metric
	Point  results.Point // with the strategy's new name
	Gated  bool          // whether the metric is in Options.Gate

	Base, New Side
	// Rounds is the number of rounds of the run that has fewer, of those compared. Of two
	// runs with results.RoundGroups valid rounds or more all are compared. Otherwise only
	// those that are valid in both, and OnlyBase and OnlyNew are the numbers of rounds that
	// only one run has.
	Rounds, OnlyBase, OnlyNew int

	// Difference is new - base for a share, log(new/base) for a value.
	Difference Interval
	// Test is the name of the test; empty where nothing could be tested.
	Test string
	// P is the p-value of the test alone, Adjusted that in its family: the tests of all
	// gated rows, or of all others.
	P        float64
	Adjusted stats.Adjusted
	// Dispersion is that of the rounds of a share, unknown for a single round. Borrowed is
	// true for a point with one round that takes the largest dispersion of any other
	// point.
	Dispersion stats.Dispersion
	Borrowed   bool
	// BaseFloor and NewFloor are the noise floors of the runs, on the scale of
	// Difference; negative where a run has no twins.
	BaseFloor, NewFloor float64

	Verdict Verdict
	// Reason states why a row is unmeasurable; empty otherwise.
	Reason string
	// Needed is the approximate number of attempts of each run over all rounds (for a
	// value: of rounds) that would decide an unmeasurable row; 0 where more of them
	// would not.
	Needed int64

	smallest  float64 // the smallest p-value that the test could have had
	chiSquare float64 // statistic of the test of a share
	// family is the number of tests of the row's family, alpha the largest probability of
	// any false call among them.
	family int
	alpha  float64
}

// Interval is an estimate with its bounds, which may be infinite.
type Interval struct{ Value, Low, High float64 }

// Side is what one run measured: a Share, or Values.
type Side struct {
	// Share is the share of the rounds that are compared, with their interval.
	Share  stats.Share
	Values []float64 // one per round
	// Median is the median of Values with a distribution-free interval.
	Median benchmath.Summary
}

// counts returns the number of rows by verdict: of all rows, or of the gated ones only.
func (c *Comparison) counts(gatedOnly bool) (counts [len(verdictNames)]int) {
	for _, r := range c.Rows {
		if r.Gated || !gatedOnly {
			counts[r.Verdict]++
		}
	}
	return counts
}

// Gate returns the verdict of the gated rows together: Worse if any row is worse,
// otherwise Unmeasurable if any row is unmeasurable. Any other verdict means that no
// row is worse.
func (c *Comparison) Gate() Verdict {
	counts := c.counts(true)
	switch {
	case counts[Worse] > 0:
		return Worse
	case counts[Unmeasurable] > 0:
		return Unmeasurable
	}
	return same
}

// Runs compares every metric at every point that either run has. Rows are ordered by
// metric, then by point. It fails where the runs have no common point, and where
// Options.Rename names a strategy that the base does not have or gives two strategies
// one name.
func Runs(base, new *results.Run, o Options) (*Comparison, error) {
	c := &Comparison{Base: base, New: new, Options: o, Differences: results.Differences([]*results.Run{base, new})}
	var err error
	if c.baseCells, err = c.rename(base.Cells); err != nil {
		return nil, err
	}
	c.newCells = c.withoutRenamed(new.Cells)
	baseGroups, newGroups := analysis.Group(c.baseCells), analysis.Group(c.newCells)
	old, now := byPoint(baseGroups), byPoint(newGroups)
	common := 0
	var points []results.Point
	for p := range old {
		points = append(points, p)
		if _, both := now[p]; both {
			common++
		}
	}
	if common == 0 {
		return nil, fmt.Errorf("%s and %s have no point in common: %s--rename OLD=NEW pairs strategies of different names", base.Dir, new.Dir, disjoint(old, now))
	}
	for p := range now {
		if _, both := old[p]; !both {
			points = append(points, p)
		}
	}
	names := new.Manifest.PointOrder()
	slices.SortFunc(points, func(a, b results.Point) int { return results.ComparePoints(&a, &b, names) })

	runs := dispersions{analysis.RunDispersion(baseGroups), analysis.RunDispersion(newGroups), base.Dir == new.Dir}
	baseFloor, newFloor := analysis.Noise(base.Cells), analysis.Noise(new.Cells)
	for _, m := range o.Metrics {
		block := Row{Metric: m, Gated: slices.Contains(o.Gate, m.Name), P: 1, BaseFloor: -1, NewFloor: -1}
		if f, ok := baseFloor.Of(m.Name); ok {
			block.BaseFloor = f
		}
		if f, ok := newFloor.Of(m.Name); ok {
			block.NewFloor = f
		}
		for _, p := range points {
			r := block
			r.Point = p
			r.measure(old[p], now[p], o, runs)
			c.Rows = append(c.Rows, r)
		}
	}
	c.applyDispersion()
	c.decide()
	c.addNotes()
	return c, nil
}

// disjoint names the coordinates of which two runs have no value in common, for the
// beginning of a sentence; empty if there are none.
func disjoint(base, new map[results.Point]analysis.PointCells) string {
	values := func(points map[results.Point]analysis.PointCells, c *results.Coordinate) map[string]bool {
		all := map[string]bool{}
		for p := range points {
			all[cmp.Or(c.TextWithUnit(&p), "none")] = true
		}
		return all
	}
	var parts []string
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		old, now := slices.Sorted(maps.Keys(values(base, c))), slices.Sorted(maps.Keys(values(new, c)))
		if len(old) > 0 && len(now) > 0 && !slices.ContainsFunc(old, func(v string) bool { return slices.Contains(now, v) }) {
			parts = append(parts, fmt.Sprintf("%s is %s in BASE and %s in NEW", c.Name, words.List(old), words.List(now)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + "; "
}

// rename returns the cells of the base with renamed strategies.
func (c *Comparison) rename(cells []results.Cell) ([]results.Cell, error) {
	taken := map[string]bool{}
	for _, old := range slices.Sorted(maps.Keys(c.Options.Rename)) {
		name := c.Options.Rename[old]
		if taken[name] {
			return nil, fmt.Errorf("two strategies would be named %s", name)
		}
		taken[name] = true
		if !slices.ContainsFunc(cells, func(cell results.Cell) bool { return cell.Strategy == old }) {
			return nil, fmt.Errorf("%s has no strategy %s", c.Base.Dir, old)
		}
		c.Notes = append(c.Notes, fmt.Sprintf("%s of BASE is compared as %s", old, name))
	}
	renamed := make([]results.Cell, 0, len(cells))
	left := map[string]bool{}
	for _, cell := range cells {
		if name, ok := c.Options.Rename[cell.Strategy]; ok {
			cell.Strategy = name
		} else if taken[cell.Strategy] {
			left[cell.Strategy] = true
			continue
		}
		renamed = append(renamed, cell)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		c.Notes = append(c.Notes, fmt.Sprintf("%s of BASE is left out: another one of BASE has its name", name))
	}
	return renamed, nil
}

// withoutRenamed leaves out the strategies of the new run that are renamed in the base:
// the base has none of that name to compare them with.
func (c *Comparison) withoutRenamed(cells []results.Cell) []results.Cell {
	renamed, taken := map[string]bool{}, map[string]bool{}
	for old, name := range c.Options.Rename {
		renamed[old], taken[name] = true, true
	}
	return slices.DeleteFunc(slices.Clone(cells), func(cell results.Cell) bool {
		return renamed[cell.Strategy] && !taken[cell.Strategy]
	})
}

// byPoint returns the rounds of each point that has any besides twins.
func byPoint(groups []analysis.PointCells) map[results.Point]analysis.PointCells {
	points := map[results.Point]analysis.PointCells{}
	for _, g := range groups {
		if len(g.Rounds) > 0 {
			points[g.Point] = g
		}
	}
	return points
}

// absent returns why a run has no valid cell of a point; empty where it has one.
func absent(p analysis.PointCells, name, other string) string {
	switch {
	case len(p.Rounds) == 0:
		return "only in " + other
	case len(p.Valid()) > 0:
		return ""
	}
	return fmt.Sprintf("invalid in %s: %s", name, p.Rounds[len(p.Rounds)-1].InvalidReason())
}

// dispersions are the mean dispersions of the delivered shares of two runs.
type dispersions struct {
	base, new stats.Dispersion
	one       bool // the runs are the same run, of which two strategies are compared
}

// compared returns the rounds of a point to compare. Of two runs with enough rounds all
// are: a run with a gate makes as many as its own need, and the first rounds of the longer
// run are not what the whole run is. Otherwise, and for two strategies of one run, whose
// rounds were measured next to each other, they are those that are valid in both, the i-th
// with the i-th.
func compared(base, new analysis.PointCells, oneRun bool) (old, now []*results.Cell, paired bool) {
	old, now = base.Valid(), new.Valid()
	if !oneRun && len(old) >= results.RoundGroups && len(now) >= results.RoundGroups {
		return old, now, false
	}
	old, now = analysis.PairRounds(base.Rounds, new.Rounds)
	return old, now, true
}

// measure sets the figures of the row, or the reason why there are none.
func (r *Row) measure(base, new analysis.PointCells, o Options, runs dispersions) {
	old, now, paired := compared(base, new, runs.one)
	r.Rounds, r.OnlyBase, r.OnlyNew = min(len(old), len(now)), len(base.Valid())-len(old), len(new.Valid())-len(now)
	r.Difference = Interval{math.NaN(), math.Inf(-1), math.Inf(1)}
	if r.Reason = cmp.Or(absent(base, "BASE", "NEW"), absent(new, "NEW", "BASE")); r.Reason == "" && len(old) == 0 {
		r.Reason = "no round is valid in both runs"
	}
	// The figures of one run alone are shown, but not compared.
	if r.Reason != "" {
		old, now = base.Valid(), new.Valid()
	}
	if r.Metric.Share != nil {
		r.measureShare(old, now, paired, runs)
		r.Dispersion = r.dispersion(base, new)
	} else {
		r.measureValues(old, now, o)
	}
}

// measureShare sets the shares of the row and tests them.
func (r *Row) measureShare(old, now []*results.Cell, paired bool, runs dispersions) {
	r.Base.Share, r.New.Share = analysis.PooledShare(r.Metric, old, runs.base), analysis.PooledShare(r.Metric, now, runs.new)
	if r.Reason != "" {
		return
	}
	if r.Reason = missing(r.Base.Share.N == 0, r.New.Share.N == 0, "no attempts to take a share of"); r.Reason != "" {
		return
	}
	test := stats.NewSharesTest(r.strata(old, now, paired))
	r.Test, r.P, r.smallest, r.chiSquare = test.Method, test.P, test.Smallest, test.ChiSquare
	r.Difference.Value = r.New.Share.Value - r.Base.Share.Value
}

// strata returns the counts of a share in each pair of rounds, or those of all rounds
// where they are not paired.
func (r *Row) strata(old, now []*results.Cell, paired bool) []stats.Stratum {
	strata := make([]stats.Stratum, 1)
	if paired {
		strata = make([]stats.Stratum, len(old))
	}
	at := func(i int) *stats.Stratum { return &strata[min(i, len(strata)-1)] }
	for i, c := range old {
		k, n := r.Metric.Share(c)
		at(i).BaseK, at(i).BaseN = at(i).BaseK+k, at(i).BaseN+n
	}
	for i, c := range now {
		k, n := r.Metric.Share(c)
		at(i).NewK, at(i).NewN = at(i).NewK+k, at(i).NewN+n
	}
	return strata
}

// dispersion returns the dispersion of the rounds of a share within each run. Rounds
// that only one run has count as well.
func (r *Row) dispersion(base, new analysis.PointCells) stats.Dispersion {
	var strata []stats.Stratum
	for _, c := range base.Valid() {
		k, n := r.Metric.Share(c)
		strata = append(strata, stats.Stratum{BaseK: k, BaseN: n})
	}
	for _, c := range new.Valid() {
		k, n := r.Metric.Share(c)
		strata = append(strata, stats.Stratum{NewK: k, NewN: n})
	}
	return stats.NewDispersion(strata)
}

// applyDispersion widens the interval and weakens the test of each share by the
// dispersion of its rounds. A point with one round has no dispersion and takes the
// largest of any other point of the metric. Where no point has one, the test assumes
// the worst spread on record, and there is no interval.
func (c *Comparison) applyDispersion() {
	largest := map[string]stats.Dispersion{}
	for _, r := range c.Rows {
		// Shares of 0 or 1 in both runs carry no information on dispersion.
		mixed := func(s stats.Share) bool { return s.K > 0 && s.K < s.N }
		if !mixed(r.Base.Share) && !mixed(r.New.Share) {
			continue
		}
		if d := r.Dispersion; d.DF > 0 && d.Factor() > largest[r.Metric.Name].Phi {
			largest[r.Metric.Name] = stats.Dispersion{Phi: d.Factor(), DF: d.DF}
		}
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		if r.Metric.Share == nil || r.Test == "" {
			continue
		}
		if r.Dispersion.DF == 0 {
			r.Dispersion = largest[r.Metric.Name]
			r.Borrowed = r.Dispersion.DF > 0
		}
		d := r.Dispersion
		r.P = max(r.P, d.PValue(r.chiSquare))
		if r.Rounds < results.LeastRounds {
			r.testFewRounds()
		}
		if r.single() {
			continue
		}
		r.Difference.Low, r.Difference.High = stats.Newcombe(
			d.Effective(r.Base.Share.K), d.Effective(r.Base.Share.N), d.Effective(r.New.Share.K), d.Effective(r.New.Share.N), d.Quantile(c.Options.Alpha))
	}
}

// dispersionOf returns the dispersion of the rounds of one run.
func dispersionOf(m analysis.Metric, rounds []*results.Cell) stats.Dispersion {
	strata := make([]stats.Stratum, len(rounds))
	for i, c := range rounds {
		strata[i].BaseK, strata[i].BaseN = m.Share(c)
	}
	return stats.NewDispersion(strata)
}

// testFewRounds tests the share of one or two rounds under the worst spread on record:
// alone where the rounds have no dispersion. Two rounds estimate theirs so poorly that
// even a collapse would not be significant among many tests. The assumed spread is rarely
// exceeded, so the smaller of two p-values allows hardly more false calls.
func (r *Row) testFewRounds() {
	p, smallest := stats.FewRoundsTest(r.Base.Share.K, r.Base.Share.N, r.New.Share.K, r.New.Share.N)
	switch {
	case r.single():
		r.Test, r.P, r.smallest = fewRounds, p, smallest
	case p < r.P:
		r.Test, r.P, r.smallest = fewRounds, p, min(r.smallest, smallest)
	}
}

// fewRounds is the name of the test of runs with too few rounds to show their spread.
var fewRounds = fmt.Sprintf("beta-binomial, correlation %v", stats.RoundCorrelation)

// measureValues sets the values of the row and tests them.
func (r *Row) measureValues(old, now []*results.Cell, o Options) {
	r.Base, r.New = newSide(r.Metric, old, o.Alpha), newSide(r.Metric, now, o.Alpha)
	if r.Reason != "" {
		return
	}
	if r.Reason = missing(len(r.Base.Values) == 0, len(r.New.Values) == 0, "no figure on record"); r.Reason != "" {
		return
	}
	base, new := stats.GroupValues(r.Base.Values, r.New.Values)
	test := stats.NewRatioTest(base, new, o.Alpha)
	r.Test, r.P, r.smallest = "Mann-Whitney", test.P, test.Smallest
	r.Difference = Interval{test.LogRatio, test.Low, test.High}
}

func newSide(m analysis.Metric, cells []*results.Cell, alpha float64) (s Side) {
	for _, c := range cells {
		if v, ok := m.Value(c); ok && v >= 0 {
			s.Values = append(s.Values, v)
		}
	}
	if len(s.Values) > 0 {
		t := benchmath.DefaultThresholds
		s.Median = benchmath.AssumeNothing.Summary(benchmath.NewSample(slices.Clone(s.Values), &t), 1-alpha)
	}
	return s
}

// missing states which run lacks something; empty if neither does.
func missing(base, new bool, what string) string {
	switch {
	case base && new:
		return what + " in either run"
	case base:
		return what + " in BASE"
	case new:
		return what + " in NEW"
	}
	return ""
}

// oneRoundNote is the note on shares of one round.
const oneRoundNote = "one round does not show how much rounds differ: only a difference beyond the worst spread on record, such as 100% to 0%, is called, and none is the same; give both runs --rounds 3 or more"

// addNotes adds what a reader has to know about the rows together.
func (c *Comparison) addNotes() {
	var onlyBase, onlyNew, single, borrowed int
	seen := map[results.Point]bool{}
	for _, r := range c.Rows {
		if !seen[r.Point] {
			seen[r.Point] = true
			if r.Rounds > 0 {
				onlyBase, onlyNew = onlyBase+r.OnlyBase, onlyNew+r.OnlyNew
			}
		}
		switch {
		case r.single():
			single++
		case r.Borrowed:
			borrowed++
		}
	}
	if onlyBase+onlyNew > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("valid rounds that only one run has are left out: %d of BASE, %d of NEW", onlyBase, onlyNew))
	}
	if single > 0 {
		c.Notes = append(c.Notes, oneRoundNote)
	}
	if borrowed > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%s with one round: the dispersion is the largest of any other point", words.Plural(borrowed, "row")))
	}
	for _, run := range []struct {
		name string
		m    results.Manifest
	}{{"BASE", c.Base.Manifest}, {"NEW", c.New.Manifest}} {
		if run.m.Interrupted {
			c.Notes = append(c.Notes, run.name+" was interrupted before its plan was complete")
		}
	}
}
