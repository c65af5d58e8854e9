package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
)

// capturesDir is the folder, within a run's, of its captures.
const capturesDir = "pcap"

// measurement is a run that was measured to its end, or until its budget was used up.
type measurement struct {
	dir   string
	cells []results.Cell // invalid tries among them
}

// measure sweeps the grid and writes each cell to the run's folder. An interrupted
// run is an error; the cells that it finished are on disk.
func (f *runFlags) measure(cmd *cobra.Command, p runPlan) (m measurement, err error) {
	// Only now: a run that cannot be measured leaves no folder behind.
	if m.dir, err = runFolder(f.out, f.name, time.Now()); err != nil {
		return m, err
	}
	o := p.options
	o.Ladders = ladderPoints(o)
	o.CaptureFolder, o.CaptureConnections = filepath.Join(m.dir, capturesDir), f.pcap
	writer, err := f.create(cmd.Flags(), m.dir, p)
	if err != nil {
		return m, err
	}
	swept, sweepErr := sweepCells(cmd, *f, o, writer)
	m.cells = swept.records
	interrupted := errors.Is(sweepErr, context.Canceled)
	outOfBudget := errors.Is(sweepErr, sweep.ErrBudget)
	if outOfBudget {
		sweepErr = nil // a budget was asked for, so its end is no failure
	}
	err = writer.Close(func(m *results.Manifest) {
		m.Finished = time.Now().UTC()
		m.Interrupted = sweepErr != nil
		m.OutOfBudget = outOfBudget
		m.TCP = swept.sysctl
	})
	if sweepErr != nil && !interrupted {
		return m, errors.Join(sweepErr, err)
	}
	if err != nil {
		return m, err // not joined with an interruption, which would hide it
	}
	if outOfBudget {
		fmt.Fprintf(cmd.ErrOrStderr(), "--budget %v is used up: %d of %d cells are done\n", f.budget, swept.done, o.Planned())
	}
	if interrupted {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d cells are in %s\n", len(m.cells), m.dir)
	}
	return m, sweepErr
}

// create makes the record of a run that is about to start.
func (f *runFlags) create(fs *pflag.FlagSet, dir string, p runPlan) (*results.Writer, error) {
	manifest, err := newManifest(f.name, p.options, fs)
	if err != nil {
		return nil, err
	}
	p.servers.describe(&manifest)
	manifest.Scenarios = p.scenarios
	if f.isDefaultGrid(fs) {
		manifest.Options["grid"] = "default: more than the product of its flags"
	}
	describeLibraries(&manifest, p.libraries)
	writer, err := results.Create(dir, manifest)
	if err != nil {
		return nil, usagef("--out: %w", err)
	}
	return writer, nil
}

// swept is what a sweep has measured.
type swept struct {
	records []results.Cell    // invalid tries among them
	done    int               // cells; a cell that took several tries counts once
	sysctl  map[string]string // TCP settings of the server's namespace
}

// sweepCells measures the cells, with progress on standard error and, with --format
// json, each cell on standard output.
func sweepCells(cmd *cobra.Command, f runFlags, o sweep.Options, w *results.Writer) (s swept, err error) {
	var bar progress = silent{}
	if !f.quiet {
		bar = newProgress(cmd.ErrOrStderr(), o, time.Now)
	}
	defer bar.close()
	s.sysctl, err = sweep.Run(cmd.Context(), o, sweep.Events{
		Planned: bar.planned,
		Started: bar.started,
		Done: func(c results.Cell, final bool) error {
			s.records = append(s.records, c)
			if final {
				s.done++
			}
			if err := w.Append(c); err != nil {
				return err
			}
			if f.format == "json" {
				line, err := results.EncodeCell(c)
				if err != nil {
					return err
				}
				if _, err := cmd.OutOrStdout().Write(line); err != nil {
					return fmt.Errorf("write to standard output: %w", err)
				}
			}
			bar.done(c, final)
			return nil
		},
		Drawn: func(p results.Point, svg string) error { return writeLadder(w.Dir(), p, svg) },
	})
	return s, err
}

// runFolder makes a run's folder, and returns an error if nothing can be written
// there. Without a name for it, it is results/<time>-<name of the run>.
func runFolder(dir, name string, now time.Time) (string, error) {
	if dir == "" {
		dir = filepath.Join("results", now.UTC().Format("20060102-150405")+"-"+name)
	}
	if _, err := os.Stat(filepath.Join(dir, results.CellsFile)); err == nil {
		return "", usagef("--out %s: it already holds a run: name another folder", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", usagef("--out %s: %w", dir, err)
	}
	probe, err := os.CreateTemp(dir, ".write")
	if err != nil {
		return "", usagef("--out %s: it cannot be written: %w", dir, err)
	}
	probe.Close()
	return dir, os.Remove(probe.Name())
}
