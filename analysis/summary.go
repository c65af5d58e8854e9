package analysis

import (
	"slices"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Summary is the sum of the valid cells of one point. Counts and histograms are added
// over the rounds; a share is never averaged over cells. A point without a valid cell
// has a summary too, with Cells = 0 and the reasons. The second cells of A/A pairs are
// not in it: see Noise.
type Summary struct {
	results.Point
	Cells   int            // valid cells added
	Rounds  int            // rounds on record, valid or not
	Retries int            // invalid tries that a valid try of the same round replaced
	Invalid []InvalidRound // rounds without a valid try

	Attempts int64
	Outcomes results.Counts
	Rejected int64 // rejections, as in results.Cell
	// Delivered is the share of rejections whose whole 503 the client's code read. Its
	// interval, as that of every share of a summary, comes from the rounds: see ShareOf.
	Delivered stats.Share
	// ThenReset is the share of rejections that were delivered and followed by a reset.
	ThenReset stats.Share
	// Unread is the share of delivered answers that a system which discards received
	// data on a reset would have lost too.
	Unread stats.Share

	Response results.Percentiles // from due to the first byte of the answer, in milliseconds, of delivered attempts
	End      results.Percentiles // from due to the end of the attempt, in milliseconds, of all attempts
	// Times are the distributions behind Response and End, by "answer" and by the
	// names of outcomes; empty where the cells have no histograms.
	Times map[string]*Distribution
	// ResponseCurve is the distribution behind Response; empty where a cell has no
	// histogram of it.
	ResponseCurve []Quantile

	TCP map[string]int64 // increase of each kernel counter in the server's namespace, by name

	// TLSEnds is the number of attempts by the end of their TLS stream; nil where no
	// cell reports it.
	TLSEnds results.TLSCounts

	Cost
	// Accepted is the number of connections in the server's ledger; 0 for a server
	// without one, whose PeakOpen and BytesDrained are unknown.
	Accepted int64
	PeakOpen int // the most connections open at once in any cell

	HandshakeMs results.Percentiles // round trip of the handshake, in milliseconds
	PathLateMs  results.Percentiles // how much later than due packets were released, in milliseconds
	Ledger      results.Ledger
	// Path is the sum of what the path did to packets. Its percentiles are in PathLateMs.
	Path results.Path
	// Wire is the sum of what the path recorded of the connections; nil where no cell
	// has a complete record.
	Wire          *results.Wire
	Disagreements []Disagreement // of all cells, in order of round and try

	// Warnings names what in the records could not be used.
	Warnings []string

	// Dispersion is that of the delivered shares of the rounds; unknown with fewer than
	// two rounds, and where all or none were delivered.
	Dispersion stats.Dispersion
	// EffectiveN is the number of independent rejections that the rejections are worth;
	// 0 where Delivered has no interval.
	EffectiveN float64

	cells         []*results.Cell  // that were added
	pooled        bool             // of several points, so that no share has an interval
	runDispersion stats.Dispersion // mean of the points of the run; unknown for a point alone
}

// InvalidRound is a round of a point in which no try was valid.
type InvalidRound struct {
	Round  int    // number of the round, from 0
	Tries  int    // number of tries
	Reason string // reason of the last try
}

// Valid reports whether the point has a valid cell.
func (s *Summary) Valid() bool { return s.Cells > 0 }

// CountRounds adds up the rounds of points on record, those without a valid try, and
// the invalid tries that a valid one replaced.
func CountRounds(summaries []*Summary) (rounds, invalid, retries int) {
	for _, s := range summaries {
		rounds += s.Rounds
		invalid += len(s.Invalid)
		retries += s.Retries
	}
	return rounds, invalid, retries
}

// HasShare reports whether the point has a valid cell and a delivered share.
func (s *Summary) HasShare() bool { return s.Valid() && s.Delivered.Known() }

// HasLedger reports whether the server has a ledger of its connections.
func (s *Summary) HasLedger() bool { return s.Accepted > 0 }

// summarizePoints returns the summary of every point. The strategies of the same
// conditions are adjacent. Names have the order of the manifest's vocabularies.
func summarizePoints(points []PointCells, m *results.Manifest) []*Summary {
	var names results.PointOrder
	if m != nil {
		names = m.PointOrder()
	}
	var summaries []*Summary
	run := RunDispersion(points)
	for _, g := range points {
		if len(g.Rounds) > 0 {
			summaries = append(summaries, summarize(g.Point, g.Rounds, run))
		}
	}
	slices.SortFunc(summaries, func(a, b *Summary) int { return results.ComparePoints(&a.Point, &b.Point, names) })
	return summaries
}

// twins returns the summaries of the second cells of A/A pairs, which are in no figure
// but count for validity.
func twins(points []PointCells) []*Summary {
	var summaries []*Summary
	run := RunDispersion(points)
	for _, g := range points {
		if len(g.Twins) > 0 {
			summaries = append(summaries, summarize(g.Point, g.Twins, run))
		}
	}
	return summaries
}

// summarize adds the rounds of one point of a run with a mean dispersion.
func summarize(p results.Point, rounds []Round, run stats.Dispersion) *Summary {
	s := &Summary{Point: p, TCP: map[string]int64{}, runDispersion: run}
	s.countRounds(rounds)
	cells := validOf(rounds)
	s.Cells, s.cells = len(cells), cells
	for _, c := range cells {
		s.Attempts += c.Attempts
		s.Outcomes.Add(c.Outcomes)
		s.Rejected += c.Rejected
		s.addRecords(c.TCP, c.TLSEnds, c.Ledger, c.Path, c.Wire)
		s.Accepted += c.Server.Accepted
		s.PeakOpen = max(s.PeakOpen, c.Server.PeakOpen)
	}
	s.Dispersion = stats.RoundsDispersion(countsOf(cells, deliveredOf))
	s.Delivered = s.ShareOf(deliveredOf)
	s.EffectiveN = s.Delivered.EffectiveN
	s.ThenReset = s.ShareOf(func(c *results.Cell) (k, n int64) { return c.Outcomes[results.DeliveredThenReset], c.Rejected })
	s.Unread = s.ShareOf(func(c *results.Cell) (k, n int64) { return c.UnreadAtReset, c.Delivered })
	s.Cost = CostOf(cells)
	s.PathLateMs = combineOf(cells, func(c *results.Cell) results.Percentiles { return c.Path.LateMs })
	s.HandshakeMs = combineOf(cells, func(c *results.Cell) results.Percentiles { return c.HandshakeMs })
	s.mergeLatency(cells)
	return s
}

// countRounds counts rounds and tries, and lists those that are invalid or in which
// the records disagree.
func (s *Summary) countRounds(rounds []Round) {
	s.Rounds = len(rounds)
	for _, r := range rounds {
		s.Disagreements = append(s.Disagreements, disagreementsOf(r.Tries)...)
		if r.counted() == nil {
			s.Invalid = append(s.Invalid, InvalidRound{Round: r.Number, Tries: len(r.Tries), Reason: r.InvalidReason()})
			continue
		}
		for _, c := range r.Tries {
			if !c.Valid {
				s.Retries++
			}
		}
	}
}

// notAdmitted returns the number of attempts that were not admitted. Losses are shares
// of it, so that they are comparable with those of servers without a ledger.
func (s *Summary) notAdmitted() int64 { return s.Attempts - s.Outcomes[results.Admitted] }

// Loss is an outcome without a whole answer, with its share of the attempts not admitted.
type Loss struct {
	Outcome results.Outcome
	Share   stats.Share
}

// Losses returns the outcomes without a whole answer, the most frequent first.
func (s *Summary) Losses() []Loss {
	var losses []Loss
	for o, n := range s.Outcomes {
		o := results.Outcome(o)
		if n > 0 && o != results.Admitted && !o.IsDelivered() {
			losses = append(losses, Loss{o, s.shareOf(n, s.notAdmitted(), func(c *results.Cell) (k, n int64) {
				return c.Outcomes[o], c.Attempts - c.Outcomes[results.Admitted]
			})})
		}
	}
	slices.SortStableFunc(losses, func(a, b Loss) int { return int(b.Share.K - a.Share.K) })
	return losses
}
