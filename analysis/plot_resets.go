package analysis

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot"
)

// resetPlots shows, for each row of the facets, the resets the server's kernel
// sent per rejection, with one row of panels for each of the two causes.
func resetPlots(f *facets) []*figure {
	causes := []struct{ counter, label string }{
		{abortOnClose, "close met unread data"},
		{abortOnData, "data after close, or SO_LINGER 0"},
	}
	var figures []*figure
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
				p := newPanel(cause.label+", "+bodyTitle(body), labelX, labelY)
				if points := f.panel(row, body); !f.drawResets(p, points, cause.counter, drawn) {
					blank(p, points, "nothing was rejected")
				}
				line = append(line, p)
			}
			panels = append(panels, line)
		}
		of := where(f.summaries, func(s *Summary) bool { return row.holds(s.Point) })
		title := "Resets the server's kernel sent, by cause"
		if row.description != "" {
			title += ": " + row.description
		}
		figures = append(figures, &figure{
			name:     "resets" + stem(row.description),
			title:    title,
			subtitle: f.conditions("95% Wilson intervals"),
			caption:  fmt.Sprintf("Above: %s, a reset because close met unread data. Below: %s, a reset because data came after close, or because SO_LINGER was 0. Both are counted by the kernel in the server's namespace, against rejections in the server's ledger.", abortOnClose, abortOnData),
			panels:   panels, legend: f.strategyLegend(drawn),
			notes:      f.omissions(of, func(s *Summary) bool { return s.Rejected > 0 }, "Without a rejection"),
			panelWidth: f.panelWidth(), panelHeight: 160,
		})
	}
	return figures
}

func (f *facets) drawResets(p *plot.Plot, points []*Summary, counter string, drawn map[string]bool) bool {
	f.rttAxis(&p.X)
	percentAxis(&p.Y, 0)
	p.Add(bands(len(f.rtts)), rules{horizontal: true})
	any := false
	for i, strategy := range f.strategies {
		s := series{look: f.looks[strategy], shift: dodge(i, len(f.strategies))}
		for _, point := range byStrategy(points, strategy) {
			resets, ok := point.TCP[counter]
			if !point.Valid() || point.Rejected == 0 || !ok {
				continue
			}
			share := NewShare(resets, point.Rejected)
			s.samples = append(s.samples, sample{f.rttPlace(point.RTTMs), share.Value * 100, share.Low * 100, share.High * 100})
		}
		if len(s.samples) > 0 {
			any, drawn[strategy] = true, true
			p.Add(s)
		}
	}
	return any
}

// stem turns a description into the end of a file name.
func stem(description string) string {
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
