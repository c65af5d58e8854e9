package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results/units"
)

// Percent writes a share as a percentage: with one decimal, near the ends with
// two. Only a share that is exactly all or nothing reads 100 or 0.
func Percent(v float64) string { return PercentWith(v, Decimals(v)) }

func Decimals(v float64) int {
	if v < 0.01 || v > 0.99 {
		return 2
	}
	return 1
}

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

// Bounds writes a share's bounds in percent, with as many decimals as its
// finest figure needs.
func Bounds(s stats.Share) (value, low, high string) {
	n := 1
	for _, v := range []float64{s.Value, s.Low, s.High} {
		if v != 0 && v != 1 {
			n = max(n, Decimals(v))
		}
	}
	return PercentWith(s.Value, n), PercentWith(s.Low, n), PercentWith(s.High, n)
}

// Interval writes a share's bounds for a table.
func Interval(s stats.Share) string {
	_, low, high := Bounds(s)
	return "[" + low + ", " + high + "]"
}

// Share writes a share for a sentence, with its interval and n.
func Share(s stats.Share) string {
	value, low, high := Bounds(s)
	return fmt.Sprintf("%s%% (95%% CI %s–%s, n=%d)", value, low, high, s.N)
}

// List joins names as a sentence does.
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

// Plural writes a count with its noun.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return strconv.Itoa(n) + " " + stem + "ies"
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// None marks a figure that does not exist, as opposed to zero.
const None = "-"

// Points writes a difference of shares in percentage points.
func Points(v float64) string { return strconv.FormatFloat(v*100, 'f', 2, 64) }

// MaxNamed is how many strategies a sentence names; it counts the rest.
const MaxNamed = 3

func Retried(retries int) string {
	if retries == 1 {
		return "1 invalid try was run again"
	}
	return fmt.Sprintf("%d invalid tries were run again", retries)
}

// InPoints writes a difference of shares in points.
func InPoints(v float64) string { return units.Number(v * 100) }
