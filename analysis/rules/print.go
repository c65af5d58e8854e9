package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/analysis/internal/align"
	"github.com/rejectbench/rejectbench/analysis/internal/junit"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// Formats are the formats that Print writes.
var Formats = []string{"text", "markdown", "json", "junit"}

// Print writes verdicts in one of Formats. A rule that does not hold also gets a
// line for every point where it does not, with the evidence and what would decide.
// An unknown format is an error.
func Print(w io.Writer, format string, found []Result) error {
	var b bytes.Buffer
	var err error
	switch format {
	case "text":
		err = writeText(&b, found)
	case "markdown":
		writeMarkdown(&b, found)
	case "json":
		err = writeJSON(&b, found)
	case "junit":
		err = junit.Write(&b, "rejectbench.check", junitCases(found))
	default:
		err = fmt.Errorf("unknown format %q: the formats are %s", format, words.List(Formats))
	}
	if err != nil {
		return err
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the verdicts: %w", err)
	}
	return nil
}

// verdictWidth is the width of the longest verdict.
var verdictWidth = len(notApplicable.String())

// columns is the width that sentences of the text are broken at.
const columns = 80

func writeText(b *bytes.Buffer, found []Result) error {
	fmt.Fprintf(b, "%s\n\n", total(found))
	indent := strings.Repeat(" ", verdictWidth+2)
	for _, f := range found {
		fmt.Fprintf(b, "%-*s  %s\n", verdictWidth, f.Verdict, f.Rule.Name)
		for _, line := range words.Wrap(f.summary(), columns-len(indent), "") {
			fmt.Fprintf(b, "%s%s\n", indent, line)
		}
		points := f.unmet()
		if len(points) == 0 {
			continue
		}
		var rows [][]string
		for _, p := range points {
			rows = append(rows, []string{indent + p.Verdict.String(), p.Point.String(), f.Rule.evidence(p)})
		}
		if err := align.Write(b, rows, []bool{true, true, true}); err != nil {
			return err
		}
	}
	return nil
}

// junitCases returns a case per rule. What is neither shown nor allowed to be missing
// is an error.
func junitCases(found []Result) (cases []junit.Case) {
	for _, f := range found {
		c := junit.Case{Group: "rule", Name: f.Rule.Name, Message: f.summary()}
		switch {
		case f.Verdict == Fails:
			c.Outcome = junit.Failed
		case f.Verdict == notApplicable && f.Rule.missing == skipMissing:
			c.Outcome = junit.Skipped
		case f.Verdict != Holds:
			c.Outcome = junit.Error
		}
		var lines []string
		for _, p := range f.unmet() {
			lines = append(lines, fmt.Sprintf("%s: %s: %s", p.Verdict, p.Point, f.Rule.evidence(p)))
		}
		c.Details = strings.Join(lines, "\n")
		cases = append(cases, c)
	}
	return cases
}

func writeMarkdown(b *bytes.Buffer, found []Result) {
	fmt.Fprintf(b, "**%s**\n\n| verdict | rule | evidence |\n| --- | --- | --- |\n", total(found))
	for _, f := range found {
		fmt.Fprintf(b, "| %s | %s | %s |\n", f.Verdict, words.MarkdownCell(f.Rule.Name), words.MarkdownCell(f.summary()))
		for _, p := range f.unmet() {
			fmt.Fprintf(b, "| | %s | %s: %s |\n", words.MarkdownCell(p.Point.String()), p.Verdict, words.MarkdownCell(f.Rule.evidence(p)))
		}
	}
}

// jsonPoint is the verdict at one point in JSON. Shares are 0 to 1.
type jsonPoint struct {
	results.Point

	Verdict Verdict  `json:"verdict"`
	Counted int64    `json:"counted"` // of samples: attempts, or rounds on the required side
	Samples int64    `json:"samples"`
	Figure  *float64 `json:"figure"` // null where there is no sample
	Low     *float64 `json:"low"`    // null without an interval
	High    *float64 `json:"high"`
	Reason  string   `json:"reason,omitempty"`
}

// jsonRule is the verdict on one rule in JSON.
type jsonRule struct {
	Name       string      `json:"name"`
	Line       int         `json:"line"`
	Require    string      `json:"require"`
	Confidence float64     `json:"confidence"` // 0 for none
	Verdict    Verdict     `json:"verdict"`
	Reason     string      `json:"reason,omitempty"`
	Points     []jsonPoint `json:"points"`
}

