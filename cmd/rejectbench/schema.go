package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/results"
)

func schemaCommand() *cobra.Command {
	kinds := schemaWords.names()
	return &cobra.Command{
		Use:   "schema " + strings.Join(kinds, "|"),
		Short: "print the JSON schema of a run's records",
		Long: `Print the JSON schema (draft 2020-12) of a kind of record: cell for a line of
cells.jsonl and of --format json, manifest for a run's manifest.json. The schema
allows further fields, because later versions add fields without a new number.`,
		ValidArgsFunction: schemaWords.argument,
		Args:              positional(1, 1, "name one of "+strings.Join(kinds, ", ")),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := schemaWords.parse(args[0]); err != nil {
				return usageError{err}
			}
			b, err := results.JSONSchema(args[0])
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(b)
			return err
		},
	}
}
