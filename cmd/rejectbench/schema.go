package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/results"
)

func schemaCommand() *cobra.Command {
	var kinds []string
	for _, s := range results.Schemas {
		kinds = append(kinds, s.Name)
	}
	return &cobra.Command{
		Use:   "schema " + strings.Join(kinds, "|"),
		Short: "print the JSON schema of a run's records",
		Long: `Print the JSON schema (draft 2020-12) of a kind of record: cell, a line of
cells.jsonl and of --format json, or manifest, a run's manifest.json. Fields that
a schema does not know are allowed: later versions of one schema number add some.`,
		ValidArgs: kinds,
		Args:      positional(1, 1, "name one of "+strings.Join(kinds, ", ")),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := results.JSONSchema(args[0])
			if err != nil {
				return usagef("schema %q: there are %s", args[0], strings.Join(kinds, ", "))
			}
			_, err = cmd.OutOrStdout().Write(b)
			return err
		},
	}
}
