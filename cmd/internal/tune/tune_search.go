package tune

import (
	"context"
	"errors"
	"math"
	"slices"
)

// Phase is what a value of a setting is measured for. Evidence of one phase is
// never used in another.
type Phase string

// The phases of a search.
const (
	Searching  Phase = "search"  // on the way to the cheapest value
	Confirming Phase = "confirm" // fresh cells, which the answer rests on
	Halving    Phase = "half"    // fresh cells of half the value that was confirmed, or twice where more is cheaper
)

// Verdict is what the evidence of one phase says of a value.
type Verdict string

// The verdicts.
const (
	Meets     Verdict = "meets"     // shown, at the confidence
	Passes    Verdict = "passes"    // nothing against it, not shown
	Misses    Verdict = "misses"    // rejected, or in confirmation not to be shown any more
	Undecided Verdict = "undecided" // neither within the attempts that there are for it
)

// Judged is one value in one phase, with all evidence of it.
type Judged struct {
	Value    int64
	Phase    Phase
	Verdict  Verdict
	Evidence Evidence
}

// Found is what a search came to.
type Found struct {
	// Chosen is the cheapest value that was confirmed, nil if none was; Half is
	// the evidence on half of it, nil where that lies outside of the range.
	Chosen, Half *Judged
	Trail        []Judged // every judgement, in order
}

// Measure brings fresh evidence of about n rejections of a value.
type Measure func(ctx context.Context, value int64, phase Phase, n int64) (Evidence, error)

// Search looks for the cheapest value of a setting that reaches a goal. It
// takes for granted that a dearer value never reaches less, which costs it
// attempts where it is wrong, but never an answer that is not confirmed.
type Search struct {
	Goal    Goal
	Values  []int64                     // from the cheapest to the dearest
	Start   int                         // where to begin in Values
	Half    func(v int64) (int64, bool) // the value that is to miss the goal; false outside of the range
	Weights []float64                   // of the clients in the mix
	First   int64                       // attempts of the first look at a value
	Batch   int64                       // most attempts between two looks
	Judged  func(Judged)                // told of every look and every judgement; may be nil
	Measure Measure
}

// ErrNothingRejected is what a search ends with when cell after cell rejects nothing.
var ErrNothingRejected = errors.New("nothing was rejected, so no share is known: give a smaller limit or more clients")

// maxAgain is how often a half that passes begins the search anew.
const maxAgain = 2

// maxBlanks is how many cells in a row may reject nothing.
const maxBlanks = 3

// screenShare is how much of a confirmation's attempts a value has to stand for
// the search to go on from it. A value that only seems to be good costs a
// confirmation that ends at its first losses.
const screenShare = 8

// Run searches, confirms, and looks at half of what was confirmed. An error of
// Measure ends it, with what was judged by then.
//
// First it walks in steps of two from Start until a value passes and its
// neighbour misses; then it halves the steps between them down to one of
// Values; then it confirms the cheapest that passed, or, where confirmation
// fails, the next one up. All confirmations together spend Goal.Alpha: see
// spending. A half that cannot be shown to miss begins the search anew below it.
func (s Search) Run(ctx context.Context) (f Found, err error) {
	w := &walk{Search: s, alpha: newSpending(s.Goal.Alpha)}
	defer func() { f.Trail = w.trail }()
	low, high, err := w.bracket(ctx, -1, len(s.Values), s.Start)
	for again := 0; err == nil; again++ {
		if high, err = w.refine(ctx, low, high); err != nil {
			break
		}
		var chosen *Judged
		if high, chosen, err = w.confirmFrom(ctx, high); err != nil || chosen == nil {
			break
		}
		f.Chosen, f.Half = chosen, nil
		half, ok := s.Half(chosen.Value)
		if !ok {
			break
		}
		judged, e := w.screen(ctx, half, Halving, w.full())
		if err = e; err != nil {
			break
		}
		f.Half = &judged
		if judged.Verdict != Passes || again == maxAgain {
			break
		}
		// The half may do as well, so something that was seen to miss does not.
		clear(w.seen)
		below, _ := slices.BinarySearchFunc(s.Values, half, s.compare)
		low, high, err = w.bracket(ctx, -1, high, min(below, high-1))
	}
	if errors.Is(err, errNone) {
		err = nil
	}
	return f, err
}

