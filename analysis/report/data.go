package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/frontier"
	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/analysis/table"
	"github.com/rejectbench/rejectbench/results"
)

// The views of the page's table. A view is a set of columns shown together.
const (
	viewMain   = "main"
	viewMore   = "more"
	viewFates  = "fates"
	viewResets = "resets"
)

// pageData is the JSON for the page's script: all points, column by column, so that
// ten thousand points take only a few megabytes.
type pageData struct {
	Points int `json:"points"`
	// Coordinates are those with columns in the table. The filters use them.
	Coordinates []dataCoordinate     `json:"coordinates"`
	Columns     []dataColumn         `json:"columns"`
	Fields      map[string][]any     `json:"fields"` // by key: a value for each point, null where there is none
	Curves      []map[string]numbers `json:"curves"` // for each point its times in ms at Shares, by what was timed
	Shares      numbers              `json:"shares"`
	// Outcomes are the counts of each point, by name.
	Outcomes   []map[string]int64 `json:"outcomes"`
	Strategies []dataLook         `json:"strategies"`
	Clients    []string           `json:"clients"`
	Colors     map[string]string  `json:"colors"` // of outcomes and fates
	Fates      []string           `json:"fates"`
	OutcomeSet []string           `json:"outcomeSet"`
	Costs      []dataCost         `json:"costs"`
	// Axes are the keys of the coordinates that can be an x axis, the main one first.
	Axes []string `json:"axes"`
}

// dataColumn is a column of the table. Text has its cells as Go writes them; it is
// nil where they are the values of the first field.
type dataColumn struct {
	Head   string   `json:"head"`
	Unit   string   `json:"unit"`
	Title  string   `json:"title"`
	Left   bool     `json:"left"`
	View   string   `json:"view"`
	Fields []string `json:"fields"`
	Text   []string `json:"text"`
}

// dataCoordinate is a row of results.Coordinates. Key is that of its field.
type dataCoordinate struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Unit  string `json:"unit"`
}

// dataLook is how a strategy is drawn, which is as in the still pictures.
type dataLook struct {
	Name   string `json:"name"`
	Color  string `json:"color"` // empty for the colour of text
	Symbol string `json:"symbol"`
	Dash   []int  `json:"dash"`
}

type dataCost struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	Noun string `json:"noun"`
}

// numbers are written with four significant digits, one more than the histograms
// have.
type numbers []float64

// MarshalJSON implements json.Marshaler.
func (n numbers) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, v, 'g', 4, 64)
	}
	return append(b, ']'), nil
}

// figureText writes a field's number with seven significant digits.
type figureText float64

// MarshalJSON implements json.Marshaler.
func (v figureText) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(v), 'g', 7, 64), nil
}

