package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// The expressions of a rule have this grammar:
//
//	where   = field operator value { "and" field operator value }
//	require = metric operator value
//
// A word ends at a space or at an operator. Spaces around operators are optional.

// operator is a comparison operator of a rule.
type operator struct {
	text  string
	holds func(order int) bool // order is negative, zero or positive as in cmp.Compare
}

// operators are all operators, a longer one before its prefix.
var operators = []operator{
	{"!=", func(o int) bool { return o != 0 }},
	{"<=", func(o int) bool { return o <= 0 }},
	{">=", func(o int) bool { return o >= 0 }},
	{"=", func(o int) bool { return o == 0 }},
	{"<", func(o int) bool { return o < 0 }},
	{">", func(o int) bool { return o > 0 }},
}

func (o operator) equality() bool { return o.text == "=" || o.text == "!=" }

// atLeast tells whether the operator sets a lower bound.
func (o operator) atLeast() bool { return o.text[0] == '>' }

// notSet is the value that matches an empty name.
const notSet = "none"

// coordinateUnits parses the value of a condition, by the unit of its coordinate.
var coordinateUnits = map[string]func(word string) (float64, error){
	results.UnitMs:        parseMs,
	results.UnitBytes:     parseBytes,
	results.UnitPercent:   parsePercent,
	results.UnitPerSecond: parsePerSecond,
	"":                    parseCount,
}

// metricUnits parses a threshold, by the unit of its metric.
var metricUnits = map[string]func(word string) (float64, error){
	"%":  parsePercent,
	"ms": parseMs,
	"us": func(word string) (float64, error) { ms, err := parseMs(word); return ms * 1000, err },
	"B":  parseBytes,
	"":   parseCount,
}

func parseMs(word string) (float64, error) {
	d, err := units.ParseDuration(word)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time: write it with its unit, such as 100ms, 250us or 1s", word)
	}
	return units.Milliseconds(d), nil
}

func parsePercent(word string) (float64, error) {
	v, err := units.ParseShare(word)
	if err != nil {
		return 0, fmt.Errorf("%q is not a share: write a percentage within 0%% to 100%%, such as 99.9%%", word)
	}
	return v, nil
}

func parseBytes(word string) (float64, error) {
	n, err := units.ParseSize(word, math.MaxInt64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size: write bytes or a unit, such as 1000, 64KiB or 1MB", word)
	}
	return float64(n), nil
}

func parseCount(word string) (float64, error) {
	v, err := parseNumber(word)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number without a unit", word)
	}
	return v, nil
}

func parsePerSecond(word string) (float64, error) {
	v, err := parseNumber(strings.TrimSuffix(word, "/s"))
	if err != nil {
		return 0, fmt.Errorf("%q is not a rate: write a number a second, such as 500 or 500/s", word)
	}
	return v, nil
}

func parseNumber(word string) (float64, error) {
	v, err := strconv.ParseFloat(word, 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0) || v < 0) {
		err = strconv.ErrRange
	}
	return v, err
}

// condition compares one coordinate with a value.
type condition struct {
	field  *results.Coordinate
	op     operator
	number float64
	word   string // as in the file
}

func (c condition) String() string { return c.field.Name + " " + c.op.text + " " + c.word }

func (c condition) matches(p *results.Point) bool {
	switch v := c.field.Value(p).(type) {
	case float64:
		return c.op.holds(cmp.Compare(v, c.number))
	case int64:
		return c.op.holds(cmp.Compare(float64(v), c.number))
	}
	return c.op.holds(cmp.Compare(cmp.Or(c.field.Text(p), notSet), c.word))
}

// requirement compares a metric with a threshold. The threshold is 0 to 1 for a
// share, and in the metric's unit for a value.
type requirement struct {
	metric    analysis.Metric
	op        operator
	threshold float64
	word      string // the threshold as in the file
}

func (r requirement) String() string { return r.metric.Name + " " + r.op.text + " " + r.word }

// exprError is an error at a character of an expression, counted from 0.
type exprError struct {
	at  int
	err error
}

func (e *exprError) Error() string { return fmt.Sprintf("character %d: %v", e.at+1, e.err) }

func (e *exprError) Unwrap() error { return e.err }

// exprReader reads an expression from left to right.
type exprReader struct {
	text string
	pos  int // in bytes
}

func (r *exprReader) errorf(at int, format string, args ...any) error {
	return &exprError{utf8.RuneCountInString(r.text[:at]), fmt.Errorf(format, args...)}
}

// next skips spaces and returns the place of the next word or operator.
func (r *exprReader) next() int {
	r.pos += len(r.text[r.pos:]) - len(strings.TrimLeftFunc(r.text[r.pos:], unicode.IsSpace))
	return r.pos
}

func (r *exprReader) done() bool { return r.next() == len(r.text) }

// word returns the next word and its place. The word is empty at an operator and
// at the end.
func (r *exprReader) word() (word string, at int) {
	at = r.next()
	rest := r.text[at:]
	end := strings.IndexFunc(rest, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune("=!<>", c) })
	if end < 0 {
		end = len(rest)
	}
	r.pos += end
	return rest[:end], at
}

