package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
)

// vocabularies are what `list` can list.
var vocabularies = []struct {
	name  string
	terms func() []results.Term
}{
	{"strategies", strategyTerms},
	{"clients", clientTerms},
	{"outcomes", outcomeTerms},
	{"paths", pathTerms},
	{"faults", faultTerms},
	{"settings", settingTerms},
	{"directives", directiveTerms},
}

func listCommand() *cobra.Command {
	var long bool
	var folder string
	var kinds []string
	for _, v := range vocabularies {
		kinds = append(kinds, v.name)
	}
	kinds = append(kinds, "scenarios", "servers")
	cmd := &cobra.Command{
		Use:       "list " + strings.Join(kinds, "|"),
		Short:     "list the strategies, client behaviours, outcomes, named paths, faults, path settings, scenarios, other servers, or the words other servers have for a setting",
		ValidArgs: kinds,
		Args:      positional(1, 1, "name one of "+strings.Join(kinds, ", ")),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "servers" {
				return listServers(cmd, folder)
			}
			if args[0] == "scenarios" {
				return listScenarios(cmd)
			}
			for _, v := range vocabularies {
				if v.name == args[0] {
					if long && v.name == "strategies" {
						return listStrategies(cmd)
					}
					w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
					for _, t := range v.terms() {
						fmt.Fprintf(w, "%s\t%s\n", t.Name, t.Summary)
					}
					if v.name == "clients" {
						if err := listLibraries(cmd, func(name, summary string) { fmt.Fprintf(w, "%s\t%s\n", name, summary) }); err != nil {
							return err
						}
					}
					return w.Flush()
				}
			}
			return usagef("list %q: there are %s", args[0], strings.Join(kinds, ", "))
		},
	}
	cmd.Flags().StringVar(&folder, "catalogue", "", "for servers: "+catalogueUsage)
	cmd.Flags().BoolVar(&long, "long", false, "for strategies: who uses each, what it costs, where it fails")
	return cmd
}

func listStrategies(cmd *cobra.Command) error {
	for _, s := range targets.Strategies {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n  used by: %s\n  costs:   %s\n  fails:   %s\n", s.Name, s.Summary, s.UsedBy, s.Cost, s.Fails)
		if err != nil {
			return err
		}
	}
	return nil
}
