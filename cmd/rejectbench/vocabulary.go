package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/targets/netpath"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/rules"
	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/scenario"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/catalogue"
	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// vocabulary is a closed set of words that a flag or an argument takes.
type vocabulary struct {
	noun  string // one of the words, in messages
	terms func() []results.Term
	more  string // words beside the terms, in messages; empty for none
}

// vocabularyOf is the vocabulary of words that need no explanation.
func vocabularyOf(noun string, words ...string) vocabulary {
	return vocabulary{noun: noun, terms: func() []results.Term {
		return terms(words, func(w string) (string, string) { return w, "" })
	}}
}

// names returns the words.
func (v vocabulary) names() []string {
	var names []string
	for _, t := range v.terms() {
		names = append(names, t.Name)
	}
	return names
}

// parse returns a word of the vocabulary as it is. The error of another word is an
// *unknownWord.
func (v vocabulary) parse(word string) (string, error) {
	if known := v.names(); !slices.Contains(known, word) {
		return "", &unknownWord{v.noun, word, known, v.more}
	}
	return word, nil
}

// check checks the value of a flag.
func (v vocabulary) check(flag, value string) error {
	_, err := one(flag, value, v.parse)
	return err
}

// unknownWord is the error of a word outside of a vocabulary.
type unknownWord struct {
	noun, word string
	known      []string
	more       string
}

// Error names the word that was probably meant or, if none is near, all words.
func (e *unknownWord) Error() string {
	text := fmt.Sprintf("unknown %s %q", e.noun, e.word)
	if near := nearest(e.word, e.known); near != "" {
		return text + "; did you mean " + near + "?"
	}
	if e.more == "" {
		return text + ": there are " + strings.Join(e.known, ", ")
	}
	return text + ": there are " + strings.Join(e.known, ", ") + ", and " + e.more
}

// flagError is the wrong usage of a flag. It names the value, unless err does. A value
// that this system does not allow is no wrong usage.
func flagError(flag, value string, err error) error {
	if errors.As(err, new(unansweredError)) {
		return unansweredError{fmt.Errorf("--%s %q: %w", flag, value, err)}
	}
	if errors.As(err, new(*unknownWord)) {
		return usagef("--%s: %w", flag, err)
	}
	return usagef("--%s %q: %w", flag, value, err)
}

// nearest returns the known word that a misspelt word was probably meant to be, or
// an empty string. One edit in three letters is allowed, and at most three; else it
// is the only word that begins so.
func nearest(word string, known []string) string {
	best, least := "", min((len(word)+1)/3, 3)+1
	least = max(least, 2)
	var begun []string
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < least && d < len(word) {
			best, least = k, d
		}
		if len(word) >= 3 && strings.HasPrefix(k, word) {
			begun = append(begun, k)
		}
	}
	if best == "" && len(begun) == 1 {
		return begun[0]
	}
	return best
}

// editDistance counts the insertions, deletions, substitutions and swaps of
// neighbours that turn a into b, no letter edited twice (optimal string alignment).
// Cobra's own distance counts a swap as two edits.
func editDistance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			substitution := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				substitution++
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, substitution)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// The vocabularies of flags and arguments.
var (
	strategyWords  = vocabulary{noun: "strategy", terms: strategyTerms}
	clientWords    = vocabulary{noun: "client", terms: clientTerms}
	anyClientWords = vocabulary{noun: "client", terms: func() []results.Term { return slices.Concat(clientTerms(), libraryTerms()) }}
	arrivalWords   = vocabulary{noun: "arrivals", terms: func() []results.Term { return results.Arrivals }}
	placementWords = vocabulary{noun: "placement", terms: func() []results.Term { return cell.Placements }}
	outcomeWords   = vocabulary{noun: "outcome", terms: outcomeTerms}
	profileWords   = vocabulary{noun: "profile", terms: pathTerms}
	faultWords     = vocabulary{noun: "fault", terms: faultTerms}
	pathSettings   = vocabulary{noun: "setting", terms: settingTerms}
	tuneSettings   = vocabulary{noun: "setting", terms: func() []results.Term {
		return terms(targets.Settings, func(s targets.Setting) (string, string) { return s.Name, s.Summary })
	}}
	pathKinds   = vocabulary{noun: "path", terms: kindTerms}
	metricWords = vocabulary{noun: "metric", more: "share(OUTCOME)", terms: func() []results.Term {
		return terms(analysis.Metrics, func(m analysis.Metric) (string, string) { return m.Name, m.Summary })
	}}
	schemaWords = vocabulary{noun: "schema", terms: func() []results.Term {
		return terms(results.Schemas, func(s results.SchemaInfo) (string, string) { return s.Name, s.Summary })
	}}
	scenarioWords     = vocabulary{noun: "scenario", more: "files of your own (a path that ends in .yaml)", terms: scenarioTerms}
	distributionWords = vocabularyOf("distribution", impair.Uniform.String(), impair.Normal.String())
	onOff             = vocabularyOf("value", "off", "on")
	textOrJSON        = vocabularyOf("format", "text", "json")
	formatsOfCheck    = vocabularyOf("format", rules.Formats...)
)

// terms returns the terms of a vocabulary from the rows of its table.
func terms[Row any](rows []Row, word func(Row) (name, summary string)) []results.Term {
	var out []results.Term
	for _, row := range rows {
		name, summary := word(row)
		out = append(out, results.Term{Name: name, Summary: summary})
	}
	return out
}

// The terms as `list` shows them. A manifest has those of strategies and clients.

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

func kindTerms() (kinds []results.Term) {
	for _, k := range netpath.Kinds {
		kinds = append(kinds, results.Term{Name: string(k.Kind), Summary: k.Summary})
	}
	return kinds
}

// scenarioTerms are the scenarios of this program. Its own files are always valid.
func scenarioTerms() []results.Term {
	all, _ := scenario.All()
	return terms(all, func(s scenario.Scenario) (string, string) { return s.Name, s.Title })
}

// serverWords are the servers of the catalogue and of a folder, which is read when the
// words are needed, and their variants.
func serverWords(folder *string) vocabulary {
	return vocabulary{noun: "server", terms: func() []results.Term { return serverTerms(*folder) }}
}

func serverTerms(folder string) (servers []results.Term) {
	all, _ := catalogue.Open(folder) // completion shows no errors
	for _, s := range all {
		servers = append(servers, results.Term{Name: s.Name, Summary: s.Summary})
		for _, v := range s.Variants {
			servers = append(servers, results.Term{Name: s.Name + ":" + v.Name, Summary: v.Summary})
		}
	}
	return servers
}
