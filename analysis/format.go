package analysis

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// percent writes a share as a percentage: with one decimal, near the ends with
// two. Only a share that is exactly all or nothing reads 100 or 0.
func percent(v float64) string { return percentWith(v, decimals(v)) }

func decimals(v float64) int {
	if v < 0.01 || v > 0.99 {
		return 2
	}
	return 1
}

func percentWith(v float64, decimals int) string {
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

// bounds writes a share's bounds in percent, with as many decimals as its
// finest figure needs.
func bounds(s Share) (value, low, high string) {
	n := 1
	for _, v := range []float64{s.Value, s.Low, s.High} {
		if v != 0 && v != 1 {
			n = max(n, decimals(v))
		}
	}
	return percentWith(s.Value, n), percentWith(s.Low, n), percentWith(s.High, n)
}

// interval writes a share's bounds for a table.
func interval(s Share) string {
	_, low, high := bounds(s)
	return "[" + low + ", " + high + "]"
}

// sharePhrase writes a share for a sentence, with its interval and n.
func sharePhrase(s Share) string {
	value, low, high := bounds(s)
	return fmt.Sprintf("%s%% (95%% CI %s–%s, n=%d)", value, low, high, s.N)
}

// list joins names as a sentence does.
func list(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return strconv.Itoa(n) + " " + stem + "ies"
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
