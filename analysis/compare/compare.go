package compare

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Verdict is what a comparison says of one metric at one point.
type Verdict int

// The verdicts, the most urgent first.
const (
	Worse        Verdict = iota // surely worse, by the effect of interest at least
	Unmeasurable                // neither told apart nor the same: Row.Reason says why
	Better                      // surely better, by the effect of interest at least
	Same                        // the whole interval is smaller than the effect of interest
	NotJudged                   // a metric without a direction: never judged
)

// Verdicts names each, in the order of the constants, with the count's wording
// of a summary.
var Verdicts = [...]results.Term{
	Worse:        {Name: "worse", Summary: "surely worse, and by the effect of interest at least"},
	Unmeasurable: {Name: "unmeasurable", Summary: "neither told apart nor the same, for the reason given"},
	Better:       {Name: "better", Summary: "surely better, and by the effect of interest at least"},
	Same:         {Name: "same", Summary: "the whole interval lies within the effect of interest"},
	NotJudged:    {Name: "shown", Summary: "the metric has no better direction"},
}

func (v Verdict) String() string { return Verdicts[v].Name }

// Options says what is compared and what counts as a difference.
type Options struct {
	Metrics []analysis.Metric // in the order they are shown; none is an empty comparison
	// Gate names the metrics whose verdicts decide; see Comparison.Gate.
	Gate []string
	// Alpha is the highest probability of any false call in the whole comparison,
	// within 0 and 1. Intervals are of level 1-Alpha, each for itself.
	Alpha float64
	// Effect is the smallest difference of a share that matters, 0 to 1.
	Effect float64
	// EffectRatio is the smallest relative difference of a value that matters:
	// 0.1 is a tenth more, or as much less on a logarithmic scale.
	EffectRatio float64
	// Rename has strategies of the base take another name before points are
	// paired. A strategy that had that name and keeps it is left out.
	Rename map[string]string
}

// effect is the smallest difference of interest on the metric's own scale.
func (o Options) effect(m analysis.Metric) float64 {
	if m.Share != nil {
		return o.Effect
	}
	return math.Log1p(o.EffectRatio)
}

// Comparison is two runs compared, point by point and metric by metric.
type Comparison struct {
	Base, New *results.Run
	Options   Options
	// Differences are the conditions that the runs do not share.
	Differences []Mismatch
	// Notes say what was left out, and what there was nothing to guard with.
	Notes []string
	// Rows are ordered by metric, as in the options, then by point.
	Rows []Row

	baseCells, newCells []results.Cell // under the names they are compared by
}

// Row is one metric at one point.
type Row struct {
	Metric analysis.Metric
	Point  results.Point // the base's strategy has its new name
	Gated  bool

	Base, New Side
	// Rounds is the number of rounds that both runs have, which alone are compared;
	// BaseRounds and NewRounds are those that only one has, which are left out.
	Rounds, BaseRounds, NewRounds int

	// Difference is of shares, new less base, or the log of the ratio of values.
	Difference Interval
	// Test names the test, empty where there was nothing to test.
	Test string
	// P is the test's own p-value, Adjusted that in the family of all tests.
	P        float64
	Adjusted stats.Adjusted
	// Dispersion is of a share's rounds. Borrowed tells that the point has one
	// round, and that it is the largest of any other point.
	Dispersion stats.Dispersion
	Borrowed   bool
	// BaseFloor and NewFloor are what twin cells of a run differ by, on the scale
	// of Difference; negative where a run has none.
	BaseFloor, NewFloor float64

	Verdict Verdict
	// Reason says why a row is unmeasurable, in words; empty otherwise.
	Reason string
	// Needed is about the number of attempts of each run, over all rounds, or of
	// rounds for a value, that would settle an unmeasurable row; 0 where more of
	// the same would not.
	Needed int64

	smallest  float64 // the smallest p-value the test could have had
	chiSquare float64 // of a share's test
}

// Interval is an estimate with its bounds, which may be infinite.
type Interval struct{ Value, Low, High float64 }

// Side is what one run measured: a Share, or Values, one a round.
type Side struct {
	Share  stats.Share
	Values []float64
	// Median summarises Values, with a distribution-free interval.
	Median benchmath.Summary
}

