package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/results"
)

func mergeCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "merge --out DIR RUN RUN...",
		Short: "merge recorded runs by adding their counts and histograms",
		Long: `Merge recorded runs into one. The counts and histograms of valid cells of the
same point and round are added; shares, intervals and percentiles are computed
from the sums. Invalid tries are copied. The merged run names its sources, and
standard error lists what differs between them.`,
		ValidArgsFunction: folders,
		Args:              positional(2, -1, "name the folders of at least two runs"),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			if out == "" {
				return usagef("--out: name the folder of the merged run")
			}
			runs := make([]*results.Run, len(dirs))
			for i, dir := range dirs {
				run, err := openRun(cmd, dir, "merging")
				if err != nil {
					return err
				}
				warnOfRepeated(cmd, run, "merge adds them")
				runs[i] = run
			}
			m, cells, err := results.Merge(runs)
			if err != nil {
				return usagef("merge: %w", err)
			}
			w, err := results.Create(out, m)
			if err != nil {
				return usagef("--out %s: %w", out, err)
			}
			for _, c := range cells {
				if err := w.Append(c); err != nil {
					return errors.Join(fmt.Errorf("write the merged run: %w", err), w.Close(nil))
				}
			}
			if err := w.Close(nil); err != nil {
				return fmt.Errorf("write the merged run: %w", err)
			}
			for _, d := range results.Differences(runs) {
				fmt.Fprintf(cmd.ErrOrStderr(), "rejectbench: the runs differ in %s: %s\n", d.What, values(dirs, d.Values))
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d cells of %d runs\n", out, len(cells), len(m.Sources))
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`folder`: where the merged run is written; created if missing")
	register(cmd, "out", folders)
	return cmd
}

// values lists the value of each run.
func values(dirs, of []string) string {
	var b strings.Builder
	for i, v := range of {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q in %s", v, dirs[i])
	}
	return b.String()
}
