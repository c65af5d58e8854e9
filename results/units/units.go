// Package units writes quantities for readers, with three significant digits and
// sizes in binary units, and reads those that users write.
package units

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Number writes a quantity with three significant digits, without an exponent.
func Number(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	s := strconv.FormatFloat(v, 'f', min(max(digits, 0), 6), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Size writes a number of bytes in the largest binary unit that is not larger.
func Size(n int64) string {
	switch {
	case n >= 1<<40:
		return Number(float64(n)/(1<<40)) + " TiB"
	case n >= 1<<30:
		return Number(float64(n)/(1<<30)) + " GiB"
	case n >= 1<<20:
		return Number(float64(n)/(1<<20)) + " MiB"
	case n >= 1<<10:
		return Number(float64(n)/(1<<10)) + " KiB"
	}
	return strconv.FormatInt(n, 10) + " B"
}

// Milliseconds returns a duration as a number of milliseconds.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
