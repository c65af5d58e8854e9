package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/analysis/chart"
	"github.com/rejectbench/rejectbench/analysis/findings"
	"github.com/rejectbench/rejectbench/analysis/report"
	"github.com/rejectbench/rejectbench/analysis/table"
	"github.com/rejectbench/rejectbench/results"
)

func reportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report RUN...",
		Short: "write the plots and report of recorded runs again",
		Long: `Draw the plots and write the report.html of recorded runs again, and print their
tables and findings.`,
		ValidArgsFunction: folders,
		Args:              positional(1, -1, "name the folder of at least one run"),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			for _, dir := range dirs {
				r, err := writeReport(dir)
				var line *results.LineError
				switch {
				case r != nil && errors.As(err, &line):
					fmt.Fprintf(cmd.ErrOrStderr(), "rejectbench: %v: reporting the %d cells before it\n", line, len(r.study.Run.Cells))
				case err != nil:
					return usageError{err}
				}
				if err := r.print(cmd.OutOrStdout()); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "\nreport: %s\n", filepath.Join(dir, results.ReportFile))
			}
			return nil
		},
	}
}

// reported is a run as its report shows it.
type reported struct {
	study    *analysis.Study
	findings []string
}

// writeReport draws the plots and writes the report of a run's folder. Of a damaged
// run it reports the cells that can be read, and returns what it reported with the
// error.
func writeReport(dir string) (*reported, error) {
	run, damage := results.Open(dir)
	if run == nil {
		return nil, damage
	}
	study := analysis.NewStudy(run)
	r := &reported{study, findings.Of(study)}
	figures, err := chart.Figures(study)
	if err != nil {
		return nil, fmt.Errorf("draw the plots: %w", err)
	}
	if _, err := chart.Write(figures, filepath.Join(dir, results.PlotsDir)); err != nil {
		return nil, err
	}
	// Within dir, because the name of dir may hold the characters of a pattern.
	ladders, err := fs.Glob(os.DirFS(dir), laddersDir+"/*.svg")
	if err != nil {
		return nil, fmt.Errorf("find the ladder diagrams: %w", err)
	}
	for i, name := range ladders {
		ladders[i] = filepath.Join(dir, filepath.FromSlash(name))
	}
	f, err := os.Create(filepath.Join(dir, results.ReportFile))
	if err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	if err := errors.Join(report.Write(f, report.Content{Study: study, Findings: r.findings, Figures: figures, Ladders: ladders}), f.Close()); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return r, damage
}

// print prints the tables and the findings of a run.
func (r *reported) print(w io.Writer) error {
	if err := table.Write(w, r.study.Summaries); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if len(r.study.Run.Manifest.Scenarios) > 0 {
		if err := table.WriteScenarios(w, r.study); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	for _, sentence := range r.findings {
		fmt.Fprintln(w, sentence)
	}
	return nil
}
