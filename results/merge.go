package results

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Merge joins runs of several machines, or of one machine at several times, into
// one run. Valid cells of the same point, round and twin mark become one cell: their
// counts and histograms are added, and shares, intervals and percentiles are
// computed from the sums, never averaged. Invalid tries, and cells that are alone,
// stay as they are. The cells are returned in order of time. The cells do not depend
// on the order of the runs.
//
// Where a figure has no histograms, its percentiles are combined: see
// CombinePercentiles. Seconds are added, so attempts per second are those of one
// machine. Try and peaks are the largest of any cell.
//
// Merge fails for a run that is part of another one, whose attempts would count
// twice, and with a *LineError for a histogram that cannot be read.
func Merge(runs []*Run) (Manifest, []Cell, error) {
	if len(runs) == 0 {
		return Manifest{}, nil, errors.New("no runs to merge")
	}
	m, err := mergeManifests(runs)
	if err != nil {
		return Manifest{}, nil, err
	}
	var cells []Cell
	sources := map[mergeKey][]sourceCell{}
	for _, r := range runs {
		for i := range r.Cells {
			c := &r.Cells[i]
			if !c.Valid {
				cells = append(cells, *c)
				continue
			}
			key := keyOf(c)
			sources[key] = append(sources[key], sourceCell{c, r.Dir, r.line(i)})
		}
	}
	for _, group := range sources {
		// A fixed order makes floating-point sums independent of the order of the runs.
		slices.SortStableFunc(group, func(a, b sourceCell) int { return compareCells(a.cell, b.cell) })
		c, err := mergeCells(group)
		if err != nil {
			return Manifest{}, nil, err
		}
		cells = append(cells, c)
	}
	slices.SortStableFunc(cells, func(a, b Cell) int { return compareCells(&a, &b) })
	return m, cells, nil
}

// mergeKey is what cells that are added have in common.
type mergeKey struct {
	point Point
	round int
	twin  bool
}

// Repeated returns the number of valid cells that repeat the point, the round and the
// twin mark of an earlier valid cell. It is above 0 for a file of records that holds
// another one twice, or that was joined from several. A try after an invalid one
// repeats nothing.
func (r *Run) Repeated() (n int) {
	seen := map[mergeKey]bool{}
	for i := range r.Cells {
		if c := &r.Cells[i]; c.Valid {
			if seen[keyOf(c)] {
				n++
			}
			seen[keyOf(c)] = true
		}
	}
	return n
}

func keyOf(c *Cell) mergeKey { return mergeKey{c.Point.Key(), c.Round, c.Twin} }

// compareCells orders cells by time, then by round, point, try and attempts.
func compareCells(a, b *Cell) int {
	return cmp.Or(
		a.Started.Compare(b.Started),
		cmp.Compare(a.Round, b.Round),
		ComparePoints(&a.Point, &b.Point, nil),
		cmp.Compare(a.Try, b.Try),
		cmp.Compare(a.Attempts, b.Attempts),
	)
}

// sourceCell is a cell to merge, with the place of its record.
type sourceCell struct {
	cell *Cell
	dir  string
	line int
}

func (s sourceCell) errorf(format string, args ...any) error {
	return &LineError{File: filepath.Join(s.dir, CellsFile), Line: s.line, Err: fmt.Errorf(format, args...)}
}

