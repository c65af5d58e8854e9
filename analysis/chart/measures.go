package chart

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// measureChart is a chart over the x axis of several figures of a point: one picture
// for each row of the facets, with a row of panels for each measure.
type measureChart struct {
	name, title, caption string
	subtitle             string // what the bars are; empty where there are none
	log                  bool   // whether the y axis is logarithmic; otherwise it is in percent
	empty                string // the note in a panel without data
	omitted              string // why points are left out
	measures             []measure
}

// measure is a figure of a point.
type measure struct {
	label, y string // its name in the title of a panel, and the title of its axis
	of       value
}

// figures draws the chart. It leaves out measures that no point of a picture has, and
// pictures without any, unless all is true.
func (m measureChart) figures(f *facets, all bool) []*figure.Figure {
	var figures []*figure.Figure
	for _, row := range f.rows {
		of := analysis.Where(f.summaries, func(s *analysis.Summary) bool { return f.holds(row, s.Point) })
		var shown []measure
		for _, one := range m.measures {
			if all || analysis.Any(of, one.known) {
				shown = append(shown, one)
			}
		}
		if len(shown) == 0 {
			continue
		}
		drawn := map[string]bool{}
		var panels [][]*plot.Plot
		for i, one := range shown {
			panels = append(panels, m.panels(f, row, of, one, i == len(shown)-1, drawn))
		}
		title := m.title
		if row.description != "" {
			title += ": " + row.description
		}
		var extra []string
		if m.subtitle != "" {
			extra = append(extra, m.subtitle)
		}
		figures = append(figures, &figure.Figure{
			Name:     m.name + fileSuffix(row.description),
			Title:    title,
			Subtitle: f.conditions(extra...),
			Caption:  m.caption,
			Panels:   panels, Legend: f.strategyLegend(drawn),
			Notes: f.omissions(of, func(s *analysis.Summary) bool {
				for _, one := range shown {
					if one.known(s) {
						return true
					}
				}
				return false
			}, m.omitted),
			PanelWidth: f.panelWidth(), PanelHeight: 160,
		})
	}
	return figures
}

// known reports whether a valid point has the measure.
func (m measure) known(s *analysis.Summary) bool {
	_, ok := m.of(0, s)
	return ok && s.Valid()
}

// panels makes the row of panels of one measure. Its logarithmic axes have one range.
func (m measureChart) panels(f *facets, row facetRow, of []*analysis.Summary, one measure, last bool, drawn map[string]bool) []*plot.Plot {
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range analysis.Where(of, one.known) {
		sample, _ := one.of(0, s)
		low, high = min(low, sample.Low), max(high, sample.High)
	}
	var line []*plot.Plot
	columns := distinct(of, f.column) // a row may lack some
	for j, column := range columns {
		labelX, labelY := "", ""
		if last {
			labelX = axisTitle(f.x)
		}
		if j == 0 {
			labelY = one.y
		}
		p := figure.NewPanel(one.label+", "+f.columnTitle(column), labelX, labelY)
		switch {
		case !m.log:
			figure.PercentAxis(&p.Y, 0)
		case low <= high:
			pad := max((high-low)*0.08, 0.05)
			p.Y.Min, p.Y.Max, p.Y.Tick.Marker = low-pad, high+pad, figure.LogTicks{}
		}
		points := f.panel(row, column)
		if !f.addValues(p, points, drawn, one.of) {
			explainEmpty(p, points, m.empty)
		}
		line = append(line, p)
	}
	return line
}

// resetPlots shows the resets that the server's kernel sent per rejection, by cause.
func resetPlots(f *facets) []*figure.Figure {
	name := "resets"
	if f.x.Name != "rtt" {
		name += "-by-" + f.x.Name
	}
	return measureChart{
		name: name, title: "Resets the server's kernel sent, by cause and " + strings.ToLower(f.x.Label),
		subtitle: "bars: 95% intervals from the rounds", empty: "nothing was rejected", omitted: "Without a rejection",
		caption: fmt.Sprintf("Above: %s, a reset because close met unread data. Below: %s, a reset because data came after close, or because SO_LINGER was 0. Both are counted by the kernel in the server's namespace, against rejections in the server's ledger.", results.AbortOnClose, results.AbortOnData),
		measures: []measure{
			{"close met unread data", "resets (% of rejections)", shareOf(resetShare(results.AbortOnClose))},
			{"data after close, or SO_LINGER 0", "resets (% of rejections)", shareOf(resetShare(results.AbortOnData))},
		},
	}.figures(f, true)
}

