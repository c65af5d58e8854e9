package analysis

import (
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Unclosed returns the share of whole 503s over TLS whose stream ended without a
// close_notify: whole by their length, but truncated by RFC 8446 section 6.1. Streams
// that the client closed first are in neither count.
func (s *Summary) Unclosed() stats.Share {
	of := func(ends results.TLSCounts) (k, n int64) {
		cut := ends.Delivered(results.TLSTruncated) + ends.Delivered(results.TLSReset)
		return cut, cut + ends.Delivered(results.TLSCloseNotify)
	}
	k, n := of(s.TLSEnds)
	return s.shareOf(k, n, func(c *results.Cell) (k, n int64) { return of(c.TLSEnds) })
}
