package units

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// ParseDuration reads a duration of 0 or more, such as 20ms. 0 needs no unit.
func ParseDuration(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	switch {
	case err != nil:
		return 0, errors.New("not a duration such as 20ms or 1s")
	case d < 0:
		return 0, errors.New("a duration cannot be negative")
	}
	return d, nil
}

// ParseSize reads a number of bytes, such as 100000, 64KiB or 1MB. most is the
// largest that it takes.
func ParseSize(word string, most int64) (int64, error) {
	if strings.HasPrefix(word, "-") {
		return 0, errors.New("a size cannot be negative")
	}
	n, err := humanize.ParseBytes(word)
	switch {
	case err != nil:
		return 0, errors.New("not a size such as 100000, 64KiB or 1MB")
	case n > uint64(most):
		return 0, fmt.Errorf("larger than %s", Size(most))
	}
	return int64(n), nil
}

// ErrShareRange is the error of a percentage below 0% or above 100%.
var ErrShareRange = errors.New("not within 0% to 100%")

// ParseShare reads a percentage as a share of 0 to 1. 0 needs no sign. The error of a
// percentage out of this range is ErrShareRange.
func ParseShare(word string) (float64, error) {
	number, percent := strings.CutSuffix(word, "%")
	v, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil || math.IsNaN(v):
		return 0, errors.New("not a share such as 0 or 1%")
	case !percent && v != 0:
		return 0, errors.New("write it as a percentage, such as 1%")
	case v < 0 || v > 100:
		return 0, ErrShareRange
	}
	return v / 100, nil
}