// newPageData lays out a study for the page's script.
func newPageData(study *analysis.Study, axes []*results.Coordinate) *pageData {
	summaries := study.Summaries
	d := &pageData{Points: len(summaries), Fields: map[string][]any{}, Colors: map[string]string{}}
	d.addColumns(table.PointColumns(summaries), "", summaries)
	for _, c := range results.Coordinates {
		if d.Fields[c.JSON] != nil {
			d.Coordinates = append(d.Coordinates, dataCoordinate{c.JSON, c.Label, c.Unit})
		}
	}
	rest := table.Columns(summaries)[len(table.PointColumns(summaries)):]
	d.addColumns(rest, viewMain, summaries)
	d.addColumns(table.MoreColumns(), viewMore, summaries)
	if recorded := analysis.Where(summaries, (*analysis.Summary).Recorded); len(recorded) > 0 {
		d.addColumns(blankUnrecorded(table.FateColumns(recorded)), viewFates, summaries)
		d.addColumns(blankUnrecorded(table.ResetColumns(recorded)), viewResets, summaries)
		for _, f := range slices.Backward(results.Fates[:]) {
			d.Fates = append(d.Fates, f.Name)
			d.Colors[f.Name] = figure.Hex(figure.FateColor(f.Fate))
		}
	}
	for _, x := range axes {
		d.Axes = append(d.Axes, x.JSON)
	}
	d.addFields(intervalFields(), summaries)
	d.addFields([]table.Field{
		{Key: "delivered", Of: func(s *analysis.Summary) any { return table.OrNil(s.Delivered.K, s.Valid()) }},
		{Key: "admitted_p50_ms", Of: func(s *analysis.Summary) any { return admittedOf(s, analysis.P50) }},
		{Key: "admitted_p99_ms", Of: func(s *analysis.Summary) any { return admittedOf(s, analysis.P99) }},
		{Key: "hold_n", Of: func(s *analysis.Summary) any { return table.OrNil(s.HoldMs.Count, s.Valid()) }},
	}, summaries)
	d.addFields(table.TimeBounds("admitted_p50", func(s *analysis.Summary) analysis.Interval { return s.EndIntervals(results.Admitted).P50 }), summaries)
	d.addFields(table.TimeBounds("admitted_p99", func(s *analysis.Summary) analysis.Interval { return s.EndIntervals(results.Admitted).P99 }), summaries)
	for _, s := range summaries {
		counts := map[string]int64{}
		for o, n := range s.Outcomes {
			if n > 0 {
				counts[results.Outcome(o).String()] = n
			}
		}
		d.Outcomes = append(d.Outcomes, counts)
	}
	for _, o := range results.Outcomes {
		d.OutcomeSet = append(d.OutcomeSet, o.Name)
		d.Colors[o.Name] = figure.Hex(figure.OutcomeColor(o.Outcome))
	}
	for _, c := range frontier.Costs {
		d.Costs = append(d.Costs, dataCost{c.Name, c.Unit, c.Noun})
	}
	d.addLooks(study)
	d.addCurves(study)
	return d
}

// admittedOf returns a percentile of the times of admitted requests; nil without any.
func admittedOf(s *analysis.Summary, pick func(results.Percentiles) float64) any {
	times := s.EndOf(results.Admitted)
	return table.OrNil(pick(times), s.Valid() && times.Count > 0)
}

// intervalFields are the bounds of the 95% intervals of the shares that charts show and
// the table does not have: STEM_low and STEM_high, null where there is no interval.
func intervalFields() []table.Field {
	var fields []table.Field
	add := func(stem string, of func(*analysis.Summary) stats.Share) {
		fields = append(fields,
			table.Field{Key: stem + "_low", Of: func(s *analysis.Summary) any { return table.OrNil(of(s).Low, s.Valid() && of(s).HasInterval()) }},
			table.Field{Key: stem + "_high", Of: func(s *analysis.Summary) any { return table.OrNil(of(s).High, s.Valid() && of(s).HasInterval()) }})
	}
	add("whole", func(s *analysis.Summary) stats.Share {
		return s.ShareOf(func(c *results.Cell) (k, n int64) {
			return c.Outcomes[results.Admitted] + c.Outcomes.Delivered(), c.Attempts
		})
	})
	add("fate_read", func(s *analysis.Summary) stats.Share { return s.Fate(results.Read) })
	for _, counter := range []string{results.AbortOnClose, results.AbortOnData} {
		add("tcp_"+counter, func(s *analysis.Summary) stats.Share {
			return s.ShareOf(func(c *results.Cell) (k, n int64) { return c.TCP[counter], c.Rejected })
		})
	}
	return fields
}

func (d *pageData) addColumns(columns []table.Column, view string, summaries []*analysis.Summary) {
	for _, c := range columns {
		if view != viewMain && len(c.Fields) > 0 && d.Fields[c.Fields[0].Key] != nil && view != viewFates {
			continue
		}
		col := dataColumn{Head: c.Head, Unit: c.Unit, Title: c.Title, Left: c.Left, View: view}
		for _, f := range c.Fields {
			col.Fields = append(col.Fields, f.Key)
		}
		d.addFields(c.Fields, summaries)
		same := len(c.Fields) > 0
		text := make([]string, len(summaries))
		for i, s := range summaries {
			text[i] = c.Cell(s)
			same = same && text[i] == plainText(d.Fields[c.Fields[0].Key][i])
		}
		if !same {
			col.Text = text
		}
		d.Columns = append(d.Columns, col)
	}
}

