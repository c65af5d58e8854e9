package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/verdict"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// pageWorst is the heat map of the worst conditions: a row for each strategy, the
// worst first, a column for each body and round trip. A field has the lowest share over
// the other coordinates.
type pageWorst struct {
	Noun   string // strategy or server
	Over   string // the coordinates over which a field is the worst; empty if none varies
	Bodies []worstBody
	RTTs   []string // of all columns
	Rows   []worstRow
	Scale  []heatField
	Rest   string // says which columns are left out; empty where none is
}

// worstBody is the head of the columns of a body.
type worstBody struct {
	Text    string
	Columns int
}

type worstRow struct {
	Name   string
	Fields []heatField
}

// heatField is a share as a number on its colour. At is the condition at which it is
// the worst.
type heatField struct {
	Text, At, Title string
	Style           template.CSS
	Class           string
}

// The most bodies, and round trips of each, that the heat map has.
const (
	maxWorstBodies = 4
	maxWorstRTTs   = 5
)

// worstSection lays out the heat map; nil without a point outside scenarios.
func worstSection(grid []*analysis.Summary, v *verdict.Verdict, m *results.Manifest) *pageWorst {
	if len(grid) == 0 {
		return nil
	}
	w := &pageWorst{Noun: nounOf(m)}
	var inField []string // the coordinates within a field that vary
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		if slices.Contains([]string{"strategy", "body", "rtt"}, c.Name) {
			continue
		}
		if analysis.Any(grid, func(s *analysis.Summary) bool { return c.Value(&s.Point) != c.Value(&grid[0].Point) }) {
			inField = append(inField, c.Name)
		}
	}
	w.Over = strings.ToLower(words.List(labelsOf(inField)))
	type column struct {
		body int64
		rtt  float64
	}
	var columns []column
	bodies := someOf(valuesOf(grid, func(s *analysis.Summary) int64 { return s.BodyBytes }), maxWorstBodies)
	left := len(bodies) < len(valuesOf(grid, func(s *analysis.Summary) int64 { return s.BodyBytes }))
	for _, body := range bodies {
		at := analysis.Where(grid, func(s *analysis.Summary) bool { return s.BodyBytes == body })
		all := valuesOf(at, func(s *analysis.Summary) float64 { return s.RTTMs })
		rtts := someOf(all, maxWorstRTTs)
		left = left || len(rtts) < len(all)
		w.Bodies = append(w.Bodies, worstBody{"body " + units.Size(body), len(rtts)})
		for _, rtt := range rtts {
			w.RTTs = append(w.RTTs, units.Number(rtt)+" ms")
			columns = append(columns, column{body, rtt})
		}
	}
	if left {
		w.Rest = "Some bodies and round trips between the shown ones are left out. The table has all points."
	}
	names := append(namesOfStrategies(v), v.Missing...)
	for _, name := range names {
		row := worstRow{Name: name}
		of := analysis.OfStrategy(grid, name)
		for _, c := range columns {
			points := analysis.Where(of, func(s *analysis.Summary) bool { return s.BodyBytes == c.body && s.RTTMs == c.rtt })
			row.Fields = append(row.Fields, worstField(points, inField))
		}
		w.Rows = append(w.Rows, row)
	}
	for _, share := range []float64{1, 0.75, 0.5, 0.25, 0} {
		w.Scale = append(w.Scale, heatField{Text: units.Number(share*100) + "%", Style: heatStyle(share)})
	}
	return w
}

// worstField shows the lowest share of points.
func worstField(points []*analysis.Summary, inField []string) heatField {
	if len(points) == 0 {
		return heatField{Text: words.None, At: "not measured", Title: "not measured"}
	}
	var worst *analysis.Summary
	for _, s := range points {
		if s.HasShare() && (worst == nil || s.Delivered.Value < worst.Delivered.Value) {
			worst = s
		}
	}
	if worst == nil {
		return heatField{Text: words.None, At: "no share", Title: points[0].String() + ": no share", Class: "hatched"}
	}
	f := heatField{
		Text: figure.HeatNumber(worst.Delivered), Title: worst.String() + ": " + shareWords(worst),
		Style: heatStyle(worst.Delivered.Value),
	}
	others := analysis.Any(points, func(s *analysis.Summary) bool { return s.HasShare() && s.Delivered.Value > worst.Delivered.Value })
	if others { // where all are equal, none is the worst
		var at []string
		for _, name := range inField {
			at = append(at, fieldWords(results.CoordinateByName(name), worst))
		}
		f.At = strings.Join(at, ", ")
	}
	return f
}

// fieldWords names a value of a coordinate in a field, which is narrow.
func fieldWords(c *results.Coordinate, s *analysis.Summary) string {
	if _, name := c.Value(&s.Point).(string); name {
		return c.Text(&s.Point)
	}
	return c.Words(&s.Point)
}

// shareWords writes a delivered share with its interval, or why it has none.
func shareWords(s *analysis.Summary) string {
	switch {
	case s.Delivered.HasInterval():
		return words.Share(s.Delivered)
	case s.Cells == 1:
		return fmt.Sprintf("%s%% (n=%d, one round: no interval)", words.Percent(s.Delivered.Value), s.Delivered.N)
	}
	return fmt.Sprintf("%s%% (n=%d, %s: no interval)", words.Percent(s.Delivered.Value), s.Delivered.N, words.Plural(s.Cells, "round"))
}

func heatStyle(share float64) template.CSS {
	field, on := figure.HeatColor(share)
	return template.CSS("background:" + figure.Hex(field) + ";color:" + figure.Hex(on))
}

func labelsOf(coordinates []string) []string {
	var labels []string
	for _, name := range coordinates {
		labels = append(labels, results.CoordinateByName(name).Label)
	}
	return labels
}

func namesOfStrategies(v *verdict.Verdict) []string {
	var names []string
	for _, s := range v.Strategies {
		names = append(names, s.Name)
	}
	return names
}

// valuesOf returns the values of points in ascending order.
func valuesOf[T int64 | float64](points []*analysis.Summary, of func(*analysis.Summary) T) []T {
	var values []T
	for _, s := range points {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// someOf keeps the first and the last value and some evenly spaced between them.
func someOf[T any](values []T, most int) []T {
	if len(values) <= most {
		return values
	}
	kept := make([]T, most)
	for i := range kept {
		kept[i] = values[i*(len(values)-1)/(most-1)]
	}
	return kept
}
