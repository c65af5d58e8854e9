package chart

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// resetPlots shows the resets that the server's kernel sent per rejection: one figure
// for each row of the facets, with a row of panels for each of the two causes.
func resetPlots(f *facets) []*figure.Figure {
	causes := []struct{ counter, label string }{
		{results.AbortOnClose, "close met unread data"},
		{results.AbortOnData, "data after close, or SO_LINGER 0"},
	}
	var figures []*figure.Figure
	for _, row := range f.rows {
		drawn := map[string]bool{}
		var panels [][]*plot.Plot
		for i, cause := range causes {
			var line []*plot.Plot
			for j, body := range f.bodies {
				labelX, labelY := "", ""
				if i == len(causes)-1 {
					labelX = "round trip (ms)"
				}
				if j == 0 {
					labelY = "resets (% of rejections)"
				}
				p := figure.NewPanel(cause.label+", "+bodyTitle(body), labelX, labelY)
				figure.PercentAxis(&p.Y, 0)
				points := f.panel(row, body)
				if !f.addSharesByRTT(p, points, drawn, resetShare(cause.counter)) {
					explainEmpty(p, points, "nothing was rejected")
				}
				line = append(line, p)
			}
			panels = append(panels, line)
		}
		of := analysis.Where(f.summaries, func(s *analysis.Summary) bool { return row.holds(s.Point) })
		title := "Resets the server's kernel sent, by cause"
		if row.description != "" {
			title += ": " + row.description
		}
		figures = append(figures, &figure.Figure{
			Name:     "resets" + fileSuffix(row.description),
			Title:    title,
			Subtitle: f.conditions("95% intervals from the rounds"),
			Caption:  fmt.Sprintf("Above: %s, a reset because close met unread data. Below: %s, a reset because data came after close, or because SO_LINGER was 0. Both are counted by the kernel in the server's namespace, against rejections in the server's ledger.", results.AbortOnClose, results.AbortOnData),
			Panels:   panels, Legend: f.strategyLegend(drawn),
			Notes:      f.omissions(of, func(s *analysis.Summary) bool { return s.Rejected > 0 }, "Without a rejection"),
			PanelWidth: f.panelWidth(), PanelHeight: 160,
		})
	}
	return figures
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
