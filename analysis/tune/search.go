package tune

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Phase is the purpose for which a value of a setting is measured. Evidence of one
// phase is never used in another.
type Phase string

// The phases of a search.
const (
	searching  Phase = "search"  // on the way to the cheapest value
	confirming Phase = "confirm" // fresh cells, which the answer rests on
	halving    Phase = "half"    // fresh cells of half the cheapest value, or twice where more is cheaper
	Verifying  Phase = "verify"  // cells of one configuration, which was not searched for
)

// Verdict is what the evidence of one phase says of a value.
type Verdict string

// The verdicts.
const (
	meets     Verdict = "meets"     // shown, at the confidence
	passes    Verdict = "passes"    // not rejected, not shown
	misses    Verdict = "misses"    // rejected
	undecided Verdict = "undecided" // none of these within the attempts planned for it
	// unconfirmed is not rejected, but so many answers were lost that the attempts
	// planned for the confirmation cannot show that the goal is reached.
	unconfirmed Verdict = "not confirmed"
)

// fails tells whether a verdict keeps a value from being the answer.
func (v Verdict) fails() bool { return v == misses || v == unconfirmed }

// Judgement is what is known of one value in one phase.
type Judgement struct {
	Value   int64
	Phase   Phase
	Verdict Verdict // of the worst corner
	// Corners are the corners that were measured. A value that misses the goal in one
	// corner may not be measured in others.
	Corners []CornerJudgement
}

// CornerJudgement is what is known of a value in one corner.
type CornerJudgement struct {
	Corner   int
	Verdict  Verdict
	Evidence Evidence // all of the phase
}

// Worst returns the corner that decides: one that misses the goal, or else the one
// with the smallest delivered share; the zero value where nothing was measured.
func (j *Judgement) Worst() (worst CornerJudgement) {
	for i, c := range j.Corners {
		miss, before := c.Verdict.fails(), worst.Verdict.fails()
		if i == 0 || miss && !before || miss == before && c.Evidence.share() < worst.Evidence.share() {
			worst = c
		}
	}
	return worst
}

// corner returns the judgement of one corner alone.
func (j Judgement) corner(c CornerJudgement) Judgement {
	j.Verdict, j.Corners = c.Verdict, []CornerJudgement{c}
	return j
}

// Found is the result of a search.
type Found struct {
	// Edge is the cheapest value that no measurement of the search ruled out. Chosen is
	// that value with the margin, and confirmed. Half is half of Edge, nil where that is
	// outside of the range. Edge and Chosen are nil where nothing was confirmed.
	Edge, Chosen, Half *Judgement
	Trail              []Judgement // all, in order
}

// Measure returns fresh evidence of about n rejections of a value in a corner.
type Measure func(ctx context.Context, value int64, corner int, phase Phase, n int64) (Evidence, error)

// Search looks for the cheapest value of a setting that reaches a goal in all corners
// of a range of conditions. It assumes that a dearer value never reaches less. Where
// that is wrong it costs attempts, but an answer is always confirmed.
type Search struct {
	Goal    Goal
	Values  []int64                     // from the cheapest to the dearest
	Start   int64                       // the value to begin at
	Half    func(v int64) (int64, bool) // the value that has to miss; false outside of the range
	Margin  func(v int64) int64         // the value to confirm where v is the cheapest that passes; nil is v
	Weights []float64                   // of the clients in the mix
	Corners int                         // number of corners, hardest first as far as known; 0 is 1
	First   int64                       // attempts of the first look at a value
	Batch   int64                       // most attempts between two looks
	Looked  func(Judgement)             // called after every look with the corner that was measured; may be nil
	Measure Measure
}

// ErrNothingRejected ends a search in which cell after cell rejects nothing.
var ErrNothingRejected = errors.New("nothing was rejected, so no share is known: give a smaller limit or more clients")

