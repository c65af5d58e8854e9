package findings

import (
	"fmt"

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
		share := analysis.Pool(analysis.OfStrategy(over, name)).Unclosed()
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

// connectionCoordinates are the names of the coordinates that make a connection
// differ from plain HTTP with one request.
var connectionCoordinates = []string{"tls", "nth_request"}

// findConnections compares delivery on the first request of plain connections with
// delivery over TLS or on a later request.
func findConnections(rejecting []*analysis.Summary) []string {
	kindOf := func(s *analysis.Summary) string { return s.PhrasesOf(connectionCoordinates...) }
	plain := map[results.Point]*analysis.Summary{}
	for _, s := range rejecting {
		if kindOf(s) == "" {
			plain[s.Point] = s
		}
	}
	var found []string
	for _, kind := range analysis.NamesOf(rejecting, kindOf) {
		of := analysis.Where(rejecting, func(s *analysis.Summary) bool { return kindOf(s) == kind && plain[plainPoint(s.Point)] != nil })
		if kind == "" || len(of) == 0 {
			continue
		}
		on := "On " + kind
		if of[0].TLS {
			on = "Over " + kind
		}
		better, worse := compareConnections(of, plain)
		if len(better)+len(worse) == 0 {
			found = append(found, fmt.Sprintf("%s no strategy delivers measurably more or fewer 503s than on the first request of a plain connection, in %s measured both ways.", on, words.Plural(len(of), "condition")))
		}
		if len(worse) > 0 {
			found = append(found, fmt.Sprintf("%s fewer 503s arrive than on the first request of a plain connection, under the same conditions: %s.", on, words.List(worse)))
		}
		if len(better) > 0 {
			found = append(found, fmt.Sprintf("%s more 503s arrive than on the first request of a plain connection, under the same conditions: %s.", on, words.List(better)))
		}
	}
	return found
}

// plainPoint is the same point on the first request of a plain connection.
func plainPoint(p results.Point) results.Point {
	return p.Without(connectionCoordinates...)
}

// compareConnections compares points of one kind of connection with those of plain
// connections, strategy by strategy. It describes the measurable differences.
func compareConnections(points []*analysis.Summary, plain map[results.Point]*analysis.Summary) (better, worse []string) {
	strategies := analysis.NamesOf(points, analysis.StrategyOf)
	// Bonferroni: the comparisons share an error of 5%.
	z := stats.NormalQuantile(1 - 0.05/2/float64(max(len(strategies), 1)))
	for _, name := range strategies {
		var with, without []*analysis.Summary
		for _, s := range points {
			if s.Strategy == name {
				with, without = append(with, s), append(without, plain[plainPoint(s.Point)])
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
	return better, worse
}
