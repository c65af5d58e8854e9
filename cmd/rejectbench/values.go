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
	"github.com/rejectbench/rejectbench/targets/netpath"
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
		return "", fmt.Errorf("unknown client: there are %s", names(clientTerms()))
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

// strategyTerms, clientTerms and outcomeTerms are the vocabularies as `list`
// shows them and a manifest carries them.
func strategyTerms() []results.Term {
	var terms []results.Term
	for _, s := range targets.Strategies {
		terms = append(terms, results.Term{Name: s.Name, Summary: s.Summary})
	}
	return terms
}

func clientTerms() []results.Term {
	var terms []results.Term
	for _, c := range loadgen.Clients {
		terms = append(terms, results.Term{Name: c.Name, Summary: c.Summary})
	}
	return terms
}

func outcomeTerms() []results.Term {
	var terms []results.Term
	for _, o := range results.Outcomes {
		terms = append(terms, results.Term{Name: o.Name, Summary: o.Summary})
	}
	return terms
}

// pathTerms, faultTerms and settingTerms are what `list` knows of paths.
func pathTerms() []results.Term {
	var terms []results.Term
	for _, p := range netpath.Profiles {
		terms = append(terms, results.Term{Name: p.Name, Summary: p.Summary + ": " + p.Values + ". " + p.Source})
	}
	return terms
}

func faultTerms() []results.Term {
	var terms []results.Term
	for _, f := range netpath.Faults {
		terms = append(terms, results.Term{Name: f.Name, Summary: f.Summary})
	}
	return terms
}

func settingTerms() []results.Term {
	var terms []results.Term
	for _, k := range netpath.Keys {
		terms = append(terms, results.Term{Name: k.Name, Summary: k.Unit + ": " + k.Summary})
	}
	return terms
}
