package tune

import (
	"context"
	"errors"
	"math"
	"slices"
)

// Phase is the purpose for which a value of a setting is measured. Evidence of one
// phase is never used in another.
type Phase string

// The phases of a search.
const (
	searching  Phase = "search"  // on the way to the cheapest value
	confirming Phase = "confirm" // fresh cells, which the answer rests on
	halving    Phase = "half"    // fresh cells of half the confirmed value, or twice where more is cheaper
)

// Verdict is what the evidence of one phase says of a value.
type Verdict string

// The verdicts.
const (
	meets     Verdict = "meets"     // shown, at the confidence
	passes    Verdict = "passes"    // not rejected, not shown
	misses    Verdict = "misses"    // rejected, or in confirmation out of reach
	undecided Verdict = "undecided" // none of these within the attempts planned for it
)

// Judgement is what is known of one value in one phase.
type Judgement struct {
	Value    int64
	Phase    Phase
	Verdict  Verdict
	Evidence Evidence // all of the phase
}

// Found is the result of a search.
type Found struct {
	// Chosen is the cheapest value that was confirmed; nil if none was. Half is the
	// judgement of half of it, nil where that is outside of the range.
	Chosen, Half *Judgement
	Trail        []Judgement // all, in order
}

// Measure returns fresh evidence of about n rejections of a value.
type Measure func(ctx context.Context, value int64, phase Phase, n int64) (Evidence, error)

// Search looks for the cheapest value of a setting that reaches a goal. It assumes
// that a dearer value never reaches less. Where that is wrong it costs attempts,
// but an answer is always confirmed.
type Search struct {
	Goal    Goal
	Values  []int64                     // from the cheapest to the dearest
	Start   int64                       // the value to begin at
	Half    func(v int64) (int64, bool) // the value that has to miss; false outside of the range
	Weights []float64                   // of the clients in the mix
	First   int64                       // attempts of the first look at a value
	Batch   int64                       // most attempts between two looks
	Looked  func(Judgement)             // called after every look; may be nil
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

// Run searches, confirms, and measures half of the confirmed value:
//
//  1. From Start it steps by factors of two until a value passes and its neighbour
//     misses.
//  2. It bisects the values between the two.
//  3. It confirms the cheapest value that passed. If that fails, it confirms the
//     next dearer one. All confirmations together spend Goal.Alpha; see
//     alphaSpending.
//  4. It measures half of the confirmed value. If that passes as well, it restarts
//     the search below the confirmed value.
//
// An error of Measure ends it; Found then has what was judged until then.
func (s Search) Run(ctx context.Context) (f Found, err error) {
	w := &walk{Search: s, alpha: newAlphaSpending(s.Goal.Alpha)}
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
		f.Chosen, f.Half = chosen, nil
		half, ok := s.Half(chosen.Value)
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
	alpha *alphaSpending // over all confirmations
	trail []Judgement
	seen  map[int]Judgement // of the search phase, by index in Values
}

// confirmationSize is how many rejections a first confirmation takes if none is
// lost.
func (w *walk) confirmationSize() int64 {
	return w.Goal.attempts(w.Weights, 0, newAlphaSpending(w.Goal.Alpha).look())
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
		if w.seen == nil {
			w.seen = map[int]Judgement{}
		}
		w.seen[at] = judged
	}
	return judged, err
}

// screen measures a value until the evidence rejects it, or until it is of enough
// rejections and nothing speaks against the value. Where the share is below the
// target without being rejected, it goes on to the size of a confirmation.
func (w *walk) screen(ctx context.Context, v int64, phase Phase, enough int64) (Judgement, error) {
	j := Judgement{Value: v, Phase: phase, Verdict: undecided}
	looks := newAlphaSpending(w.Goal.Alpha)
	size := w.confirmationSize()
	err := w.sample(ctx, &j, w.First, []int64{enough, size}, func() bool {
		n := j.Evidence.Rejected()
		switch {
		case w.Goal.missed(j.Evidence, looks.look()):
			j.Verdict = misses
		case n >= enough && j.Evidence.share() >= w.Goal.Target && w.quickEnough(j.Evidence):
			j.Verdict = passes
		case n >= max(size, enough):
		default:
			return false
		}
		return true
	})
	return j, err
}

