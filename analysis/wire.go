package analysis

import (
	"cmp"
	"fmt"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Doubt is a cell, valid or not, whose path's record and the ledgers of fleet
// and server do not say the same.
type Doubt struct {
	Round, Try int
	Missed     int64 // packets that found the record full
	Agreement  results.WireAgreement
}

// doubtsOf returns the doubts in cells. They are kept of invalid cells too:
// there they are why.
func doubtsOf(cells []*results.Cell) []Doubt {
	var doubts []Doubt
	for _, c := range cells {
		if w := c.Wire; w != nil && (w.Missed > 0 || w.Agreement.Disagreed > 0) {
			doubts = append(doubts, Doubt{c.Round, c.Try, w.Missed, w.Agreement})
		}
	}
	return doubts
}

// addWire adds what the path saw in one part to what it saw in others; either
// may be nil. A record with packets missing says nothing and is left out.
func addWire(all, w *results.Wire) *results.Wire {
	if w == nil || w.Missed > 0 {
		return all
	}
	return results.AddWire(all, w)
}

// Fate is the share of rejections whose answer had this fate; not known where
// no path kept a record.
func (s *Summary) Fate(f results.Fate) stats.Share {
	if s.Wire == nil {
		return stats.Share{}
	}
	return stats.NewShare(s.Wire.Fates[f.String()], s.Wire.Rejections)
}

// LostAs is the share of the answers that were not read which had this fate.
func (s *Summary) LostAs(f results.Fate) stats.Share {
	if s.Wire == nil {
		return stats.Share{}
	}
	return stats.NewShare(s.Wire.Fates[f.String()], s.Wire.Rejections-s.Wire.Fates[results.Read.String()])
}

// Witnessed tells whether a path kept a record of the point.
func (s *Summary) Witnessed() bool { return s.Wire != nil }

// maxDoubts is the number of connections a cell's note names; the record has more.
const maxDoubts = 3

// String says how far the ledgers agree, and what the first connections are of
// which they do not.
func (d Doubt) String() string {
	g := d.Agreement
	text := fmt.Sprintf("%d of %d connections disagree", g.Disagreed, g.Wire)
	if d.Missed > 0 {
		text += fmt.Sprintf(", and the path's record missed %d packets", d.Missed)
	}
	for _, c := range g.Disagreements[:min(len(g.Disagreements), maxDoubts)] {
		text += fmt.Sprintf("; port %d: %s (wire: %s; fleet: %s; server: %s)",
			c.ClientPort, c.What, cmp.Or(c.Wire, "nothing"), cmp.Or(c.Fleet, "nothing"), cmp.Or(c.Server, "nothing"))
	}
	if more := g.Disagreed - int64(maxDoubts); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
