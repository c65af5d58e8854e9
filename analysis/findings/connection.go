package findings

import (
	"fmt"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
)

// findTLS names the strategies under which a whole 503 came in a TLS stream without
// close_notify.
func findTLS(rejecting []*analysis.Summary) []string {
	over := analysis.Where(rejecting, func(s *analysis.Summary) bool { return s.Unclosed().Known() })
	var cut, closed []string
	var streams int64
	for _, name := range analysis.NamesOf(over, analysis.StrategyOf) {
		share := analysis.Pool(analysis.OfStrategy(over, name)).Unclosed()
		if share.K > 0 {
			cut = append(cut, name+" ("+ofAll(share.K, share.N)+")")
			continue
		}
		closed = append(closed, name)
		streams += share.N
	}
	var found []string
	if len(cut) > 0 {
		found = append(found, fmt.Sprintf("Over TLS 1.3 whole 503s came in streams that ended without a close_notify under %s. A client that is strict about truncation loses them too.", words.List(cut)))
	}
	if len(closed) > 0 {
		found = append(found, fmt.Sprintf("Over TLS 1.3 every stream with a whole 503 ended with a close_notify under %s (n=%d).", words.List(closed), streams))
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
		worse, better, _ := compared(of, func(s *analysis.Summary) *analysis.Summary { return plain[plainPoint(s.Point)] })
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