// mergeCells adds the cells of one key.
func mergeCells(group []sourceCell) (Cell, error) {
	if len(group) == 1 {
		return *group[0].cell, nil
	}
	first := group[0].cell
	all := *first
	all.Schema = Schema // as of this program, which writes it
	all.Try, all.Attempts, all.Outcomes = 0, 0, Counts{}
	all.Rejected, all.Delivered, all.UnreadAtReset, all.Seconds = 0, 0, 0, 0
	all.TCP, all.Wire = map[string]int64{}, nil
	all.TLSEnds, all.Errors = nil, nil
	all.Server, all.Path, all.Ledger, all.TimeWait = Server{Ends: map[string]int64{}}, Path{}, Ledger{}, TimeWait{}
	var handshake, hold, late []Percentiles
	var cpu, pathCPU float64
	effective := new(float64)
	for _, s := range group {
		c := s.cell
		all.Started = earlier(all.Started, c.Started)
		all.Try = max(all.Try, c.Try)
		all.Attempts += c.Attempts
		all.Outcomes.Add(c.Outcomes)
		all.Rejected += c.Rejected
		all.Delivered += c.Delivered
		all.UnreadAtReset += c.UnreadAtReset
		all.Seconds += c.Seconds
		if all.Attempts > mostCount || all.Rejected > mostCount {
			return Cell{}, s.errorf("the counts of this cell and of those it is merged with are too large to add")
		}
		addCounts(all.TCP, c.TCP)
		all.TLSEnds = AddTLSCounts(all.TLSEnds, c.TLSEnds)
		if c.Errors != nil {
			all.Errors = sumCounts(all.Errors, c.Errors)
		}
		all.Server.add(c.Server)
		all.Path.Add(c.Path)
		all.Ledger.Add(c.Ledger)
		all.TimeWait.Client += c.TimeWait.Client
		all.TimeWait.Server += c.TimeWait.Server
		all.Wire = AddWire(all.Wire, c.Wire)
		effective = addEffective(effective, c.EffectiveN)
		handshake, hold, late = append(handshake, c.HandshakeMs), append(hold, c.Server.HoldMs), append(late, c.Path.LateMs)
		cpu += c.Server.CPUUsPerRejection * float64(c.CPURejections())
		pathCPU += c.Path.CPUUsPacket * float64(c.Path.Packets)
	}
	all.HandshakeMs, all.Server.HoldMs, all.Path.LateMs = CombinePercentiles(handshake), CombinePercentiles(hold), CombinePercentiles(late)
	all.Server.CPUUsPerRejection = mean(cpu, all.CPURejections())
	all.Path.CPUUsPacket = mean(pathCPU, all.Path.Packets)
	all.Dispersion, all.EffectiveN, all.CPU = nil, effective, nil
	all.SetShare()
	return all, all.mergeLatency(group)
}

// CPURejections returns the number of rejections that Server.CPUUsPerRejection is a
// mean over: those in the server's ledger, or without a ledger Rejected.
func (c *Cell) CPURejections() int64 {
	if c.Server.Rejected > 0 {
		return c.Server.Rejected
	}
	return c.Rejected
}

func (s *Server) add(o Server) {
	s.Accepted += o.Accepted
	s.Admitted += o.Admitted
	s.Rejected += o.Rejected
	s.PeakOpen = max(s.PeakOpen, o.PeakOpen)
	s.BytesDrained += o.BytesDrained
	s.UnreadAtClose += o.UnreadAtClose
	addCounts(s.Ends, o.Ends)
}

// Add adds the counts of another path. The kinds are joined, each once; an empty kind
// adds none. Percentiles and means are not changed: they are no sums.
func (p *Path) Add(o Path) {
	kinds := slices.DeleteFunc(strings.Split(p.Kind+pathSeparator+o.Kind, pathSeparator), func(k string) bool { return k == "" })
	p.Kind = joinDistinct(pathSeparator, kinds...)
	p.Packets += o.Packets
	p.Dropped += o.Dropped
	p.QueueDrops += o.QueueDrops
	p.FaultDrops += o.FaultDrops
	p.Duplicated += o.Duplicated
	p.Reordered += o.Reordered
	p.RingDrops += o.RingDrops
	p.SendErrors += o.SendErrors
}

// Add adds the counts of another agreement.
func (l *Ledger) Add(o Ledger) {
	l.Matched += o.Matched
	l.FleetOnly += o.FleetOnly
	l.ServerOnly += o.ServerOnly
}

// addEffective adds the effective numbers of independent parts; nil is unknown.
func addEffective(a, b *float64) *float64 {
	if a == nil || b == nil {
		return nil
	}
	sum := *a + *b
	return &sum
}

// SetShare sets the delivered share from the counts, and its interval if EffectiveN is
// known.
func (c *Cell) SetShare() {
	c.DeliveredShare, c.DeliveredLow, c.DeliveredHigh = nil, nil, nil
	if c.Rejected == 0 {
		return
	}
	share := float64(c.Delivered) / float64(c.Rejected)
	c.DeliveredShare = &share
	if c.EffectiveN != nil {
		low, high := Wilson(share**c.EffectiveN, *c.EffectiveN, Z95)
		c.DeliveredLow, c.DeliveredHigh = &low, &high
	}
}

func mean(sum float64, n int64) float64 {
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func addCounts(all, some map[string]int64) {
	for name, n := range some {
		all[name] += n
	}
}