// quickEnough tells whether the measured 99th percentile is within the objective.
func (w *walk) quickEnough(e Evidence) bool {
	if w.Goal.Objective == 0 || e.Response == nil {
		return true
	}
	return e.Response.ValueAtQuantile(100*p99) <= int64(w.Goal.Objective)
}

// confirmFrom confirms the value at an index, or the first dearer one that can be
// confirmed.
func (w *walk) confirmFrom(ctx context.Context, at int) (int, *Judgement, error) {
	losses := int64(0)
	if judged, ok := w.seen[at]; ok {
		losses = min(int64((1-judged.Evidence.share())*float64(w.confirmationSize())), maxLosses)
	}
	for ; at < len(w.Values); at++ {
		judged, err := w.confirm(ctx, w.Values[at], losses)
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

// confirm measures a value anew until the goal is shown to be met, or is out of
// reach within the attempts planned for the given number of losses.
//
// Its alpha is spent when it begins. It can succeed at one look only, the planned
// size, so the looks on the way spend nothing. If one loss too many puts the goal
// out of reach while the share is still at the target, the loss may be chance:
// then the plan is extended by one loss, at the alpha of another look. The size of
// that does not depend on the data, so the look is as valid as the first.
func (w *walk) confirm(ctx context.Context, v int64, losses int64) (Judgement, error) {
	alpha := w.alpha.look()
	n := w.Goal.attempts(w.Weights, losses, alpha)
	plan := []int64{n}
	j := Judgement{Value: v, Phase: confirming, Verdict: undecided}
	err := w.sample(ctx, &j, w.Batch/2, plan, func() bool {
		for !w.Goal.reachable(j.Evidence, n, alpha) && j.Evidence.share() >= w.Goal.Target && losses < maxLosses {
			losses++
			alpha = w.alpha.look()
			n = w.Goal.attempts(w.Weights, losses, alpha)
			plan[0] = n
		}
		switch {
		case !w.Goal.reachable(j.Evidence, n, alpha) || w.Goal.missed(j.Evidence, alpha):
			j.Verdict = misses
		case !enough(j.Evidence, n) || !w.Goal.enoughTimed(j.Evidence, alpha):
			return false
		case w.Goal.met(j.Evidence, alpha):
			j.Verdict = meets
		default:
			j.Verdict = misses
		}
		return true
	})
	return j, err
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

// sample measures in batches until done returns true, and adds the judgement to
// the trail. Batches begin at first and double up to Batch. They are sized to end
// at the sizes at which done can decide; the last size may grow meanwhile.
func (w *walk) sample(ctx context.Context, j *Judgement, first int64, sizes []int64, done func() bool) error {
	empty := 0
	for batch := max(first, 1); ; batch = min(2*batch, w.Batch) { // doubled without a bound it overflows
		before := j.Evidence.Rejected()
		for len(sizes) > 1 && sizes[0] <= before {
			sizes = sizes[1:]
		}
		more, err := w.Measure(ctx, j.Value, j.Phase, w.nextBatch(sizes[0]-before, batch))
		if err != nil {
			if j.Evidence.Rejected() > 0 {
				w.trail = append(w.trail, *j)
			}
			return err
		}
		j.Evidence.Add(more)
		over := done()
		if !over && j.Evidence.Rejected() == before {
			if empty++; empty == maxEmptyBatches {
				return ErrNothingRejected
			}
		} else {
			empty = 0
		}
		if w.Looked != nil {
			w.Looked(*j)
		}
		if over {
			w.trail = append(w.trail, *j)
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