// compare orders values as Values is ordered.
func (s Search) compare(a, b int64) int {
	if s.Values[0] > s.Values[len(s.Values)-1] {
		a, b = b, a
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// errNone ends a search in which no value passes.
var errNone = errors.New("no value passes")

// walk is a search under way.
type walk struct {
	Search
	alpha *spending // over all confirmations
	trail []Judged
	seen  map[int]Judged // what the search knows, by place in Values
}

// full is how many rejections a first confirmation takes without a loss.
func (w *walk) full() int64 { return w.Goal.attempts(w.Weights, 0, newSpending(w.Goal.Alpha).look()) }

// bracket finds two places, the one low missing and the other, high, passing,
// with at most a step of two between their values. A low of -1 means that the
// cheapest passes.
func (w *walk) bracket(ctx context.Context, low, high, at int) (int, int, error) {
	top := high
	for low < at && at < high {
		judged, err := w.place(ctx, at)
		if err != nil {
			return low, high, err
		}
		if judged.Verdict == Passes {
			high = at
			at = w.double(at, -1)
		} else {
			low = at
			at = w.double(at, +1)
		}
		at = min(max(at, 0), len(w.Values)-1)
	}
	if high == top && high == len(w.Values) {
		return low, high, errNone
	}
	return low, high, nil
}

// double is the next place in a direction whose value is at least twice, or half.
func (w *walk) double(at, direction int) int {
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

// refine halves the places between one that misses and one that passes.
func (w *walk) refine(ctx context.Context, low, high int) (int, error) {
	for high-low > 1 {
		middle := (low + high) / 2
		judged, err := w.place(ctx, middle)
		if err != nil {
			return high, err
		}
		if judged.Verdict == Passes {
			high = middle
		} else {
			low = middle
		}
	}
	return high, nil
}

// place screens the value at a place, once.
func (w *walk) place(ctx context.Context, at int) (Judged, error) {
	if judged, ok := w.seen[at]; ok {
		return judged, nil
	}
	judged, err := w.screen(ctx, w.Values[at], Searching, max(w.full()/screenShare, w.First))
	if err == nil {
		if w.seen == nil {
			w.seen = map[int]Judged{}
		}
		w.seen[at] = judged
	}
	return judged, err
}

// screen measures a value until the evidence rejects it, or until there are
// enough rejections and nothing is against it. Where the share lies below the
// target and is still not rejected it goes on, to a confirmation's size.
func (w *walk) screen(ctx context.Context, v int64, phase Phase, enough int64) (Judged, error) {
	j := Judged{Value: v, Phase: phase, Verdict: Undecided}
	looks := newSpending(w.Goal.Alpha)
	err := w.sample(ctx, &j, w.First, []int64{enough, w.full()}, func() bool {
		n := j.Evidence.rejected()
		switch {
		case w.Goal.missed(j.Evidence, looks.look()):
			j.Verdict = Misses
		case n >= enough && j.Evidence.share() >= w.Goal.Target && w.quick(j.Evidence):
			j.Verdict = Passes
		case n >= max(w.full(), enough):
		default:
			return false
		}
		return true
	})
	return j, err
}

// quick tells whether the response time speaks against a value.
func (w *walk) quick(e Evidence) bool {
	if w.Goal.Objective == 0 || e.Response == nil {
		return true
	}
	return e.Response.ValueAtQuantile(100*p99) <= int64(w.Goal.Objective)
}

// confirmFrom confirms the value at a place or at the first above that can be.
func (w *walk) confirmFrom(ctx context.Context, at int) (int, *Judged, error) {
	losses := int64(0)
	if judged, ok := w.seen[at]; ok {
		losses = min(int64((1-judged.Evidence.share())*float64(w.full())), maxLosses)
	}
	for ; at < len(w.Values); at++ {
		judged, err := w.confirm(ctx, w.Values[at], losses)
		if err != nil {
			return at, nil, err
		}
		if judged.Verdict == Meets {
			return at, &judged, nil
		}
		losses = 0
	}
	return at, nil, errNone
}

// maxLosses bounds what a confirmation is planned to bear, and so its length.
const maxLosses = 5

// confirm measures a value anew until the goal is shown to be met, or until it
// cannot be any more within the attempts planned for so many losses. What it
// may err by is spent when it begins; there is one look at which it can succeed,
// so none is spent on the way. Where that is over by one loss and the share is
// still as good as the target, the loss may not be the setting's: then it goes
// on to the attempts that one more takes, for which it spends anew. How many
// those are does not hang on the data, so the look is as good as a first.
func (w *walk) confirm(ctx context.Context, v int64, losses int64) (Judged, error) {
	alpha := w.alpha.look()
	n := w.Goal.attempts(w.Weights, losses, alpha)
	plan := []int64{n}
	j := Judged{Value: v, Phase: Confirming, Verdict: Undecided}
	err := w.sample(ctx, &j, w.Batch/2, plan, func() bool {
		for !w.Goal.reachable(j.Evidence, n, alpha) && j.Evidence.share() >= w.Goal.Target && losses < maxLosses {
			losses++
			alpha = w.alpha.look()
			n = w.Goal.attempts(w.Weights, losses, alpha)
			plan[0] = n
		}
		switch {
		case !w.Goal.reachable(j.Evidence, n, alpha) || w.Goal.missed(j.Evidence, alpha):
			j.Verdict = Misses
		case !enough(j.Evidence, n) || !w.Goal.timed(j.Evidence, alpha):
			return false
		case w.Goal.met(j.Evidence, alpha):
			j.Verdict = Meets
		default:
			j.Verdict = Misses
		}
		return true
	})
	return j, err
}

// enough tells whether every client of the mix has its part of n rejections.
func enough(e Evidence, n int64) bool {
	for i, want := range allot(e.Parts, n) {
		if e.Parts[i].N < want {
			return false
		}
	}
	return true
}

// sample measures in batches that double from the first, until done says so after
// one of them. The batches come out at the numbers of rejections at which done
// may do so. It puts the judgement on the trail.
func (w *walk) sample(ctx context.Context, j *Judged, first int64, at []int64, done func() bool) error {
	blanks := 0
	for batch := max(first, 1); ; batch = min(2*batch, w.Batch) { // doubled without a bound it overflows
		before := j.Evidence.rejected()
		for len(at) > 1 && at[0] <= before {
			at = at[1:]
		}
		more, err := w.Measure(ctx, j.Value, j.Phase, w.piece(at[0]-before, batch))
		if err != nil {
			if j.Evidence.rejected() > 0 {
				w.trail = append(w.trail, *j)
			}
			return err
		}
		j.Evidence.add(more)
		over := done()
		if !over && j.Evidence.rejected() == before {
			if blanks++; blanks == maxBlanks {
				return ErrNothingRejected
			}
		} else {
			blanks = 0
		}
		if w.Judged != nil {
			w.Judged(*j)
		}
		if over {
			w.trail = append(w.trail, *j)
			return nil
		}
	}
}

// piece is how many of the rejections left to measure next: no more than a
// batch, and so that no small rest is left over.
func (w *walk) piece(left, batch int64) int64 {
	if batch = min(batch, w.Batch); left <= 0 {
		return batch
	}
	pieces := (left + batch - 1) / batch
	return (left + pieces - 1) / pieces
}

// Grid returns the values of a geometric grid from low to high in steps of the
// given number to a doubling, each once, and those next to a value that is
// looked for never further apart than that, but for whole numbers.
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
