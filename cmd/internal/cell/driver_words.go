package cell

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"github.com/rejectbench/rejectbench/loadgen/drivers"
)

// maxKinds is how many kinds of error words a cell keeps; the rest is otherWords.
const (
	maxKinds  = 16
	otherKind = "other"
)

// variableParts is what differs between two errors of one kind, and what stands in
// its place. Without it the words of every attempt were a kind of their own: Go's
// name both addresses, and curl's the milliseconds.
var variableParts = []struct {
	found *regexp.Regexp
	in    string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`\[[0-9A-Fa-f]*:[0-9A-Fa-f:.%a-z]*\](:\d+)?`), "ADDRESS"},
	{regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b(:\d+)?`), "ADDRESS"},
	{regexp.MustCompile(`\b0x[0-9A-Fa-f]+`), "0xN"},
	{regexp.MustCompile(`(?i)\bport[ =:]+\d+`), "port N"},
	{regexp.MustCompile(`\b\d+(\.\d+)?( ?(ms|us|s|milliseconds|seconds|bytes|out of)\b)`), "N$2"},
	{regexp.MustCompile(`\b\d{4,}\b`), "N"}, // no error number is as long
}

// errorKind is a library's words without what differs between two errors of a kind.
func errorKind(words string) string {
	for _, v := range variableParts {
		words = v.found.ReplaceAllString(words, v.in)
	}
	return words
}

// countErrors counts the kinds of words that the attempts of a driver met, the
// maxKinds most frequent ones by their own words; nil when there were none.
func countErrors(attempts []drivers.AttemptLine) map[string]int64 {
	var kinds map[string]int64
	for _, a := range attempts {
		if a.Error == "" {
			continue
		}
		if kinds == nil {
			kinds = map[string]int64{}
		}
		kinds[errorKind(a.Error)]++
	}
	if len(kinds) <= maxKinds {
		return kinds
	}
	names := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		return cmp.Or(cmp.Compare(kinds[b], kinds[a]), cmp.Compare(a, b))
	})
	for _, name := range names[maxKinds:] {
		n := kinds[name]
		delete(kinds, name)
		kinds[otherKind] += n
	}
	return kinds
}
