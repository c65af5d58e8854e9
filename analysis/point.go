package analysis

import (
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// connectionOf says what the connection is besides plain HTTP with one request;
// empty when nothing.
func connectionOf(p results.Point) string { return wordsOf(p, "tls", "nth_request") }

// pathOf says what the path is or did besides the round trip and the loss; empty
// when nothing.
func pathOf(p results.Point) string { return wordsOf(p, "ipv6", "impairments") }

// wordsOf names those of the coordinates that are set.
func wordsOf(p results.Point, names ...string) string {
	var words []string
	for _, name := range names {
		if c := results.CoordinateByName(name); c.Set(&p) {
			words = append(words, c.Words(&p))
		}
	}
	return strings.Join(words, ", ")
}
