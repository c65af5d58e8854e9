package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/results"
)

// allWord means every word of a vocabulary, for flags that accept it.
var allWord = results.Term{Name: "all", Summary: "every one of them"}

// coordinateWords are the vocabularies of coordinates that have one, by name. A
// coordinate that is on or off needs no row.
var coordinateWords = map[string]vocabulary{
	"strategy": strategyWords.with(allWord),
	"client":   anyClientWords.with(allWord),
	"arrivals": arrivalWords,
}

// completeCoordinates completes the flags of a grid, which take lists.
func completeCoordinates(cmd *cobra.Command) {
	for _, c := range results.Coordinates {
		words, known := coordinateWords[c.Name]
		if _, switched := c.Value(&results.Point{}).(bool); switched {
			words, known = onOff, true
		}
		if known && c.Flag != "" {
			words.completeList(cmd, c.Flag)
		}
	}
}

// completePath completes the flags of a path, as far as the command has them.
func completePath(cmd *cobra.Command) {
	pathKinds.complete(cmd, "path")
	congestionWords.complete(cmd, "congestion")
	for flag, words := range pathWords {
		if cmd.Flags().Lookup(flag) != nil {
			words.complete(cmd, flag)
		}
	}
}

// metricsWithShares are the metrics with the share of each outcome.
var metricsWithShares = vocabulary{noun: "metric", terms: func() []results.Term {
	shares := terms(results.Outcomes[:], func(o results.OutcomeInfo) (string, string) { return "share(" + o.Name + ")", o.Summary })
	return slices.Concat(metricWords.terms(), shares)
}}

// with returns the vocabulary and one more word.
func (v vocabulary) with(term results.Term) vocabulary {
	words := v.terms
	v.terms = func() []results.Term { return append(slices.Clone(words()), term) }
	return v
}

// complete offers the words for a flag that takes one of them.
func (v vocabulary) complete(cmd *cobra.Command, flag string) {
	register(cmd, flag, func(cmd *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return v.argument(cmd, nil, toComplete)
	})
}

// argument offers the words for the only argument of a command, and nothing after it.
func (v vocabulary) argument(_ *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return v.offers("", toComplete, nil), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completeList offers the words for a flag that takes a list of them, after every
// comma those that the list does not have yet. A word may have a weight, as in
// blocking=70.
func (v vocabulary) completeList(cmd *cobra.Command, flag string) {
	register(cmd, flag, func(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		end := strings.LastIndexByte(toComplete, ',') + 1
		var used []string
		for word := range strings.SplitSeq(toComplete[:end], ",") {
			name, _, _ := strings.Cut(word, "=")
			used = append(used, name)
		}
		if end > 0 {
			used = append(used, allWord.Name)
		}
		// Without a space after the word, so that a comma can follow.
		return v.offers(toComplete[:end], toComplete[end:], used),
			cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
	})
}

// offers returns the words with the prefix begun, except used ones, each after the text
// before.
func (v vocabulary) offers(before, begun string, used []string) (offers []cobra.Completion) {
	for _, t := range v.terms() {
		if strings.HasPrefix(t.Name, begun) && !slices.Contains(used, t.Name) {
			offers = append(offers, cobra.CompletionWithDesc(before+t.Name, t.Summary))
		}
	}
	return offers
}

// completeNoFiles makes the flags without a completion offer nothing, unless their
// value is a file: a shell offers the names of files for any other flag.
func completeNoFiles(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(fl *pflag.Flag) {
		value := fl.Annotations[valueKey]
		_, registered := cmd.GetFlagCompletionFunc(fl.Name)
		if !registered && fl.NoOptDefVal == "" && !slices.Contains(value, "file") && !slices.Contains(value, "folder") {
			register(cmd, fl.Name, cobra.NoFileCompletions)
		}
	})
}

// register registers the completion of a flag. Its only error is a flag that the
// command does not have, which is a mistake in this program.
func register(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// folders completes a flag or arguments that are folders.
func folders(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}
