package analysis

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/rejectbench/rejectbench/results"
)

// Unclosed is the share of whole 503s over TLS in a stream that ended without a
// close_notify: what is whole by its length, and still truncated by RFC 8446
// section 6.1. A stream that the client closed first is in neither count.
func (s *Summary) Unclosed() Share {
	cut := s.TLSEnds.Delivered(results.TLSTruncated) + s.TLSEnds.Delivered(results.TLSReset)
	return NewShare(cut, cut+s.TLSEnds.Delivered(results.TLSCloseNotify))
}

func addTLSEnds(all, more results.TLSCounts) results.TLSCounts {
	if more == nil {
		return all
	}
	sum := results.TLSCounts{}
	sum.AddAll(all)
	sum.AddAll(more)
	return sum
}

// findTLS says under which strategies a whole 503 came in a truncated stream.
func findTLS(rejecting []*Summary) []string {
	over := where(rejecting, func(s *Summary) bool { return s.Unclosed().Known() })
	var cut, closed []string
	clean := Share{}
	for _, name := range namesOf(over, strategyOf) {
		share := pool(where(over, func(s *Summary) bool { return s.Strategy == name })).Unclosed()
		if share.K > 0 {
			cut = append(cut, name+" "+sharePhrase(share))
			continue
		}
		closed = append(closed, name)
		clean = NewShare(0, clean.N+share.N)
	}
	var found []string
	if len(cut) > 0 {
		found = append(found, fmt.Sprintf("Over TLS 1.3 whole 503s came in streams that ended without a close_notify, so that a client which is strict about truncation loses them as well: under %s.", list(cut)))
	}
	if len(closed) > 0 {
		found = append(found, fmt.Sprintf("Over TLS 1.3 every stream with a whole 503 ended with a close_notify under %s: %s without one.", list(closed), sharePhrase(clean)))
	}
	return found
}

// findConnections compares what is measured on plain connections, in their first
// request, with the same over TLS or in a later request.
func findConnections(rejecting []*Summary) []string {
	plain := map[results.Point]*Summary{}
	base := func(p results.Point) results.Point {
		p.TLS, p.NthRequest = false, 0
		return p
	}
	kinds := namesOf(rejecting, func(s *Summary) string { return connectionOf(s.Point) })
	for _, s := range rejecting {
		if connectionOf(s.Point) == "" {
			plain[s.Point] = s
		}
	}
	var found []string
	for _, kind := range kinds {
		if kind == "" {
			continue
		}
		of := where(rejecting, func(s *Summary) bool { return connectionOf(s.Point) == kind && plain[base(s.Point)] != nil })
		var better, worse []string
		strategies := namesOf(of, strategyOf)
		// As many are compared at once, each at a part of 5% (Bonferroni).
		z := distuv.UnitNormal.Quantile(1 - 0.05/2/float64(max(len(strategies), 1)))
		for _, name := range strategies {
			var with, without []*Summary
			for _, s := range of {
				if s.Strategy == name {
					with, without = append(with, s), append(without, plain[base(s.Point)])
				}
			}
			a, b := pool(without).Delivered, pool(with).Delivered
			low, high := Newcombe(float64(a.K), float64(a.N), float64(b.K), float64(b.N), z)
			text := fmt.Sprintf("%s %s after %s", name, sharePhrase(b), sharePhrase(a))
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
		what := map[bool]string{true: "As " + kind, false: "Over " + kind}[!of[0].TLS]
		switch {
		case len(better)+len(worse) == 0:
			found = append(found, fmt.Sprintf("%s no strategy delivers measurably more or fewer 503s than on a plain connection's first request, in %s measured both ways.", what, plural(len(of), "condition")))
			continue
		case len(worse) > 0:
			found = append(found, fmt.Sprintf("%s fewer 503s arrive than on a plain connection's first request under the same conditions: %s.", what, list(worse)))
		}
		if len(better) > 0 {
			found = append(found, fmt.Sprintf("%s more 503s arrive than on a plain connection's first request under the same conditions: %s.", what, list(better)))
		}
	}
	return slices.Clip(found)
}
