package ladder

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

const (
	rowGap = 19.0 // between two moments at the same end: the height of a line of text
	anyGap = 3.0  // between two moments at different ends
	flight = 76.0 // for the median time of a packet on the path
	maxGap = 76.0 // a longer wait is shortened
)

// kind is what happens at a moment, in the drawing order of moments with equal
// times.
type kind uint8

const (
	arrives kind = iota
	happens
	leaves
)

// moment is something at one end that has its own height.
type moment struct {
	at   int64
	end  wire.Direction
	kind kind
}

// wait is a range of heights in which time is shortened.
type wait struct{ from, to float64 }

// layout assigns a height to every moment of a drawing. Heights grow with time:
// usually in proportion, faster where labels at one end would overlap, slower where
// nothing happens for long.
type layout struct {
	moments []moment
	y       map[moment]float64
	waits   []wait
	bottom  float64
}

func (d Drawing) layout(top float64) layout {
	l := layout{y: map[moment]float64{}}
	add := func(at int64, end wire.Direction, k kind) {
		m := moment{at, end, k}
		if _, known := l.y[m]; !known {
			l.y[m] = 0
			l.moments = append(l.moments, m)
		}
	}
	var flights []int64
	for _, a := range d.arrows {
		add(a.left, a.from, leaves)
		add(a.lastLeft, a.from, leaves)
		if a.dropped == wire.Forwarded {
			add(a.arrived, 1-a.from, arrives)
			add(a.lastArrived, 1-a.from, arrives)
			flights = append(flights, a.arrived-a.left)
		}
	}
	for _, e := range d.events {
		add(e.At, e.End, happens)
	}
	slices.SortStableFunc(l.moments, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind), cmp.Compare(a.end, b.end))
	})
	scale := 0.0 // height per nanosecond
	if slices.Sort(flights); len(flights) > 0 && flights[len(flights)/2] > 0 {
		scale = flight / float64(flights[len(flights)/2])
	}
	below := [2]float64{top, top} // the lowest height for the next text at each end
	y := top
	for i, m := range l.moments {
		if i > 0 {
			before := y
			gap := float64(m.at-l.moments[i-1].at) * scale
			y = max(y+min(max(gap, anyGap), maxGap), below[m.end])
			if gap > 1.5*maxGap {
				l.waits = append(l.waits, wait{before, y})
			}
		}
		l.y[m] = y
		below[m.end] = y + rowGap
	}
	l.bottom = y
	return l
}
