package cell

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
)

// maxKinds is how many kinds of errors a cell keeps. The rest counts as otherKind.
const (
	maxKinds  = 16
	otherKind = "other"
)

// variableParts are what differs between two errors of one kind, and what replaces
// it. Without them the error of every attempt would be a kind: Go's errors name
// both addresses, and curl's the milliseconds.
var variableParts = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`\[[0-9A-Fa-f]*:[0-9A-Fa-f:.%a-z]*\](:\d+)?`), "ADDRESS"},
	{regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b(:\d+)?`), "ADDRESS"},
	{regexp.MustCompile(`\b0x[0-9A-Fa-f]+`), "0xN"},
	{regexp.MustCompile(`(?i)\bport[ =:]+\d+`), "port N"},
	{regexp.MustCompile(`\b\d+(\.\d+)?( ?(ms|us|s|milliseconds|seconds|bytes|out of)\b)`), "N$2"},
	{regexp.MustCompile(`\b\d{4,}\b`), "N"}, // error numbers have fewer digits
}

// errorKind returns a library's error text without its variable parts.
func errorKind(text string) string {
	for _, v := range variableParts {
		text = v.pattern.ReplaceAllString(text, v.replacement)
	}
	return text
}

// countErrors counts the attempts of a driver by the kind of their error. It keeps
// the maxKinds most frequent kinds. It returns nil if no attempt has an error text.
func countErrors(attempts []drivenAttempt) map[string]int64 {
	var counts map[string]int64
	for _, a := range attempts {
		if a.Error == "" {
			continue
		}
		if counts == nil {
			counts = map[string]int64{}
		}
		counts[errorKind(a.Error)]++
	}
	if len(counts) <= maxKinds {
		return counts
	}
	byFrequency := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, kind := range byFrequency[maxKinds:] {
		n := counts[kind]
		delete(counts, kind)
		counts[otherKind] += n
	}
	return counts
}
