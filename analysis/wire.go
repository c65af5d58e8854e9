package analysis

import (
	"cmp"
	"fmt"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Disagreement is a cell, valid or not, in which the path's record is inconsistent
// with the ledgers of the fleet and the server, or incomplete.
type Disagreement struct {
	Round, Try int
	Missed     int64 // packets not recorded because the record was full
	Agreement  results.WireAgreement
}

// disagreementsOf returns the disagreements of cells, also of invalid ones, where they
// are the reason.
func disagreementsOf(cells []*results.Cell) []Disagreement {
	var found []Disagreement
	for _, c := range cells {
		if w := c.Wire; w != nil && (w.Missed > 0 || w.Agreement.Disagreed > 0) {
			found = append(found, Disagreement{c.Round, c.Try, w.Missed, w.Agreement})
		}
	}
	return found
}

// addWire adds the record of a cell's path to a sum. Either may be nil. A record with
// missed packets is left out.
func addWire(all, w *results.Wire) *results.Wire {
	if w == nil || w.Missed > 0 {
		return all
	}
	return results.AddWire(all, w)
}

// completeWire returns the record of a cell's path; nil where it has none, or one with
// missed packets.
func completeWire(c *results.Cell) *results.Wire {
	if c.Wire == nil || c.Wire.Missed > 0 {
		return nil
	}
	return c.Wire
}

// Fate returns the share of rejections whose answer had a fate; not known without a
// record of the path.
func (s *Summary) Fate(f results.Fate) stats.Share {
	if s.Wire == nil {
		return stats.Share{}
	}
	return s.shareOf(s.Wire.Fates[f.String()], s.Wire.Rejections, func(c *results.Cell) (k, n int64) {
		if w := completeWire(c); w != nil {
			return w.Fates[f.String()], w.Rejections
		}
		return 0, 0
	})
}

// LostAs returns the share of the unread answers that had a fate.
func (s *Summary) LostAs(f results.Fate) stats.Share {
	if s.Wire == nil {
		return stats.Share{}
	}
	unread := func(w *results.Wire) int64 { return w.Rejections - w.Fates[results.Read.String()] }
	return s.shareOf(s.Wire.Fates[f.String()], unread(s.Wire), func(c *results.Cell) (k, n int64) {
		if w := completeWire(c); w != nil {
			return w.Fates[f.String()], unread(w)
		}
		return 0, 0
	})
}

// Recorded reports whether the path has a record of the point.
func (s *Summary) Recorded() bool { return s.Wire != nil }

// maxListed is the number of connections that a note names; the record has more.
const maxListed = 3

// String returns how many connections are inconsistent, and the first of them.
func (d Disagreement) String() string {
	g := d.Agreement
	text := fmt.Sprintf("%d of %d connections disagree", g.Disagreed, g.Wire)
	if d.Missed > 0 {
		text += fmt.Sprintf(", and the path's record missed %d packets", d.Missed)
	}
	for _, c := range g.Disagreements[:min(len(g.Disagreements), maxListed)] {
		text += fmt.Sprintf("; port %d: %s (wire: %s; fleet: %s; server: %s)",
			c.ClientPort, c.What, cmp.Or(c.Wire, "nothing"), cmp.Or(c.Fleet, "nothing"), cmp.Or(c.Server, "nothing"))
	}
	if more := g.Disagreed - int64(maxListed); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