// plainText is how the script writes a value of a column without Text.
func plainText(v any) string {
	switch v := v.(type) {
	case nil:
		return words.None
	case figureText:
		return strconv.FormatFloat(float64(v), 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func (d *pageData) addFields(fields []table.Field, summaries []*analysis.Summary) {
	for _, f := range fields {
		if d.Fields[f.Key] != nil {
			continue
		}
		values := make([]any, len(summaries))
		for i, s := range summaries {
			values[i] = f.Of(s)
			if v, ok := values[i].(float64); ok {
				values[i] = figureText(v)
			}
		}
		d.Fields[f.Key] = values
	}
}

// blankUnrecorded empties the cells of points whose packets no path recorded.
func blankUnrecorded(columns []table.Column) []table.Column {
	kept := slices.Clone(columns)
	for i, c := range columns {
		kept[i].Cell = func(s *analysis.Summary) string {
			if !s.Recorded() {
				return words.None
			}
			return c.Cell(s)
		}
		kept[i].Fields = slices.Clone(c.Fields)
		for j, f := range c.Fields {
			kept[i].Fields[j].Of = func(s *analysis.Summary) any {
				if !s.Recorded() {
					return nil
				}
				return f.Of(s)
			}
		}
	}
	return kept
}

// symbols are the glyphs of the still pictures, by the place of a look, as names or
// paths of the chart library.
func symbols() []string {
	return []string{
		"circle", "emptyRect", "emptyTriangle", "path://M0 1L1 0L5 4L9 0L10 1L6 5L10 9L9 10L5 6L1 10L0 9L4 5Z",
		"emptyCircle", "rect", "triangle", "path://M4 0H6V4H10V6H6V10H4V6H0V4H4Z",
	}
}

func (d *pageData) addLooks(study *analysis.Study) {
	m := &study.Run.Manifest
	names := results.NewTermOrder(m.Strategies).Sort(analysis.NamesOf(study.Summaries, analysis.StrategyOf))
	d.Clients = results.NewTermOrder(m.Clients).Sort(analysis.NamesOf(study.Summaries, analysis.ClientOf))
	all := figure.Looks(m, names)
	for _, name := range names {
		l := dataLook{Name: name, Color: figure.Hex(all[name].Color), Symbol: symbols()[all[name].Place%len(symbols())], Dash: []int{}}
		if l.Color == "#000000" {
			l.Color = ""
		}
		for _, v := range all[name].Dash {
			l.Dash = append(l.Dash, int(math.Round(float64(v))))
		}
		d.Strategies = append(d.Strategies, l)
	}
}

// maxCurveFigures bounds the number of values in the curves of all points. They take
// about a third of the page's bytes.
const maxCurveFigures = 250_000

// addCurves adds the distributions of every point: the time to a delivered answer,
// and for each outcome the time to an attempt's end. Each has fewer steps the more
// there are.
func (d *pageData) addCurves(study *analysis.Study) {
	var nines, curves, deepest float64
	for _, s := range study.Summaries {
		for _, c := range s.Times {
			at := math.Log10(float64(c.Count()))
			nines, curves, deepest = nines+at, curves+1, max(deepest, at)
		}
	}
	steps := analysis.CurveSteps
	for steps > 2 && nines*float64(steps)+curves > maxCurveFigures {
		steps--
	}
	for i := range int(math.Floor(deepest*float64(steps))) + 1 {
		d.Shares = append(d.Shares, 1-math.Pow(10, -float64(i)/float64(steps)))
	}
	d.Curves = make([]map[string]numbers, len(study.Summaries))
	for i, s := range study.Summaries {
		d.Curves[i] = map[string]numbers{}
		for name, c := range s.Times {
			for _, q := range c.Curve(steps) {
				d.Curves[i][name] = append(d.Curves[i][name], q.Ms)
			}
		}
	}
}

// json encodes the data for a script element. It escapes <, which could end one.
func (d *pageData) json() ([]byte, error) {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(d); err != nil {
		return nil, fmt.Errorf("encode the page's data: %w", err)
	}
	return b.Bytes(), nil
}
