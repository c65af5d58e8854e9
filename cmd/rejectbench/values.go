package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results/units"
)

// list reads the values of a comma-separated flag, each by parse. A duplicate value
// is an error, because its cell would be measured twice and counted as one.
func list[T comparable](flag, value string, parse func(string) (T, error)) ([]T, error) {
	var values []T
	for word := range strings.SplitSeq(value, ",") {
		word = strings.TrimSpace(word)
		v, err := parse(word)
		if err != nil {
			return nil, flagError(flag, word, err)
		}
		if slices.Contains(values, v) {
			return nil, usagef("--%s %q: duplicate value", flag, word)
		}
		values = append(values, v)
	}
	return values, nil
}

// one reads a flag that takes a single value.
func one[T any](flag, value string, parse func(string) (T, error)) (T, error) {
	v, err := parse(value)
	if err != nil {
		return v, flagError(flag, value, err)
	}
	return v, nil
}

// longest is the longest duration that a flag takes.
const longest = 24 * time.Hour

func parseDuration(word string) (time.Duration, error) {
	if word == "0" {
		return 0, nil
	}
	d, err := time.ParseDuration(word)
	switch {
	case err != nil:
		return 0, fmt.Errorf("not a duration such as 20ms or 1s")
	case d < 0:
		return 0, fmt.Errorf("a duration cannot be negative")
	case d > longest:
		return 0, fmt.Errorf("longer than %v", longest)
	}
	return d, nil
}

// maxRTT bounds the round trip, because the path buffers every packet for half of it.
const maxRTT = 10 * time.Second

func parseRTT(word string) (time.Duration, error) {
	d, err := parseDuration(word)
	if err == nil && d > maxRTT {
		err = fmt.Errorf("longer than %v", maxRTT)
	}
	return d, err
}

// maxBody bounds the body, which is sent from a small buffer.
const maxBody = 1 << 40

func parseSize(word string) (int64, error) {
	if strings.HasPrefix(word, "-") {
		return 0, fmt.Errorf("a size cannot be negative")
	}
	n, err := humanize.ParseBytes(word)
	if err != nil {
		return 0, fmt.Errorf("not a size such as 100000, 64KiB or 1MB")
	}
	if n > maxBody {
		return 0, fmt.Errorf("larger than %s", units.Size(maxBody))
	}
	return int64(n), nil
}

func parseLoss(word string) (float64, error) {
	number, percent := strings.CutSuffix(word, "%")
	v, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil || math.IsNaN(v):
		return 0, fmt.Errorf("not a share such as 0 or 1%%")
	case !percent && v != 0:
		return 0, fmt.Errorf("write it as a percentage, such as 1%%")
	case v < 0 || v > 100:
		return 0, fmt.Errorf("not within 0%% to 100%%")
	}
	return v / 100, nil
}

// parseOnOff reads one value of a switch.
func parseOnOff(word string) (bool, error) {
	_, err := onOff.parse(word)
	return word == "on", err
}

func parseNth(word string) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 || n > loadgen.MaxNth {
		return 0, fmt.Errorf("not a number within 1 and %d", loadgen.MaxNth)
	}
	return n, nil
}

func parseConcurrency(word string) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("not a number of 1 or more")
	}
	return n, loadgen.CheckDescriptors(n)
}

// parsePrecision reads half the width of an interval.
func parsePrecision(word string) (float64, error) {
	number, percent := strings.CutSuffix(word, "%")
	v, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil || math.IsNaN(v) || !percent:
		return 0, errors.New("not a percentage such as 1% or 0.5%")
	case v <= 0 || v >= 50:
		return 0, errors.New("not above 0% and below 50%")
	}
	return v / 100, nil
}
