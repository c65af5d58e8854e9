package analysis

import (
	"cmp"
	"slices"

	"github.com/rejectbench/rejectbench/results"
)

// Summary is what the valid cells of one point say together. Counts are added
// and histograms merged over the rounds; a rate is never averaged over cells.
// A point without a valid cell keeps its place, with Cells = 0 and the reasons.
// The second cells of A/A pairs are in none of it: see Noise.
type Summary struct {
	Point
	Cells   int // valid cells merged
	Rounds  int // rounds on record, valid or not
	Retries int // invalid tries that a later valid try of the same round replaced
	Invalid []InvalidRound

	Attempts int64
	Outcomes results.Counts
	Rejected int64 // in the server's ledger
	// Delivered is the share of rejections whose 503 reached the client's code.
	Delivered Share
	// ThenReset is the share of rejections delivered whole, with a reset after it.
	ThenReset Share
	// Unread is the share of delivered answers that a client system which
	// discards received data on a reset would have lost too.
	Unread Share

	Response results.Percentiles // ms from due to the answer's first byte, delivered attempts
	End      results.Percentiles // ms from due to the attempt's end, all attempts
	// ResponseCurve is the whole distribution behind Response; empty when the
	// cells carry no histograms.
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

// Summarize groups cells by point and merges the valid ones. The points come
// back with the strategies of the same conditions side by side, names in the
// order of the manifest's vocabularies; a nil manifest orders them by alphabet.
func Summarize(cells []results.Cell, m *results.Manifest) []*Summary {
	var strategies, clients order
	if m != nil {
		strategies, clients = newOrder(m.Strategies), newOrder(m.Clients)
	}
	return summarize(cells, strategies, clients, func(c *results.Cell) bool { return !c.Twin })
}

// twins summarizes the second cells of A/A pairs alone, as if they were points of
// their own: they are in no figure, and count where validity is said.
func twins(cells []results.Cell) []*Summary {
	return summarize(cells, nil, nil, func(c *results.Cell) bool { return c.Twin })
}

func summarize(cells []results.Cell, strategies, clients order, keep func(*results.Cell) bool) []*Summary {
	byPoint := map[Point][]results.Cell{}
	for i := range cells {
		if c := &cells[i]; keep(c) {
			p := PointOf(*c)
			byPoint[p] = append(byPoint[p], *c)
		}
	}
	summaries := make([]*Summary, 0, len(byPoint))
	for p, group := range byPoint {
		summaries = append(summaries, merge(p, group))
	}
	slices.SortFunc(summaries, func(a, b *Summary) int {
		return comparePoints(a.Point, b.Point, strategies, clients)
	})
	return summaries
}

// merge combines the cells of one point.
func merge(p Point, cells []results.Cell) *Summary {
	s := &Summary{Point: p, TCP: map[string]int64{}, Ends: map[string]int64{}}
	s.countRounds(cells)
	// One order for sums of floating-point numbers, whatever order the rounds ran in.
	cells = slices.Clone(cells)
	slices.SortStableFunc(cells, func(a, b results.Cell) int {
		return cmp.Or(a.Round-b.Round, a.Try-b.Try, a.Started.Compare(b.Started))
	})
	s.Doubts = doubtsOf(cells)
	cells = slices.DeleteFunc(cells, func(c results.Cell) bool { return !c.Valid })
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
	s.Delivered = NewShare(delivered, s.Rejected)
	s.ThenReset = NewShare(s.Outcomes[results.DeliveredThenReset], s.Rejected)
	s.Unread = NewShare(unread, delivered)
	if s.Rejected > 0 {
		s.CPUUs = cpu / float64(s.Rejected)
	}
	s.HoldMs, s.PathLateMs, s.HandshakeMs = combine(hold), combine(late), combine(handshake)
	s.mergeLatency(cells)
	return s
}

// countRounds sorts the invalid tries into those a later valid try replaced
// and rounds that stayed invalid.
func (s *Summary) countRounds(cells []results.Cell) {
	byRound := map[int][]results.Cell{}
	for _, c := range cells {
		byRound[c.Round] = append(byRound[c.Round], c)
	}
	s.Rounds = len(byRound)
	for round, tries := range byRound {
		slices.SortStableFunc(tries, func(a, b results.Cell) int { return a.Try - b.Try })
		if slices.ContainsFunc(tries, func(c results.Cell) bool { return c.Valid }) {
			for _, c := range tries {
				if !c.Valid {
					s.Retries++
				}
			}
			continue
		}
		reason := tries[len(tries)-1].InvalidReason
		if reason == "" {
			reason = "no reason on record"
		}
		s.Invalid = append(s.Invalid, InvalidRound{Round: round, Tries: len(tries), Reason: reason})
	}
	slices.SortFunc(s.Invalid, func(a, b InvalidRound) int { return a.Round - b.Round })
}

// NotAdmitted is the number of attempts that did not get the service: what the
// shares of losses are of, so that they stand beside servers without a ledger too.
func (s *Summary) NotAdmitted() int64 { return s.Attempts - s.Outcomes[results.Admitted] }

// Loss is one outcome without a whole answer, as a share of the attempts not admitted.
type Loss struct {
	Outcome results.Outcome
	Share   Share
}

// Losses returns the outcomes in which attempts got no whole answer, the most frequent first.
func (s *Summary) Losses() []Loss {
	var losses []Loss
	for o, n := range s.Outcomes {
		o := results.Outcome(o)
		if n > 0 && o != results.Admitted && !o.IsDelivered() {
			losses = append(losses, Loss{o, NewShare(n, s.NotAdmitted())})
		}
	}
	slices.SortStableFunc(losses, func(a, b Loss) int { return int(b.Share.K - a.Share.K) })
	return losses
}
