package findings

import (
	"fmt"
	"slices"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// findTLS names the strategies under which a whole 503 came in a TLS stream without
// close_notify.
func findTLS(rejecting []*analysis.Summary) []string {
	over := analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Unclosed().Known() })
	var cut, closed []string
	clean := stats.Share{}
	for _, name := range analysis.NamesOf(over, analysis.StrategyOf) {
		share := analysis.Pool(analysis.Where(over, func(s *analysis.Summary) bool { return s.Strategy == name })).Unclosed()
		if share.K > 0 {
			cut = append(cut, name+" "+words.Share(share))
			continue
		}
		closed = append(closed, name)
		clean = stats.NewShare(0, clean.N+share.N)
	}
	var found []string
	if len(cut) > 0 {
		found = append(found, fmt.Sprintf("Over TLS 1.3 whole 503s came in streams that ended without a close_notify under %s. A client that is strict about truncation loses them too.", words.List(cut)))
	}
	if len(closed) > 0 {
		found = append(found, fmt.Sprintf("Over TLS 1.3 every stream with a whole 503 ended with a close_notify under %s: %s ended without one.", words.List(closed), words.Share(clean)))
	}
	return found
}

// findConnections compares delivery on the first request of plain connections with
// delivery over TLS or on a later request.
func findConnections(rejecting []*analysis.Summary) []string {
	plain := map[results.Point]*analysis.Summary{}
	base := func(p results.Point) results.Point {
		p.TLS, p.NthRequest = false, 0
		return p
	}
	kinds := analysis.NamesOf(rejecting, func(s *analysis.Summary) string { return analysis.ConnectionPhrase(s.Point) })
	for _, s := range rejecting {
		if analysis.ConnectionPhrase(s.Point) == "" {
			plain[s.Point] = s
		}
	}
	var found []string
	for _, kind := range kinds {
		if kind == "" {
			continue
		}
		of := analysis.Where(rejecting, func(s *analysis.Summary) bool {
			return analysis.ConnectionPhrase(s.Point) == kind && plain[base(s.Point)] != nil
		})
		var better, worse []string
		strategies := analysis.NamesOf(of, analysis.StrategyOf)
		// Bonferroni: the comparisons share an error of 5%.
		z := stats.NormalQuantile(1 - 0.05/2/float64(max(len(strategies), 1)))
		for _, name := range strategies {
			var with, without []*analysis.Summary
			for _, s := range of {
				if s.Strategy == name {
					with, without = append(with, s), append(without, plain[base(s.Point)])
				}
			}
			a, b := analysis.Pool(without).Delivered, analysis.Pool(with).Delivered
			low, high := stats.Newcombe(float64(a.K), float64(a.N), float64(b.K), float64(b.N), z)
			text := fmt.Sprintf("%s %s instead of %s", name, words.Share(b), words.Share(a))
			switch {
			case low > 0:
				better = append(better, text)
			case high < 0:
				worse = append(worse, text)
			}
		}
		if len(of) == 0 {
			continue
		}
		what := map[bool]string{true: "On " + kind, false: "Over " + kind}[!of[0].TLS]
		switch {
		case len(better)+len(worse) == 0:
			found = append(found, fmt.Sprintf("%s no strategy delivers measurably more or fewer 503s than on the first request of a plain connection, in %s measured both ways.", what, words.Plural(len(of), "condition")))
			continue
		case len(worse) > 0:
			found = append(found, fmt.Sprintf("%s fewer 503s arrive than on the first request of a plain connection, under the same conditions: %s.", what, words.List(worse)))
		}
		if len(better) > 0 {
			found = append(found, fmt.Sprintf("%s more 503s arrive than on the first request of a plain connection, under the same conditions: %s.", what, words.List(better)))
		}
	}
	return slices.Clip(found)
}
