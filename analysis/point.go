package analysis

import (
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// ConnectionPhrase names how the connection differs from plain HTTP with one request;
// empty if it does not.
func ConnectionPhrase(p results.Point) string { return phrase(p, "tls", "nth_request") }

// PathPhrase names what the path is or does besides round trip and loss; empty for
// plain IPv4 without impairments.
func PathPhrase(p results.Point) string { return phrase(p, "ipv6", "impairments") }

// phrase names those of the coordinates that are set.
func phrase(p results.Point, names ...string) string {
	var words []string
	for _, name := range names {
		if c := results.CoordinateByName(name); c.Set(&p) {
			words = append(words, c.Words(&p))
		}
	}
	return strings.Join(words, ", ")
}
