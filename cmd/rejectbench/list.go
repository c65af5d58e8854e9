package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// listFlags are the flags of `list` as they were given.
type listFlags struct {
	catalogue string
	long      bool
}

// topic is something that `list` lists.
type topic struct {
	name, summary string
	write         func(*cobra.Command, listFlags) error
}

// topics are in the order in which the help shows them.
var topics = []topic{
	{"strategies", "ways of the reference server to reject", listStrategies},
	{"clients", "client behaviours, and library clients", listClients},
	{"arrivals", "ways in which attempts are spaced in time", listTerms(arrivalWords.terms)},
	{"placements", "ways in which the parts of a cell are placed on the CPUs", listTerms(placementWords.terms)},
	{"outcomes", "ways in which an attempt ends", listTerms(outcomeTerms)},
	{"paths", "named paths of --profile, with published figures", listTerms(pathTerms)},
	{"faults", "faults of --fault", listTerms(faultTerms)},
	{"settings", "settings of a path, in a file and as flags", listTerms(settingTerms)},
	{"directives", "what other servers call the settings that tune finds", listTerms(directiveTerms)},
	{"scenarios", "public reports of lost answers", listScenarios},
	{"servers", "other servers, and whether they are installed", listServers},
}

func topicTerms() []results.Term {
	return terms(topics, func(t topic) (string, string) { return t.name, t.summary })
}

func listCommand() *cobra.Command {
	words := vocabulary{noun: "topic", terms: topicTerms}
	var f listFlags
	var long strings.Builder
	long.WriteString("List the names of a topic with their meaning. The topics are:\n\n")
	for _, t := range topics {
		writeRow(&long, "  "+t.name, t.summary, 14)
	}
	cmd := &cobra.Command{
		Use:               "list TOPIC",
		Short:             "list the names that flags take, and what they mean",
		Long:              strings.TrimSuffix(long.String(), "\n"),
		ValidArgsFunction: words.argument,
		Args:              positional(1, 1, "name one of "+strings.Join(words.names(), ", ")),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, t := range topics {
				if t.name == args[0] {
					return t.write(cmd, f)
				}
			}
			_, err := words.parse(args[0])
			return usageError{err}
		},
	}
	cmd.Flags().StringVar(&f.catalogue, "catalogue", "", "`folder`: for servers, *.yaml files with more servers")
	cmd.Flags().BoolVar(&f.long, "long", false, "for strategies, who uses each, what it costs and where it fails")
	register(cmd, "catalogue", folders)
	return cmd
}

// columns aligns cells that are separated by tabs. Flush writes them to w.
func columns(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// writeTerms writes a line for each term.
func writeTerms(w io.Writer, terms []results.Term) {
	for _, t := range terms {
		fmt.Fprintf(w, "%s\t%s\n", t.Name, t.Summary)
	}
}

// listTerms returns the function that lists the terms of a vocabulary.
func listTerms(terms func() []results.Term) func(*cobra.Command, listFlags) error {
	return func(cmd *cobra.Command, _ listFlags) error {
		w := columns(cmd.OutOrStdout())
		writeTerms(w, terms())
		return w.Flush()
	}
}

func listStrategies(cmd *cobra.Command, f listFlags) error {
	if !f.long {
		return listTerms(strategyTerms)(cmd, f)
	}
	for _, s := range targets.Strategies {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n  used by: %s\n  costs:   %s\n  fails:   %s\n", s.Name, s.Summary, s.UsedBy, s.Cost, s.Fails)
		if err != nil {
			return err
		}
	}
	return nil
}

// listClients lists the client behaviours and, below them, the library clients with
// whether they are installed.
func listClients(cmd *cobra.Command, _ listFlags) error {
	w := columns(cmd.OutOrStdout())
	writeTerms(w, clientTerms())
	libraries, err := installedLibraries(cmd.Context())
	if err != nil {
		return err
	}
	writeTerms(w, libraries)
	return w.Flush()
}
