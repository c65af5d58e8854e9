package wire

import "slices"

// interval is a piece of a byte stream: from lo up to, not including, hi.
type interval struct{ lo, hi int64 }

// maxIntervals bounds an intervals: one more gap than any sender leaves open
// that keeps to a window of a few hundred segments and loses a few of them.
const maxIntervals = 256

// intervals is a set of bytes of a stream: disjoint pieces in order, none
// touching the next. The zero value is empty.
type intervals struct {
	pieces []interval
	bytes  int64
	// blurred is set when a piece found no room, and so is missing.
	overflowed bool
}

// add puts [lo, hi) into the set and returns how many of its bytes were new.
func (s *intervals) add(lo, hi int64) (fresh int64) {
	if lo >= hi {
		return 0
	}
	// The pieces that [lo, hi) touches are first up to, not including, last.
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

// front is how many bytes from the stream's first on are there without a gap.
func (s *intervals) contiguous() int64 {
	if len(s.pieces) == 0 || s.pieces[0].lo > 0 {
		return 0
	}
	return s.pieces[0].hi
}

// end is the offset behind the last byte that is there.
func (s *intervals) end() int64 {
	if len(s.pieces) == 0 {
		return 0
	}
	return s.pieces[len(s.pieces)-1].hi
}

// clear empties the set and keeps its memory.
func (s *intervals) clear() { *s = intervals{pieces: s.pieces[:0]} }
