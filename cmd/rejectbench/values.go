package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// list reads the values of a comma-separated flag, each by parse. A value that
// stands twice is an error: its cell would be run twice and counted as one.
func list[T comparable](flag, value string, parse func(string) (T, error)) ([]T, error) {
	var values []T
	for word := range strings.SplitSeq(value, ",") {
		word = strings.TrimSpace(word)
		v, err := parse(word)
		if err != nil {
			return nil, usagef("--%s %q: %w", flag, word, err)
		}
		if slices.Contains(values, v) {
			return nil, usagef("--%s %q: stands there twice", flag, word)
		}
		values = append(values, v)
	}
	return values, nil
}

// longest bounds every duration that is given on the command line.
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

// maxRTT bounds the round trip: the path holds every packet for half of it.
const maxRTT = 10 * time.Second

func parseRTT(word string) (time.Duration, error) {
	d, err := parseDuration(word)
	if err == nil && d > maxRTT {
		err = fmt.Errorf("longer than %v", maxRTT)
	}
	return d, err
}

// maxBody bounds the body; the fleet sends it from a small buffer.
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
		return 0, fmt.Errorf("larger than %s", humanize.IBytes(maxBody))
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

// parseOnOff reads a switch that may be a list's value.
func parseOnOff(word string) (bool, error) {
	switch word {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return false, fmt.Errorf("on or off")
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

func parseStrategy(word string) (string, error) {
	if _, err := targets.StrategyByName(word); err != nil {
		return "", fmt.Errorf("unknown strategy: there are %s", names(strategyTerms()))
	}
	return word, nil
}

func parseClient(word string) (string, error) {
	if _, err := loadgen.ClientByName(word); err != nil {
		return "", notBuiltIn(word)
	}
	return word, nil
}

// words reads a comma-separated flag whose values are the names of terms, or all.
func words(flag, value string, terms []results.Term, parse func(string) (string, error)) ([]string, error) {
	if value == "all" {
		var all []string
		for _, t := range terms {
			all = append(all, t.Name)
		}
		return all, nil
	}
	return list(flag, value, parse)
}

func names(terms []results.Term) string {
	var out []string
	for _, t := range terms {
		out = append(out, t.Name)
	}
	return strings.Join(out, ", ")
}

// terms makes the words of a vocabulary from the rows of its table.
func terms[Row any](rows []Row, word func(Row) (name, summary string)) []results.Term {
	var out []results.Term
	for _, row := range rows {
		name, summary := word(row)
		out = append(out, results.Term{Name: name, Summary: summary})
	}
	return out
}

// The vocabularies as `list` shows them; a manifest carries the first two.

func strategyTerms() []results.Term {
	return terms(targets.Strategies, func(s targets.Strategy) (string, string) { return s.Name, s.Summary })
}

func clientTerms() []results.Term {
	return terms(loadgen.Clients, func(c loadgen.Client) (string, string) { return c.Name, c.Summary })
}

func outcomeTerms() []results.Term {
	return terms(results.Outcomes[:], func(o results.OutcomeInfo) (string, string) { return o.Name, o.Summary })
}

func pathTerms() []results.Term {
	return terms(impair.Profiles, func(p impair.Profile) (string, string) {
		return p.Name, p.Summary + ": " + p.Values + ". " + p.Source
	})
}

func faultTerms() []results.Term {
	return terms(impair.Faults[:], func(f impair.FaultInfo) (string, string) { return f.Name, f.Summary })
}

func settingTerms() []results.Term {
	return terms(impair.Keys, func(k impair.Key) (string, string) { return k.Name, k.Unit + ": " + k.Summary })
}
