package analysis

import (
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
func doubtsOf(cells []results.Cell) []Doubt {
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
// Percentiles are combined as those of other histograms that are not on record.
func addWire(all, w *results.Wire) *results.Wire {
	if w == nil || w.Missed > 0 {
		return all
	}
	if all == nil {
		all = &results.Wire{Resets: map[string]int64{}, Fates: map[string]int64{}, FateOutcomes: map[string]map[string]int64{}}
	}
	all.Packets += w.Packets
	all.Connections += w.Connections
	addCounts(all.Resets, w.Resets)
	all.ResetsSent += w.ResetsSent
	all.ResetsLost += w.ResetsLost
	all.Rejections += w.Rejections
	addCounts(all.Fates, w.Fates)
	for fate, outcomes := range w.FateOutcomes {
		if all.FateOutcomes[fate] == nil {
			all.FateOutcomes[fate] = map[string]int64{}
		}
		addCounts(all.FateOutcomes[fate], outcomes)
	}
	all.Retransmitted += w.Retransmitted
	all.ArrivedAfterReset += w.ArrivedAfterReset
	all.AnswerToResetMs = combine([]results.Percentiles{all.AnswerToResetMs, w.AnswerToResetMs})
	all.BytesAfterAnswer = combine([]results.Percentiles{all.BytesAfterAnswer, w.BytesAfterAnswer})
	all.BytesAfterArrival = combine([]results.Percentiles{all.BytesAfterArrival, w.BytesAfterArrival})
	all.Agreement.Wire += w.Agreement.Wire
	all.Agreement.Fleet += w.Agreement.Fleet
	all.Agreement.Server += w.Agreement.Server
	all.Agreement.Agreed += w.Agreement.Agreed
	all.Agreement.NeverAccepted += w.Agreement.NeverAccepted
	all.Agreement.Disagreed += w.Agreement.Disagreed
	return all
}

func addCounts(all, some map[string]int64) {
	for name, n := range some {
		all[name] += n
	}
}

// Fate is the share of rejections whose answer had this fate; not known where
// no path kept a record.
func (s *Summary) Fate(f results.Fate) Share {
	if s.Wire == nil {
		return Share{}
	}
	return NewShare(s.Wire.Fates[f.String()], s.Wire.Rejections)
}

// lostAs is the share of the answers that were not read which had this fate.
func (s *Summary) lostAs(f results.Fate) Share {
	if s.Wire == nil {
		return Share{}
	}
	return NewShare(s.Wire.Fates[f.String()], s.Wire.Rejections-s.Wire.Fates[results.Read.String()])
}

// witnessed tells whether a path kept a record of the point.
func (s *Summary) witnessed() bool { return s.Wire != nil }
