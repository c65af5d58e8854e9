package chart

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
)

// Axes returns the coordinates that the run varies and that have numeric values: the
// x axes of its plots. The one named first is the main axis: that of the plots with
// one picture for a run. Without a name it is the first in the order of
// results.Coordinates. A run that varies none has the axis of round trips. It is an
// error to name a coordinate that the run does not vary.
func Axes(study *analysis.Study, first string) ([]*results.Coordinate, error) {
	grid := study.Grid()
	var axes []*results.Coordinate
	for i := range results.Coordinates {
		if c := &results.Coordinates[i]; numeric(c) && len(rowsThatVary(grid, c)) > 0 {
			axes = append(axes, c)
		}
	}
	varies := len(axes) > 0
	if !varies {
		axes = append(axes, results.CoordinateByName("rtt"))
	}
	if first == "" {
		return axes, nil
	}
	at := slices.IndexFunc(axes, func(c *results.Coordinate) bool { return c.Name == first })
	if at < 0 {
		var names []string
		for _, c := range axes {
			names = append(names, c.Name)
		}
		if !varies {
			return nil, fmt.Errorf("the run varies no coordinate that can be an axis: its plots have the axis %s", words.List(names))
		}
		return nil, fmt.Errorf("no points of the run differ in %s alone: its plots have the axes %s", first, words.List(names))
	}
	main := axes[at]
	return slices.Insert(slices.Delete(axes, at, at+1), 0, main), nil
}

// AxisNames returns the names of all coordinates that can be an axis, with what they
// mean.
func AxisNames() []results.Term {
	var terms []results.Term
	for i := range results.Coordinates {
		if c := &results.Coordinates[i]; numeric(c) {
			terms = append(terms, results.Term{Name: c.Name, Summary: c.Summary})
		}
	}
	return terms
}

// numeric reports whether a coordinate's values are numbers.
func numeric(c *results.Coordinate) bool {
	switch c.Value(&results.Point{}).(type) {
	case int64, float64:
		return true
	}
	return false
}

// number is the value of a numeric coordinate.
func number(c *results.Coordinate, p results.Point) float64 {
	switch v := c.Value(&p).(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

// rowsThatVary returns the points without strategy and x of which some strategy was
// measured at several values of x.
func rowsThatVary(summaries []*analysis.Summary, x *results.Coordinate) map[results.Point]bool {
	first := map[results.Point]float64{}
	rows := map[results.Point]bool{}
	for _, s := range summaries {
		key, v := s.Without(x.Name), number(x, s.Point)
		if before, seen := first[key]; !seen {
			first[key] = v
		} else if before != v {
			rows[s.Without("strategy", x.Name)] = true
		}
	}
	return rows
}

// distinct returns the values of a coordinate among points, in ascending order.
func distinct(summaries []*analysis.Summary, c *results.Coordinate) []float64 {
	var values []float64
	for _, s := range summaries {
		values = append(values, number(c, s.Point))
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// mostCommon returns the value of a coordinate that most points have, and of several
// such values the middle one.
func mostCommon(summaries []*analysis.Summary, c *results.Coordinate) float64 {
	count := map[float64]int{}
	most := 0
	for _, s := range summaries {
		v := number(c, s.Point)
		count[v]++
		most = max(most, count[v])
	}
	values := slices.DeleteFunc(distinct(summaries, c), func(v float64) bool { return count[v] < most })
	return values[len(values)/2]
}

// textOf writes a value of a coordinate for an axis.
func textOf(summaries []*analysis.Summary, c *results.Coordinate, value float64) string {
	for _, s := range summaries {
		if number(c, s.Point) == value {
			return c.Text(&s.Point)
		}
	}
	return ""
}

// axisTitle is the title of an axis of a coordinate, with its unit.
func axisTitle(c *results.Coordinate) string {
	title := strings.ToLower(c.Label)
	switch c.Unit {
	case "", results.UnitBytes: // a size is written with its own
		return title
	}
	return title + " (" + c.Unit + ")"
}

// extremePhrase names the value of x at which most is lost: the lowest limit, and the
// highest value of all others.
func extremePhrase(x *results.Coordinate) string {
	switch x.Name {
	case "rtt":
		return "longest rtt"
	case "body":
		return "largest body"
	case "limit":
		return "lowest limit"
	}
	return "highest " + strings.ToLower(x.Label)
}

// extreme returns the value that extremePhrase names, of at least one point.
func extreme(summaries []*analysis.Summary, x *results.Coordinate) float64 {
	values := distinct(summaries, x)
	if x.Name == "limit" {
		return values[0]
	}
	return values[len(values)-1]
}