const (
	// maxRestarts is how often a half that passes restarts the search.
	maxRestarts = 2
	// maxEmptyBatches is how many batches in a row may reject nothing.
	maxEmptyBatches = 3
	// screenShare is the part of a confirmation's attempts, as a divisor, after
	// which a value can pass in the search. It may be small: a value that passed by
	// chance costs a confirmation that ends at its first losses.
	screenShare = 8
	// maxLosses bounds the losses that a confirmation is planned for, and so its
	// length.
	maxLosses = 5
)

// errNonePasses ends a search in which no value passes.
var errNonePasses = errors.New("no value passes")

// Run searches, confirms, and measures half of the cheapest value:
//
//  1. From Start it steps by factors of two until a value passes and its neighbour
//     misses. A value passes if it passes in all corners. The first corner in which it
//     misses ends its measurement, and is the first to be measured of the next value.
//  2. It bisects the values between the two.
//  3. It adds the margin to the cheapest value that passed, and confirms that in all
//     corners. If that fails, it takes the next dearer one. The confirmations of a
//     corner together spend Goal.Alpha; see alphaSpending. Corners share nothing: the
//     answer is wrong only if a corner that misses the goal is confirmed.
//  4. It measures half of the cheapest value. If that passes as well, it restarts the
//     search below that.
//
// An error of Measure ends it; Found then has what was judged until then.
func (s Search) Run(ctx context.Context) (f Found, err error) {
	w := s.walk()
	defer func() { f.Trail = w.trail }()
	low, high, err := w.bracket(ctx, -1, len(s.Values), Place(s.Values, s.Start))
	for restarts := 0; err == nil; restarts++ {
		if high, err = w.refine(ctx, low, high); err != nil {
			break
		}
		var chosen *Judgement
		if high, chosen, err = w.confirmFrom(ctx, high); err != nil || chosen == nil {
			break
		}
		edge := w.seen[high]
		if edge.Corners == nil { // was confirmed without a look of the search
			edge = *chosen
		}
		f.Edge, f.Chosen, f.Half = &edge, chosen, nil
		half, ok := s.Half(s.Values[high])
		if !ok {
			break
		}
		var judged Judgement
		if judged, err = w.screen(ctx, half, halving, w.confirmationSize()); err != nil {
			break
		}
		f.Half = &judged
		if judged.Verdict != passes || restarts == maxRestarts {
			break
		}
		// The half may reach the goal, so a value that seemed to miss may as well.
		clear(w.seen)
		low, high, err = w.bracket(ctx, -1, high, min(placeAbove(s.Values, half), high-1))
	}
	if errors.Is(err, errNonePasses) {
		err = nil
	}
	return f, err
}

// Verify judges one value in all corners, as a confirmation does, but goes on after a
// corner that misses the goal. An error of Measure ends it; the judgement then has
// what was measured until then.
func (s Search) Verify(ctx context.Context, value int64) (Judgement, error) {
	return s.walk().confirm(ctx, value, Verifying, 0)
}

func (s Search) walk() *walk {
	w := &walk{Search: s, seen: map[int]Judgement{}}
	for corner := range max(s.Corners, 1) {
		w.order = append(w.order, corner)
		w.alphas = append(w.alphas, newAlphaSpending(s.Goal.Alpha))
	}
	return w
}

// Place returns the index of the cheapest of the values that is at least as dear
// as v, or the last index. Values are in order, rising or falling.
func Place(values []int64, v int64) int {
	return min(placeAbove(values, v), len(values)-1)
}

