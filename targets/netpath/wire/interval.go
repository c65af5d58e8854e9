package wire

import "slices"

// interval is a range of a byte stream; hi is exclusive.
type interval struct{ lo, hi int64 }

// maxIntervals bounds the pieces of an intervals. A sender with a window of a few
// hundred segments that loses a few of them leaves fewer gaps.
const maxIntervals = 256

// intervals is a set of bytes of a stream, as ordered pieces that neither overlap
// nor touch. The zero value is empty.
type intervals struct {
	pieces []interval
	bytes  int64
	// overflowed is set if a piece is missing because there was no room for it.
	overflowed bool
}

// add adds [lo, hi) to the set and returns how many of its bytes were new.
func (s *intervals) add(lo, hi int64) (fresh int64) {
	if lo >= hi {
		return 0
	}
	// The pieces that [lo, hi) touches are first to last, exclusive.
	first, _ := slices.BinarySearchFunc(s.pieces, lo, func(p interval, lo int64) int {
		if p.hi < lo {
			return -1
		}
		return 1
	})
	last, merged, old := first, interval{lo, hi}, int64(0)
	for ; last < len(s.pieces) && s.pieces[last].lo <= hi; last++ {
		p := s.pieces[last]
		old += p.hi - p.lo
		merged = interval{min(merged.lo, p.lo), max(merged.hi, p.hi)}
	}
	if first == last && len(s.pieces) == maxIntervals {
		s.overflowed = true
		return 0
	}
	s.pieces = slices.Replace(s.pieces, first, last, merged)
	fresh = merged.hi - merged.lo - old
	s.bytes += fresh
	return fresh
}

// contiguous returns how many bytes the set has from the stream's start without a
// gap.
func (s *intervals) contiguous() int64 {
	if len(s.pieces) == 0 || s.pieces[0].lo > 0 {
		return 0
	}
	return s.pieces[0].hi
}

// end returns the offset after the last byte of the set.
func (s *intervals) end() int64 {
	if len(s.pieces) == 0 {
		return 0
	}
	return s.pieces[len(s.pieces)-1].hi
}

// clear empties the set and keeps its memory.
func (s *intervals) clear() { *s = intervals{pieces: s.pieces[:0]} }