// comparison returns the operator after a name and the value after the operator.
func (r *exprReader) comparison(name string) (op operator, opAt int, value string, valueAt int, err error) {
	opAt = r.next()
	i := slices.IndexFunc(operators, func(o operator) bool { return strings.HasPrefix(r.text[opAt:], o.text) })
	if i < 0 {
		return op, opAt, "", 0, r.errorf(opAt, "write one of = != < <= > >= after %s", name)
	}
	op = operators[i]
	r.pos += len(op.text)
	if value, valueAt = r.word(); value == "" {
		err = r.errorf(valueAt, "write a value after %s %s", name, op.text)
	}
	return op, opAt, value, valueAt, err
}

// parseWhere parses the conditions of a rule.
func parseWhere(text string) ([]condition, error) {
	r := &exprReader{text: text}
	var all []condition
	for {
		c, err := r.condition()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
		if r.done() {
			return all, nil
		}
		if word, at := r.word(); word != "and" {
			return nil, r.errorf(at, "write and between two conditions")
		}
	}
}

func (r *exprReader) condition() (condition, error) {
	name, at := r.word()
	field := results.CoordinateByName(name)
	if field == nil {
		var names []string
		for _, c := range results.Coordinates {
			names = append(names, c.Name)
		}
		return condition{}, r.errorf(at, "unknown field %q: the fields are %s", name, words.List(names))
	}
	c := condition{field: field}
	op, opAt, value, valueAt, err := r.comparison(name)
	if err != nil {
		return condition{}, err
	}
	c.op, c.word = op, value
	switch c.field.Value(&results.Point{}).(type) {
	case string:
		if !op.equality() {
			return condition{}, r.errorf(opAt, "%s is a name: compare it with = or !=", name)
		}
		if known := c.field.Terms; known != nil && !slices.ContainsFunc(known, func(t results.Term) bool { return t.Name == value }) {
			var names []string
			for _, t := range known {
				names = append(names, t.Name)
			}
			return condition{}, r.errorf(valueAt, "unknown %s %q: there are %s", name, value, words.List(names))
		}
		// Free text contains spaces and operators, which end a word.
		if c.field.FreeText && value != notSet {
			return condition{}, r.errorf(valueAt, "compare %s with %s", name, notSet)
		}
	case bool:
		if !op.equality() {
			return condition{}, r.errorf(opAt, "%s is on or off: compare it with = or !=", name)
		}
		if value != "on" && value != "off" {
			return condition{}, r.errorf(valueAt, "compare %s with on or off", name)
		}
	default:
		if c.number, err = coordinateUnits[c.field.Unit](value); err != nil {
			return condition{}, r.errorf(valueAt, "%s: %w", name, err)
		}
	}
	return c, nil
}

// parseRequire parses the requirement of a rule.
func parseRequire(text string) (requirement, error) {
	r := &exprReader{text: text}
	name, at := r.word()
	metric, err := analysis.MetricByName(name)
	if err != nil {
		var names []string
		for _, m := range analysis.Metrics {
			names = append(names, m.Name)
		}
		return requirement{}, r.errorf(at, "%w: the metrics are %s", err, words.List(append(names, "share(OUTCOME)")))
	}
	op, opAt, value, valueAt, err := r.comparison(name)
	if err != nil {
		return requirement{}, err
	}
	if op.equality() {
		return requirement{}, r.errorf(opAt, "samples cannot show that a figure is exactly one value: write one of < <= > >=")
	}
	parse, ok := metricUnits[metric.Unit]
	if !ok {
		return requirement{}, r.errorf(at, "%s has the unit %s, which rules do not support", name, metric.Unit)
	}
	q := requirement{metric: metric, op: op, word: value}
	if q.threshold, err = parse(value); err != nil {
		return requirement{}, r.errorf(valueAt, "%s: %w", name, err)
	}
	if !r.done() {
		return requirement{}, r.errorf(r.pos, "a rule has one requirement: write another rule for what follows")
	}
	if err := q.sensible(); err != nil {
		return requirement{}, r.errorf(valueAt, "%w", err)
	}
	return q, nil
}

// sensible returns an error for a requirement that no measurement can show or refute.
func (r requirement) sensible() error {
	switch everything := r.threshold == 1; {
	case r.metric.Share == nil:
		if r.op.text == "<" && r.threshold == 0 || r.op.text == ">=" && r.threshold == 0 {
			return fmt.Errorf("no %s is below 0: %s does not depend on the run", r.metric.Name, r)
		}
		return nil
	case r.op.text == ">" && everything, r.op.text == "<" && r.threshold == 0:
		return fmt.Errorf("no share is outside 0%% to 100%%: %s can never hold", r)
	case r.op.text == "<=" && everything, r.op.text == ">=" && r.threshold == 0:
		return fmt.Errorf("every share is within 0%% to 100%%: %s always holds", r)
	case r.op.text == ">=" && everything, r.op.text == "<=" && r.threshold == 0:
		return fmt.Errorf("no number of attempts can show %s: allow a little, such as 99.9%% or 0.1%%", r)
	}
	return nil
}