// placeAbove is Place, with len(values) if all are cheaper than v.
func placeAbove(values []int64, v int64) int {
	falling := values[0] > values[len(values)-1]
	at, _ := slices.BinarySearchFunc(values, v, func(a, b int64) int {
		if falling {
			a, b = b, a
		}
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
	return at
}

// walk is a search in progress.
type walk struct {
	Search
	order  []int            // the corners, in the order in which they are measured
	alphas []*alphaSpending // of each corner, over all confirmations
	trail  []Judgement
	seen   map[int]Judgement // of the search phase, by index in Values
}

// confirmationSize is how many rejections a first confirmation takes if none is
// lost.
func (w *walk) confirmationSize() int64 {
	return w.Goal.attempts(w.Weights, 0, w.Batch, newAlphaSpending(w.Goal.Alpha).look())
}

// bracket finds two indices: the value at low misses, the one at high passes, and
// the two differ by a factor of two at most. A low of -1 means that the cheapest
// passes. It begins at index at and stays between low and high.
func (w *walk) bracket(ctx context.Context, low, high, at int) (int, int, error) {
	top := high
	for low < at && at < high {
		judged, err := w.screenAt(ctx, at)
		if err != nil {
			return low, high, err
		}
		if judged.Verdict == passes {
			high = at
			at = w.octave(at, -1)
		} else {
			low = at
			at = w.octave(at, +1)
		}
		at = min(max(at, 0), len(w.Values)-1)
	}
	if high == top && high == len(w.Values) {
		return low, high, errNonePasses
	}
	return low, high, nil
}

// octave returns the next index in a direction whose value differs by a factor of
// two at least, or the last one.
func (w *walk) octave(at, direction int) int {
	for to := at + direction; to >= 0 && to < len(w.Values); to += direction {
		a, b := float64(w.Values[at]), float64(w.Values[to])
		if math.Abs(math.Log2(a/b)) > 0.95 {
			return to
		}
	}
	if direction < 0 {
		return 0
	}
	return len(w.Values) - 1
}

// refine bisects the indices between one that misses and one that passes, and
// returns the smallest that passes.
func (w *walk) refine(ctx context.Context, low, high int) (int, error) {
	for high-low > 1 {
		middle := (low + high) / 2
		judged, err := w.screenAt(ctx, middle)
		if err != nil {
			return high, err
		}
		if judged.Verdict == passes {
			high = middle
		} else {
			low = middle
		}
	}
	return high, nil
}

// screenAt screens the value at an index, once.
func (w *walk) screenAt(ctx context.Context, at int) (Judgement, error) {
	if judged, ok := w.seen[at]; ok {
		return judged, nil
	}
	judged, err := w.screen(ctx, w.Values[at], searching, max(w.confirmationSize()/screenShare, w.First))
	if err == nil {
		w.seen[at] = judged
	}
	return judged, err
}

// screen measures a value in one corner after the other, until it does not pass.
func (w *walk) screen(ctx context.Context, v int64, phase Phase, enough int64) (Judgement, error) {
	j := Judgement{Value: v, Phase: phase, Verdict: passes}
	for _, corner := range slices.Clone(w.order) {
		c, err := w.screenCorner(ctx, j, corner, enough)
		if err != nil {
			if c.Evidence.Rejected() > 0 {
				j.Verdict, j.Corners = undecided, append(j.Corners, c)
				w.trail = append(w.trail, j)
			}
			return j, err
		}
		j.Corners = append(j.Corners, c)
		if c.Verdict != passes {
			j.Verdict = c.Verdict
			w.first(corner)
			break
		}
	}
	w.trail = append(w.trail, j)
	return j, nil
}

// first has a corner measured before all others from now on.
func (w *walk) first(corner int) {
	w.order = slices.DeleteFunc(w.order, func(c int) bool { return c == corner })
	w.order = slices.Insert(w.order, 0, corner)
}

// screenCorner measures a value in a corner until the evidence rejects it, or until it
// is of enough rejections and nothing speaks against the value. Where the share is
// below the target without being rejected, it goes on to the size of a confirmation.
func (w *walk) screenCorner(ctx context.Context, j Judgement, corner int, enough int64) (CornerJudgement, error) {
	c := CornerJudgement{Corner: corner, Verdict: undecided}
	looks := newAlphaSpending(w.Goal.Alpha)
	size := w.confirmationSize()
	first := min(w.First, (enough+results.LeastRounds-1)/results.LeastRounds)
	err := w.sample(ctx, j, &c, first, []int64{enough, size}, func() bool {
		n := c.Evidence.Rejected()
		switch {
		case len(c.Evidence.Rounds) < results.LeastRounds:
			return false
		case w.Goal.missed(c.Evidence, looks.look()):
			c.Verdict = misses
		case n >= enough && c.Evidence.share() >= w.Goal.Target && w.quickEnough(c.Evidence):
			c.Verdict = passes
		case n >= max(size, enough):
		default:
			return false
		}
		return true
	})
	return c, err
}

// quickEnough tells whether the measured 99th percentile is within the objective.
func (w *walk) quickEnough(e Evidence) bool {
	if w.Goal.Objective == 0 || e.Response == nil {
		return true
	}
	return e.Response.ValueAtQuantile(100*p99) <= int64(w.Goal.Objective)
}

// confirmFrom confirms the value at an index with the margin, or the first dearer one
// that can be confirmed.
func (w *walk) confirmFrom(ctx context.Context, at int) (int, *Judgement, error) {
	losses := int64(0)
	if judged, ok := w.seen[at]; ok {
		worst := judged.Worst()
		losses = min(int64((1-worst.Evidence.share())*float64(w.confirmationSize())), maxLosses)
	}
	for before := int64(-1); at < len(w.Values); at++ {
		v := w.Values[at]
		if w.Margin != nil {
			v = w.Margin(v)
		}
		if v == before {
			continue // the steps of a directive are wider than those of the grid
		}
		before = v
		judged, err := w.confirm(ctx, v, confirming, losses)
		if err != nil {
			return at, nil, err
		}
		if judged.Verdict == meets {
			return at, &judged, nil
		}
		losses = 0
	}
	return at, nil, errNonePasses
}

// confirm measures a value anew in all corners, until the goal is shown to be met in
// all, or one is out of reach. It adds the judgement to the trail. The corners take
// turns, so that what changes on the machine meets them all.
func (w *walk) confirm(ctx context.Context, v int64, phase Phase, losses int64) (Judgement, error) {
	j := Judgement{Value: v, Phase: phase, Verdict: undecided}
	var plans []*plan
	for _, corner := range w.order {
		plans = append(plans, w.plan(corner, losses))
	}
	judged := func() Judgement {
		for _, p := range plans {
			if p.Evidence.Rejected() > 0 {
				j.Corners = append(j.Corners, p.CornerJudgement)
			}
		}
		if len(j.Corners) > 0 { // the budget may end before anything is measured
			w.trail = append(w.trail, j)
		}
		return j
	}
	for open := true; open; {
		open = false
		for _, p := range plans {
			if p.Verdict != undecided {
				continue
			}
			if err := w.next(ctx, j, p); err != nil {
				return judged(), err
			}
			if p.Verdict.fails() {
				if j.Verdict != misses {
					j.Verdict = p.Verdict
				}
				if phase == confirming {
					w.first(p.Corner)
					return judged(), nil
				}
			}
			open = open || p.Verdict == undecided
		}
	}
	if !j.Verdict.fails() {
		j.Verdict = meets
	}
	return judged(), nil
}

// plan is the confirmation of a corner.
//
// Its alpha is spent when it begins. It can succeed at one look only, the planned
// size, so the looks on the way spend nothing. If one loss too many puts the goal
// out of reach while the share is still at the target, the loss may be chance:
// then the plan is extended by one loss, at the alpha of another look. The size of
// that does not depend on the data, so the look is as valid as the first.
type plan struct {
	CornerJudgement
	alpha  float64
	losses int64 // that the plan allows
	n      int64 // rejections that it takes
	empty  int   // batches in a row without a rejection
}

func (w *walk) plan(corner int, losses int64) *plan {
	p := &plan{CornerJudgement: CornerJudgement{Corner: corner, Verdict: undecided}, losses: losses}
	p.alpha = w.alphas[corner].look()
	p.n = w.Goal.attempts(w.Weights, losses, w.Batch, p.alpha)
	return p
}

// next measures a round of a plan, and decides what it shows.
func (w *walk) next(ctx context.Context, j Judgement, p *plan) error {
	before := p.Evidence.Rejected()
	batch := min(w.Batch, (p.n+confirmRounds-1)/confirmRounds)
	if len(p.Evidence.Rounds) == 0 {
		batch = min(batch, max(w.Batch/2, 1))
	}
	more, err := w.Measure(ctx, j.Value, p.Corner, j.Phase, w.nextBatch(p.n-before, batch))
	if err != nil {
		return err
	}
	p.Evidence.Add(more)
	w.decide(p)
	if w.Looked != nil {
		w.Looked(j.corner(p.CornerJudgement))
	}
	if p.empty++; p.Evidence.Rejected() > before {
		p.empty = 0
	}
	if p.empty == maxEmptyBatches && p.Verdict == undecided {
		return ErrNothingRejected
	}
	return nil
}

// decide sets the verdict of a plan once its evidence allows one.
func (w *walk) decide(p *plan) {
	for !w.Goal.reachable(p.Evidence, p.n, w.Batch, p.alpha) && p.Evidence.share() >= w.Goal.Target && p.losses < maxLosses {
		p.losses++
		p.alpha = w.alphas[p.Corner].look()
		p.n = w.Goal.attempts(w.Weights, p.losses, w.Batch, p.alpha)
	}
	switch {
	case len(p.Evidence.Rounds) < results.LeastRounds:
	case w.Goal.missed(p.Evidence, p.alpha):
		p.Verdict = misses
	case !w.Goal.reachable(p.Evidence, p.n, w.Batch, p.alpha):
		p.Verdict = unconfirmed
	case len(p.Evidence.Rounds) < confirmRounds || !enough(p.Evidence, p.n) || !w.Goal.enoughTimed(p.Evidence, p.alpha):
	case w.Goal.met(p.Evidence, p.alpha):
		p.Verdict = meets
	default:
		p.Verdict = unconfirmed
	}
}

// enough tells whether every client of the mix has its part of n rejections.
func enough(e Evidence, n int64) bool {
	for i, want := range Allot(e.Parts, n) {
		if e.Parts[i].N < want {
			return false
		}
	}
	return true
}

// sample measures a corner in batches until done returns true. Batches begin at first
// and double up to Batch. They are sized to end at the sizes at which done can decide.
func (w *walk) sample(ctx context.Context, j Judgement, c *CornerJudgement, first int64, sizes []int64, done func() bool) error {
	empty := 0
	for batch := max(first, 1); ; batch = min(2*batch, w.Batch) { // doubled without a bound it overflows
		before := c.Evidence.Rejected()
		for len(sizes) > 1 && sizes[0] <= before {
			sizes = sizes[1:]
		}
		more, err := w.Measure(ctx, j.Value, c.Corner, j.Phase, w.nextBatch(sizes[0]-before, batch))
		if err != nil {
			return err
		}
		c.Evidence.Add(more)
		over := done()
		if !over && c.Evidence.Rejected() == before {
			if empty++; empty == maxEmptyBatches {
				return ErrNothingRejected
			}
		} else {
			empty = 0
		}
		if w.Looked != nil {
			w.Looked(j.corner(*c))
		}
		if over {
			return nil
		}
	}
}

// nextBatch returns how many of the rejections left to measure next: at most a
// batch, in equal parts, so that no small rest is left over.
func (w *walk) nextBatch(left, batch int64) int64 {
	if batch = min(batch, w.Batch); left <= 0 {
		return batch
	}
	parts := (left + batch - 1) / batch
	return (left + parts - 1) / parts
}

// Grid returns a geometric grid of whole numbers from low to high, with the given
// number of steps to a doubling. Neighbours differ by that ratio, rounded, or by 1.
func Grid(low, high int64, steps int) []int64 {
	var values []int64
	for i := 0; ; i++ {
		v := int64(math.Round(float64(low) * math.Exp2(float64(i)/float64(steps))))
		if v >= high {
			return append(values, high)
		}
		if n := len(values); n == 0 || values[n-1] < v {
			values = append(values, v)
		}
	}
}