// Counts returns how many rows have each verdict, of the gated ones alone or of all.
func (c *Comparison) Counts(gatedOnly bool) (counts [len(Verdicts)]int) {
	for _, r := range c.Rows {
		if r.Gated || !gatedOnly {
			counts[r.Verdict]++
		}
	}
	return counts
}

// Gate is the verdict of the gated rows together: Worse if any is, else
// Unmeasurable if any is, else Same, which here means that nothing is worse.
func (c *Comparison) Gate() Verdict {
	counts := c.Counts(true)
	switch {
	case counts[Worse] > 0:
		return Worse
	case counts[Unmeasurable] > 0:
		return Unmeasurable
	}
	return Same
}

// NothingInCommonError says that two runs share no point.
type NothingInCommonError struct{ Base, New string }

func (e *NothingInCommonError) Error() string {
	return fmt.Sprintf("%s and %s have no point in common: --rename OLD=NEW pairs strategies of different names", e.Base, e.New)
}

// Runs pairs the cells of two runs by point and round and judges every
// metric of every point that either run has. It fails where the runs have no
// point in common, and where the base has no strategy that is to be renamed.
func Runs(base, new *results.Run, o Options) (*Comparison, error) {
	c := &Comparison{Base: base, New: new, Options: o, Differences: differences(base, new)}
	var err error
	if c.baseCells, err = c.rename(base.Cells); err != nil {
		return nil, err
	}
	c.newCells = c.others(new.Cells)
	old, now := byPoint(c.baseCells), byPoint(c.newCells)
	common := 0
	var points []results.Point
	for p := range old {
		points = append(points, p)
		if _, both := now[p]; both {
			common++
		}
	}
	if common == 0 {
		return nil, &NothingInCommonError{base.Dir, new.Dir}
	}
	for p := range now {
		if _, both := old[p]; !both {
			points = append(points, p)
		}
	}
	names := new.Manifest.PointOrder()
	slices.SortFunc(points, func(a, b results.Point) int { return results.ComparePoints(&a, &b, names) })

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
			r.measure(old[p], now[p], o)
			c.Rows = append(c.Rows, r)
		}
	}
	c.disperse()
	c.judge()
	c.note()
	return c, nil
}

// rename gives the base's strategies the names they are to be compared under.
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
		c.Notes = append(c.Notes, fmt.Sprintf("%s of BASE is left out: its name is taken", name))
	}
	return renamed, nil
}

// others leaves out the new run's strategies that are renamed in the base: their
// counterparts are compared under another name.
func (c *Comparison) others(cells []results.Cell) []results.Cell {
	renamed, taken := map[string]bool{}, map[string]bool{}
	for old, name := range c.Options.Rename {
		renamed[old], taken[name] = true, true
	}
	return slices.DeleteFunc(slices.Clone(cells), func(cell results.Cell) bool {
		return renamed[cell.Strategy] && !taken[cell.Strategy]
	})
}

// byPoint has the rounds of each point that is not only measured by twins.
func byPoint(cells []results.Cell) map[results.Point]analysis.PointCells {
	points := map[results.Point]analysis.PointCells{}
	for _, g := range analysis.Group(cells) {
		if len(g.Rounds) > 0 {
			points[g.Point] = g
		}
	}
	return points
}

// absent says why a run has no valid cell of a point, or nothing.
func absent(p analysis.PointCells, name, other string) string {
	switch {
	case len(p.Rounds) == 0:
		return "only in " + other
	case len(p.Valid()) > 0:
		return ""
	}
	return fmt.Sprintf("invalid in %s: %s", name, p.Rounds[len(p.Rounds)-1].InvalidReason())
}

// measure fills in what the cells say, or the reason why they say nothing.
func (r *Row) measure(base, new analysis.PointCells, o Options) {
	old, now := analysis.PairRounds(base.Rounds, new.Rounds)
	r.Rounds, r.BaseRounds, r.NewRounds = len(old), len(base.Valid())-len(old), len(new.Valid())-len(now)
	r.Difference = Interval{math.NaN(), math.Inf(-1), math.Inf(1)}
	if r.Reason = cmp.Or(absent(base, "BASE", "NEW"), absent(new, "NEW", "BASE")); r.Reason == "" && len(old) == 0 {
		r.Reason = "no round is valid in both runs"
	}
	// What one run alone measured is shown, but not compared.
	if r.Reason != "" {
		old, now = base.Valid(), new.Valid()
	}
	if r.Metric.Share != nil {
		r.measureShare(old, now)
		r.Dispersion = r.dispersion(base, new)
	} else {
		r.measureValues(old, now, o)
	}
}

