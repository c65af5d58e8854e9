package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results/units"
)

// list reads the values of a comma-separated flag, each by parse. A duplicate value
// is an error: its cell would be measured twice and counted as one, or its metric
// tested twice.
func list[T comparable](flag, value string, parse func(string) (T, error)) ([]T, error) {
	return listBy(flag, value, parse, func(v T) T { return v })
}

// listBy is list for values that are compared by their keys.
func listBy[T any, K comparable](flag, value string, parse func(string) (T, error), key func(T) K) ([]T, error) {
	var values []T
	seen := map[K]bool{}
	for word := range strings.SplitSeq(value, ",") {
		word = strings.TrimSpace(word)
		v, err := parse(word)
		if err != nil {
			return nil, flagError(flag, word, err)
		}
		if seen[key(v)] {
			return nil, usagef("--%s %q: duplicate value", flag, word)
		}
		values, seen[key(v)] = append(values, v), true
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
	d, err := units.ParseDuration(word)
	if err == nil && d > longest {
		err = fmt.Errorf("longer than %v", longest)
	}
	return d, err
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

func parseSize(word string) (int64, error) { return units.ParseSize(word, maxBody) }

// parseOnOff reads one value of a switch.
func parseOnOff(word string) (bool, error) {
	_, err := onOff.parse(word)
	return word == "on", err
}

func parseNth(word string) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil || checkNth(n) != nil {
		return 0, fmt.Errorf("not a number within 1 and %d", loadgen.MaxNth)
	}
	return n, nil
}

// checkNth checks a --nth-request that is one number.
func checkNth(n int) error {
	if n < 1 || n > loadgen.MaxNth {
		return usagef("--nth-request %d: it has to be within 1 and %d", n, loadgen.MaxNth)
	}
	return nil
}

// maxRate is the highest rate that a flag takes, in attempts per second.
const maxRate = 1e7

func parseRate(word string) (float64, error) {
	rate, err := strconv.ParseFloat(word, 64)
	if err != nil || !(rate >= 0 && rate <= maxRate) {
		return 0, fmt.Errorf("not a number within 0 and %d", int(maxRate))
	}
	return rate, nil
}

func parseLimit(word string) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < 0 {
		return 0, errors.New("not a number of 0 or more")
	}
	return n, nil
}

func parseConcurrency(word string) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("not a number of 1 or more")
	}
	if err := loadgen.CheckDescriptors(n); err != nil {
		return 0, unansweredError{err}
	}
	return n, nil
}

// parsePrecision reads half the width of an interval.
func parsePrecision(word string) (float64, error) {
	v, err := units.ParseShare(word)
	switch {
	case err != nil && !errors.Is(err, units.ErrShareRange):
		return 0, errors.New("not a percentage such as 1% or 0.5%")
	case err != nil || v <= 0 || v >= 0.5:
		return 0, errors.New("not above 0% and below 50%")
	}
	return v, nil
}