// latencyPlots shows the time to a delivered answer, and beside it that of admitted
// requests where the server admitted some.
func latencyPlots(f *facets) []*figure.Figure {
	rejections := times{func(s *analysis.Summary) results.Percentiles { return s.Response }, (*analysis.Summary).ResponseIntervals}
	admitted := times{func(s *analysis.Summary) results.Percentiles { return s.EndOf(results.Admitted) },
		func(s *analysis.Summary) analysis.Intervals { return s.EndIntervals(results.Admitted) }}
	return measureChart{
		name: "latency-by-" + f.x.Name, title: "Time until the answer, by " + strings.ToLower(f.x.Label),
		subtitle: "bars: 95% intervals from the rounds",
		log:      true, empty: "no answer was delivered", omitted: "Without a delivered answer",
		caption: "The median and the 99th percentile of the time from when an attempt was due: of rejections until the first byte of a delivered answer, of admitted requests, where there were any, until their end. All rounds are merged.",
		measures: []measure{
			{"rejections, p50", "ms (log scale)", rejections.value(analysis.P50, analysis.P50Interval)},
			{"admitted, p50", "ms (log scale)", admitted.value(analysis.P50, analysis.P50Interval)},
			{"rejections, p99", "ms (log scale)", rejections.value(analysis.P99, analysis.P99Interval)},
			{"admitted, p99", "ms (log scale)", admitted.value(analysis.P99, analysis.P99Interval)},
		},
	}.figures(f, false)
}

// costPlots shows what a rejection costs the server.
func costPlots(f *facets) []*figure.Figure {
	return measureChart{
		name: "cost-by-" + f.x.Name, title: "What a rejection costs the server, by " + strings.ToLower(f.x.Label),
		log: true, empty: "no rejection, or no record of its cost", omitted: "Without a rejection, or without its cost",
		caption: "Above: the mean time from accept to close of a rejected connection, which is the descriptor-milliseconds that one rejection costs. Below: the server's CPU time per rejection.",
		measures: []measure{
			{"descriptor held", "ms per rejection (log scale)", func(x float64, s *analysis.Summary) (figure.Sample, bool) {
				return logSample(x, s.HoldMs.Mean), s.HoldMs.Count > 0
			}},
			{"CPU time", "us per rejection (log scale)", func(x float64, s *analysis.Summary) (figure.Sample, bool) {
				return logSample(x, s.CPUUs), s.CPUUs > 0
			}},
		},
	}.figures(f, false)
}

// times are the times of a point that a chart shows, with their intervals.
type times struct {
	of        func(*analysis.Summary) results.Percentiles
	intervals func(*analysis.Summary) analysis.Intervals
}

// value is the value of a percentile on a logarithmic axis, with its interval.
func (t times) value(pick func(results.Percentiles) float64, bounds func(analysis.Intervals) analysis.Interval) value {
	return func(x float64, s *analysis.Summary) (figure.Sample, bool) {
		of := t.of(s)
		sample := logSample(x, pick(of))
		if i := bounds(t.intervals(s)); i.Known() {
			sample.Low, sample.High = figure.LogMs(i.Low), figure.LogMs(i.High)
		}
		return sample, of.Count > 0
	}
}

// logSample is a sample without an interval on a logarithmic axis.
func logSample(x, v float64) figure.Sample {
	y := figure.LogMs(v)
	return figure.Sample{X: x, Y: y, Low: y, High: y}
}

// resetShare returns a kernel counter's resets per rejection of a point. The share is
// not known where the kernel has no such counter.
func resetShare(counter string) func(*analysis.Summary) stats.Share {
	return func(s *analysis.Summary) stats.Share {
		resets, ok := s.TCP[counter]
		if !ok {
			return stats.Share{}
		}
		share := s.ShareOf(func(c *results.Cell) (k, n int64) { return c.TCP[counter], c.Rejected })
		if share.N != s.Rejected {
			return stats.NewShare(resets, s.Rejected)
		}
		return share
	}
}

// fileSuffix turns the description of a row into the end of a file name.
func fileSuffix(description string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.ReplaceAll(description, " client", "")) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "-" + strings.Trim(b.String(), "-.")
}
