package analysis

import (
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// ConnectionOf says what the connection is besides plain HTTP with one request;
// empty when nothing.
func ConnectionOf(p results.Point) string { return wordsOf(p, "tls", "nth_request") }

// PathOf says what the path is or did besides the round trip and the loss; empty
// when nothing.
func PathOf(p results.Point) string { return wordsOf(p, "ipv6", "impairments") }

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
