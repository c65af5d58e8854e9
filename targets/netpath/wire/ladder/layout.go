package ladder

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/targets/netpath/wire"
)

const (
	rowGap = 19.0 // between two moments at the same end: the height of a line of text
	anyGap = 3.0  // between two moments at different ends
	flight = 76.0 // what a packet's usual time on the path comes to
	maxGap = 76.0 // a longer wait is cut short
)

// kind is what happens in a moment, in the order in which it has to be drawn
// when times are equal.
type kind uint8

const (
	arrives kind = iota
	happens
	leaves
)

// moment is something at one end that has a place of its own.
type moment struct {
	at   int64
	end  wire.Direction
	kind kind
}

// wait is a stretch of time that is drawn shorter than it was.
type wait struct{ from, to float64 }

// layout gives every moment of a drawing its height. Heights grow with time: in
// proportion to it where there is room, more where moments at one end are so
// close that their texts would lie on each other, less where nothing happens
// for long.
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
	for _, a := range d.Arrows {
		add(a.Left, a.From, leaves)
		add(a.LastLeft, a.From, leaves)
		if a.Dropped == wire.Forwarded {
			add(a.Arrived, 1-a.From, arrives)
			add(a.LastArrived, 1-a.From, arrives)
			flights = append(flights, a.Arrived-a.Left)
		}
	}
	for _, e := range d.Events {
		add(e.At, e.End, happens)
	}
	slices.SortStableFunc(l.moments, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind), cmp.Compare(a.end, b.end))
	})
	scale := 0.0 // heights a nanosecond
	if slices.Sort(flights); len(flights) > 0 && flights[len(flights)/2] > 0 {
		scale = flight / float64(flights[len(flights)/2])
	}
	below := [2]float64{top, top} // where the next text at each end may stand
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