func writeJSON(b *bytes.Buffer, found []Result) error {
	out := struct {
		Verdict Verdict    `json:"verdict"`
		Rules   []jsonRule `json:"rules"`
	}{Overall(found), []jsonRule{}}
	for _, f := range found {
		r := jsonRule{f.Rule.Name, f.Rule.Line, f.Rule.require.String(), f.Rule.confidence, f.Verdict, f.Reason, []jsonPoint{}}
		for _, p := range f.Points {
			j := jsonPoint{p.Point, p.Verdict, p.K, p.N, nil, nil, nil, p.Needs}
			if p.N > 0 {
				j.Figure = &p.Figure
			}
			if p.bounded() {
				j.Low, j.High = &p.Low, &p.High
			}
			r.Points = append(r.Points, j)
		}
		out.Rules = append(out.Rules, r)
	}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		return fmt.Errorf("encode the verdicts: %w", err)
	}
	return nil
}

// total counts the rules by verdict.
func total(found []Result) string {
	var tally [len(verdictNames)]int
	for _, f := range found {
		tally[f.Verdict]++
	}
	parts := []string{fmt.Sprintf("%d hold", tally[Holds])}
	if n := tally[Fails]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d fail", n))
	}
	if n := tally[undecided]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d undecided", n))
	}
	if n := tally[notApplicable]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d not applicable", n))
	}
	return fmt.Sprintf("%s: %s", words.Plural(len(found), "rule"), strings.Join(parts, ", "))
}

// unmet returns the points at which the rule does not hold.
func (f Result) unmet() []PointResult {
	var points []PointResult
	for _, p := range f.Points {
		if p.Verdict != Holds {
			points = append(points, p)
		}
	}
	return points
}

// summary writes the requirement and at how many points it holds.
func (f Result) summary() string {
	r := f.Rule
	text := fmt.Sprintf("%s, confidence %s%%: ", r.require, confidencePercent(r.confidence))
	if r.plain() {
		text = fmt.Sprintf("%s, as measured: ", r.require)
	}
	if len(f.Points) == 0 {
		if f.Verdict == notApplicable && r.missing == openMissing {
			f.Reason += "; missing: skip would allow it, missing: fail would make it a failure"
		}
		return text + f.Reason
	}
	holds := len(f.Points) - len(f.unmet())
	text += fmt.Sprintf("holds at %d of %s", holds, words.Plural(len(f.Points), "point"))
	if f.Verdict != Holds {
		return text
	}
	closest := slices.MinFunc(f.Points, func(a, b PointResult) int {
		switch {
		case a.margin < b.margin:
			return -1
		case a.margin > b.margin:
			return 1
		}
		return 0
	})
	return text + "; closest " + closest.Point.String() + ": " + r.evidence(closest)
}

// confidencePercent formats a confidence in percent, not rounded to 100: nine decimals
// are enough for every confidence that a rule may have.
func confidencePercent(confidence float64) string {
	text := strconv.FormatFloat(confidence*100, 'f', 9, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// bounded reports whether Low and High are known.
func (p PointResult) bounded() bool { return p.N > 0 && !math.IsNaN(p.Low) }

// evidence writes the counts and bounds behind the verdict at a point.
func (r Rule) evidence(p PointResult) string {
	if p.N == 0 {
		return p.Needs
	}
	var text string
	if r.require.metric.Share != nil {
		text = fmt.Sprintf("%d of %d", p.K, p.N)
		atLeast, atMost := fmt.Sprintf(", at least %s%%", words.Percent(p.Low)), fmt.Sprintf(", at most %s%%", words.Percent(p.High))
		switch {
		case r.plain():
			text += fmt.Sprintf(", %s%%", words.Percent(p.Figure))
		case !p.bounded():
			text += fmt.Sprintf(" in %s, no interval", words.Plural(p.rounds, "round"))
		case p.Verdict == undecided:
			text += fmt.Sprintf(", %s%% to %s%%", words.Percent(p.Low), words.Percent(p.High))
		case (p.Verdict == Holds) == r.require.op.atLeast():
			text += atLeast
		default:
			text += atMost
		}
	} else {
		unit := strings.TrimSuffix(" "+r.require.metric.Unit, " ")
		text = fmt.Sprintf("%d of %s on the required side, median %s%s, %s to %s",
			p.K, words.Plural(int(p.N), "round"), units.Number(p.Figure), unit, units.Number(p.Low), units.Number(p.High))
	}
	if p.Needs != "" {
		text += "; " + p.Needs
	}
	return text
}
