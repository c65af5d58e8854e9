package analysis

import (
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
)

// Unclosed returns the share of whole 503s over TLS whose stream ended without a
// close_notify: whole by their length, but truncated by RFC 8446 section 6.1. Streams
// that the client closed first are in neither count.
func (s *Summary) Unclosed() stats.Share {
	cut := s.TLSEnds.Delivered(results.TLSTruncated) + s.TLSEnds.Delivered(results.TLSReset)
	return stats.NewShare(cut, cut+s.TLSEnds.Delivered(results.TLSCloseNotify))
}
