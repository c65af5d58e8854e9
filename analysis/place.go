package analysis

import (
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/results"
)

// Varies reports whether points have several values of a coordinate.
func Varies(c *results.Coordinate, points []*Summary) bool {
	return Any(points, func(s *Summary) bool { return c.Value(&s.Point) != c.Value(&points[0].Point) })
}

// Place names a point among others, as "rtt 50 ms, body 64 KiB": by the coordinates of
// which these have several values, except those named in except. It is empty for a
// single condition.
func Place(s *Summary, among []*Summary, except ...string) string {
	var phrases []string
	for i := range results.Coordinates {
		if c := &results.Coordinates[i]; c.Phrase != "" && !slices.Contains(except, c.Name) && Varies(c, among) {
			phrases = append(phrases, c.Words(&s.Point))
		}
	}
	return strings.Join(phrases, ", ")
}
