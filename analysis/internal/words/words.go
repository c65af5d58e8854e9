// Package words formats figures, counts and lists for sentences and tables: shares
// as percentages that never round to all or nothing, intervals with n, plurals.
package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results/units"
)

// Percent formats a share, 0 to 1, as a percentage without its sign: with one decimal,
// within 1% of either end with two. Only an exact 1 or 0 becomes 100 or 0.
func Percent(v float64) string { return PercentWith(v, Decimals(v)) }

// Decimals returns the number of decimals of Percent.
func Decimals(v float64) int {
	if v < 0.01 || v > 0.99 {
		return 2
	}
	return 1
}

// PercentWith is Percent with a given number of decimals. A share that would round to
// 0 or 100 gets a < or > instead.
func PercentWith(v float64, decimals int) string {
	smallest := math.Pow(10, -float64(decimals))
	text := func(percent float64) string { return strconv.FormatFloat(percent, 'f', decimals, 64) }
	switch s := text(v * 100); {
	case v == 1:
		return "100"
	case v == 0:
		return "0"
	case s == text(100):
		return ">" + text(100-smallest)
	case s == text(0):
		return "<" + text(smallest)
	default:
		return s
	}
}

// Bounds formats a share and the bounds of its interval in percent, all with the
// decimals of the one that needs most. Without an interval both bounds are the share.
func Bounds(s stats.Share) (value, low, high string) {
	n := 1
	from, to := s.Drawn()
	for _, v := range []float64{s.Value, from, to} {
		if v != 0 && v != 1 {
			n = max(n, Decimals(v))
		}
	}
	return PercentWith(s.Value, n), PercentWith(from, n), PercentWith(to, n)
}

// Interval formats the interval of a share for a table.
func Interval(s stats.Share) string {
	if !s.HasInterval() {
		return None
	}
	_, low, high := Bounds(s)
	return "[" + low + ", " + high + "]"
}

// Share formats a share for a sentence, with its n and with its interval where it has
// one.
func Share(s stats.Share) string {
	if !s.HasInterval() {
		return fmt.Sprintf("%s%% (n=%d)", Percent(s.Value), s.N)
	}
	value, low, high := Bounds(s)
	return fmt.Sprintf("%s%% (95%% CI %s–%s, n=%d)", value, low, high, s.N)
}

// AllWhole formats several shares that are all 100%, for a sentence. The weakest is the
// one with the smallest n.
func AllWhole(weakest stats.Share) string {
	if !weakest.HasInterval() {
		return fmt.Sprintf("100%% (smallest n=%d)", weakest.N)
	}
	return fmt.Sprintf("100%% (95%% CI %s–100, smallest n=%d)", Percent(weakest.Low), weakest.N)
}

// List joins names for a sentence: "a, b and c".
func List(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// Plural formats a count with its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return strconv.Itoa(n) + " " + stem + "ies"
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// None stands for a missing figure, as opposed to 0.
const None = "-"

// Points formats a difference of shares in percentage points for a sentence, with three
// significant digits.
func Points(v float64) string { return units.Number(v * 100) }

// FixedPoints formats a difference of shares in percentage points for a column, with two
// decimals.
func FixedPoints(v float64) string { return strconv.FormatFloat(v*100, 'f', 2, 64) }

// MaxNamed is the number of items that a sentence names. It counts the rest.
const MaxNamed = 3

// Retried states how many invalid tries a valid try of the same round replaced. The
// tries of rounds that never became valid are not among them.
func Retried(retries int) string {
	if retries == 1 {
		return "1 invalid try was replaced by a valid one"
	}
	return fmt.Sprintf("%d invalid tries were replaced by a valid one", retries)
}

// MarkdownCell escapes text for a cell of a Markdown table.
func MarkdownCell(text string) string { return markdownCell.Replace(text) }

var markdownCell = strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ", "`", "'")
