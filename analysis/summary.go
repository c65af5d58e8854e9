package analysis

import (
	"slices"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Summary is what the valid cells of one point say together. Counts are added
// and histograms merged over the rounds; a rate is never averaged over cells.
// A point without a valid cell keeps its place, with Cells = 0 and the reasons.
// The second cells of A/A pairs are in none of it: see Noise.
type Summary struct {
	results.Point
	Cells   int // valid cells merged
	Rounds  int // rounds on record, valid or not
	Retries int // invalid tries that a later valid try of the same round replaced
	Invalid []InvalidRound

	Attempts int64
	Outcomes results.Counts
	Rejected int64 // in the server's ledger
	// Delivered is the share of rejections whose 503 reached the client's code.
	Delivered stats.Share
	// ThenReset is the share of rejections delivered whole, with a reset after it.
	ThenReset stats.Share
	// Unread is the share of delivered answers that a client system which
	// discards received data on a reset would have lost too.
	Unread stats.Share

	Response results.Percentiles // ms from due to the answer's first byte, delivered attempts
	End      results.Percentiles // ms from due to the attempt's end, all attempts
	// Times are the distributions behind Response and End, by AnswerTime and the
	// names of outcomes; empty where the cells have no histograms.
	Times map[string]*Distribution
	// ResponseCurve is the whole distribution behind Response; empty where a cell
	// has no histogram of it.
	ResponseCurve []Quantile

	TCP map[string]int64 // counter name to sum of deltas in the server's namespace

	// TLSEnds is how TLS streams ended; nil where no cell tells.
	TLSEnds results.TLSCounts

	// CPUUs is the server's CPU time in microseconds a rejection, over all
	// cells' rejections together.
	CPUUs float64
	// HoldMs is accept to close of a rejected connection. Its mean is the
	// descriptor-milliseconds a rejection costs.
	HoldMs        results.Percentiles
	PeakOpen      int // the largest of any cell
	BytesDrained  int64
	UnreadAtClose int64 // rejections closed while received data was unread
	Ends          map[string]int64

	HandshakeMs results.Percentiles
	PathLateMs  results.Percentiles
	Ledger      results.Ledger
	// Path adds up what the path did to packets; its percentiles are PathLateMs.
	Path results.Path
	// Wire is what the path saw of the connections; nil where no cell has a
	// whole record.
	Wire   *results.Wire
	Doubts []Doubt // of all cells, by round and try

	// Warnings says what in the records could not be used.
	Warnings []string
}

// InvalidRound is a round of a point in which no try was valid.
type InvalidRound struct {
	Round  int
	Tries  int
	Reason string // of the last try
}

// Valid tells whether the point has anything to show.
func (s *Summary) Valid() bool { return s.Cells > 0 }

// Summarize sums up every point of a run. The points come back with the
// strategies of the same conditions side by side, names in the order of the
// manifest's vocabularies; a nil manifest orders them by alphabet.
func Summarize(cells []results.Cell, m *results.Manifest) []*Summary {
	var names results.PointOrder
	if m != nil {
		names = m.PointOrder()
	}
	var summaries []*Summary
	for _, g := range Group(cells) {
		if len(g.Rounds) > 0 {
			summaries = append(summaries, summarize(g.Point, g.Rounds))
		}
	}
	slices.SortFunc(summaries, func(a, b *Summary) int { return results.ComparePoints(&a.Point, &b.Point, names) })
	return summaries
}

// twins sums up the second cells of A/A pairs as if they were points of
// their own: they are in no figure, and count where validity is said.
func twins(cells []results.Cell) []*Summary {
	var summaries []*Summary
	for _, g := range Group(cells) {
		if len(g.Twins) > 0 {
			summaries = append(summaries, summarize(g.Point, g.Twins))
		}
	}
	return summaries
}

// summarize adds up the rounds of one point.
func summarize(p results.Point, rounds []Round) *Summary {
	s := &Summary{Point: p, Rounds: len(rounds), TCP: map[string]int64{}, Ends: map[string]int64{}}
	for _, r := range rounds {
		s.Doubts = append(s.Doubts, doubtsOf(r.Tries)...)
		if r.Valid() == nil {
			s.Invalid = append(s.Invalid, InvalidRound{Round: r.Number, Tries: len(r.Tries), Reason: r.InvalidReason()})
			continue
		}
		for _, c := range r.Tries {
			if !c.Valid {
				s.Retries++
			}
		}
	}
	cells := validOf(rounds)
	s.Cells = len(cells)

	var delivered, unread int64
	var cpu float64
	hold := make([]results.Percentiles, 0, len(cells))
	late := make([]results.Percentiles, 0, len(cells))
	handshake := make([]results.Percentiles, 0, len(cells))
	for _, c := range cells {
		s.Attempts += c.Attempts
		s.Outcomes.Add(c.Outcomes)
		s.Rejected += c.Rejected
		delivered += c.Delivered
		unread += c.UnreadAtReset
		for name, delta := range c.TCP {
			s.TCP[name] += delta
		}
		s.TLSEnds = addTLSEnds(s.TLSEnds, c.TLSEnds)
		for end, n := range c.Server.Ends {
			s.Ends[end] += n
		}
		cpu += c.Server.CPUUsPerRejection * float64(c.Rejected)
		s.PeakOpen = max(s.PeakOpen, c.Server.PeakOpen)
		s.BytesDrained += c.Server.BytesDrained
		s.UnreadAtClose += c.Server.UnreadAtClose
		s.Ledger.Matched += c.Ledger.Matched
		s.Ledger.FleetOnly += c.Ledger.FleetOnly
		s.Ledger.ServerOnly += c.Ledger.ServerOnly
		s.Path.Packets += c.Path.Packets
		s.Path.Dropped += c.Path.Dropped
		s.Path.QueueDrops += c.Path.QueueDrops
		s.Path.FaultDrops += c.Path.FaultDrops
		s.Path.Duplicated += c.Path.Duplicated
		s.Path.Reordered += c.Path.Reordered
		s.Wire = addWire(s.Wire, c.Wire)
		hold = append(hold, c.Server.HoldMs)
		late = append(late, c.Path.LateMs)
		handshake = append(handshake, c.HandshakeMs)
	}
	s.Delivered = stats.NewShare(delivered, s.Rejected)
	s.ThenReset = stats.NewShare(s.Outcomes[results.DeliveredThenReset], s.Rejected)
	s.Unread = stats.NewShare(unread, delivered)
	if s.Rejected > 0 {
		s.CPUUs = cpu / float64(s.Rejected)
	}
	s.HoldMs, s.PathLateMs, s.HandshakeMs = results.CombinePercentiles(hold), results.CombinePercentiles(late), results.CombinePercentiles(handshake)
	s.mergeLatency(cells)
	return s
}

// NotAdmitted is the number of attempts that did not get the service: what the
// shares of losses are of, so that they stand beside servers without a ledger too.
func (s *Summary) NotAdmitted() int64 { return s.Attempts - s.Outcomes[results.Admitted] }

// Loss is one outcome without a whole answer, as a share of the attempts not admitted.
type Loss struct {
	Outcome results.Outcome
	Share   stats.Share
}

// Losses returns the outcomes in which attempts got no whole answer, the most frequent first.
func (s *Summary) Losses() []Loss {
	var losses []Loss
	for o, n := range s.Outcomes {
		o := results.Outcome(o)
		if n > 0 && o != results.Admitted && !o.IsDelivered() {
			losses = append(losses, Loss{o, stats.NewShare(n, s.NotAdmitted())})
		}
	}
	slices.SortStableFunc(losses, func(a, b Loss) int { return int(b.Share.K - a.Share.K) })
	return losses
}