func (r *Row) measureShare(old, now []*results.Cell) {
	var baseK, baseN, newK, newN int64
	for _, c := range old {
		k, n := r.Metric.Share(c)
		baseK, baseN = baseK+k, baseN+n
	}
	for _, c := range now {
		k, n := r.Metric.Share(c)
		newK, newN = newK+k, newN+n
	}
	r.Base.Share, r.New.Share = stats.NewShare(baseK, baseN), stats.NewShare(newK, newN)
	if r.Reason != "" {
		return
	}
	if r.Reason = nothing(baseN == 0, newN == 0, "nothing to take a share of"); r.Reason != "" {
		return
	}
	strata := make([]stats.Stratum, len(old))
	for i := range old {
		strata[i].BaseK, strata[i].BaseN = r.Metric.Share(old[i])
		strata[i].NewK, strata[i].NewN = r.Metric.Share(now[i])
	}
	test := stats.NewSharesTest(strata)
	r.Test, r.P, r.smallest, r.chiSquare = test.Method, test.P, test.Smallest, test.ChiSquare
	r.Difference.Value = r.New.Share.Value - r.Base.Share.Value
}

// dispersion is that of a share's rounds within each run, of which those that
// only one run has tell as much as the others.
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

// disperse has the dispersion of each share's rounds widen its interval and
// weaken its test. A point of one round has none of its own: it takes the
// largest that any other point of the metric has.
func (c *Comparison) disperse() {
	largest := map[string]stats.Dispersion{}
	for _, r := range c.Rows {
		// All or nothing in every round tells no dispersion.
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
		r.Difference.Low, r.Difference.High = stats.Newcombe(
			d.Effective(r.Base.Share.K), d.Effective(r.Base.Share.N), d.Effective(r.New.Share.K), d.Effective(r.New.Share.N), d.Quantile(c.Options.Alpha))
	}
}

func (r *Row) measureValues(old, now []*results.Cell, o Options) {
	r.Base, r.New = newSide(r.Metric, old, o.Alpha), newSide(r.Metric, now, o.Alpha)
	if r.Reason != "" {
		return
	}
	if r.Reason = nothing(len(r.Base.Values) == 0, len(r.New.Values) == 0, "no figure on record"); r.Reason != "" {
		return
	}
	test := stats.NewRatioTest(r.Base.Values, r.New.Values, o.Alpha)
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

// nothing says which run has nothing of something.
func nothing(base, new bool, what string) string {
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

// note adds what a reader has to know of the rows together.
func (c *Comparison) note() {
	var baseRounds, newRounds, single, borrowed int
	seen := map[results.Point]bool{}
	for _, r := range c.Rows {
		if !seen[r.Point] {
			seen[r.Point] = true
			if r.Rounds > 0 {
				baseRounds, newRounds = baseRounds+r.BaseRounds, newRounds+r.NewRounds
			}
		}
		switch {
		case r.single():
			single++
		case r.Borrowed:
			borrowed++
		}
	}
	if baseRounds+newRounds > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("valid rounds that only one run has are left out: %d of BASE, %d of NEW", baseRounds, newRounds))
	}
	if single > 0 {
		c.Notes = append(c.Notes, "one round: nothing tells what rounds differ by, so no share is called better or worse, and one that is the same is so if attempts are independent; give both runs --rounds 3 or more")
	}
	if borrowed > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("%s with one round: rounds are taken to differ as much as at the point where they differ most", words.Plural(borrowed, "row")))
	}
	for _, run := range []struct {
		name string
		m    results.Manifest
	}{{"BASE", c.Base.Manifest}, {"NEW", c.New.Manifest}} {
		if run.m.Interrupted {
			c.Notes = append(c.Notes, run.name+" was interrupted before its plan was done")
		}
	}
}
