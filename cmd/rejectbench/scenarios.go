package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/scenario"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/catalogue"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// scenarioFlags are the flags of `run` that apply to scenarios. The parts of a
// scenario set everything else.
var scenarioFlags = []string{"scenario", "rounds", "aa", "precision", "budget", "seed", "path", "congestion", "ipv6", "timeout", "max-cell",
	"catalogue", "listen-timeout", "out", "name", "format", "quiet", "pcap"}

// scenarios reads --scenario.
func (f *runFlags) scenarios() ([]scenario.Scenario, error) {
	if f.scenario == "all" {
		return scenario.All()
	}
	var all []scenario.Scenario
	for word := range strings.SplitSeq(f.scenario, ",") {
		word = strings.TrimSpace(word)
		s, err := one("scenario", word, lookupScenario)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(o scenario.Scenario) bool { return o.Name == s.Name }) {
			return nil, usagef("--scenario %q: there is another %s, and a record knows its scenario only by this name", word, s.Name)
		}
		all = append(all, s)
	}
	return all, nil
}

// lookupScenario returns the scenario of a name, or of a file.
func lookupScenario(word string) (scenario.Scenario, error) {
	if !strings.ContainsAny(word, `/\`) && !strings.HasSuffix(word, ".yaml") {
		if _, err := scenarioWords.parse(word); err != nil {
			return scenario.Scenario{}, err
		}
	}
	return scenario.Lookup(word)
}

// scenarioOptions replaces the grid of a run by the parts of the scenarios.
func (f *runFlags) scenarioOptions(fs *pflag.FlagSet, o *sweep.Options, sources sources) (err error) {
	fs.Visit(func(fl *pflag.Flag) {
		if err == nil && !slices.Contains(scenarioFlags, fl.Name) {
			err = usagef("--%s, --scenario %s: the file of the scenario sets it: leave one of them out", fl.Name, f.scenario)
		}
	})
	if err != nil {
		return err
	}
	o.Points, o.Programs, o.Overrides = nil, map[string]cell.Program{}, map[sweep.PartName]sweep.Overrides{}
	for _, s := range sources.scenarios {
		for _, p := range s.Parts {
			point := p.Point
			point.IPv6 = f.ipv6
			if f.path == string(netpath.Loopback) && (point.RTTMs > 0 || point.Loss > 0) {
				return usagef("--path loopback, --scenario %s: part %s has a round trip of %v: take another path", s.Name, p.Name, point.RTT())
			}
			if _, err := targets.StrategyByName(point.Strategy); err != nil {
				name, program, err := readServer(sources.servers, point.Strategy, f.listenTimeout)
				if err != nil {
					return usagef("--scenario %s: part %s: %w", s.Name, p.Name, err)
				}
				o.Programs[name] = program
			}
			bounds := p.Bounds(o.Bounds)
			o.Overrides[sweep.PartName{Scenario: s.Name, Part: p.Name}] = sweep.Overrides{Bounds: &bounds, Requests: p.Requests}
			o.Points = append(o.Points, point)
		}
	}
	return nil
}

// openScenarios checks that the servers and the library clients of a run's scenarios
// are installed, and returns the scenarios for the manifest. Missing software is an
// error if the scenario was named. With --scenario all, the parts that need it are
// left out, and stderr and the manifest say so.
func (f *runFlags) openScenarios(ctx context.Context, sources sources, o *sweep.Options, stderr io.Writer) ([]results.Scenario, error) {
	missing := missingSoftware(sources.servers)
	var records []results.Scenario
	for _, s := range sources.scenarios {
		for i, p := range s.Parts {
			err := missing(ctx, p)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err == nil:
				continue
			case f.scenario != "all":
				return nil, unansweredError{fmt.Errorf("--scenario %s: part %s: %w", s.Name, p.Name, err)}
			}
			fmt.Fprintf(stderr, "scenario %s: part %s is left out: %v\n", s.Name, p.Name, err)
			s.Scenario.Parts[i].NotRun = err.Error()
			o.Points = slices.DeleteFunc(o.Points, func(q results.Point) bool { return q.Scenario == s.Name && q.Part == p.Name })
		}
		records = append(records, s.Scenario)
	}
	if len(records) == 0 {
		return nil, nil
	}
	maps.DeleteFunc(o.Programs, func(name string, _ cell.Program) bool {
		return !slices.ContainsFunc(o.Points, func(p results.Point) bool { return p.Strategy == name })
	})
	return records, nil
}

// missingSoftware returns a function whose error names software that a part needs
// and this machine lacks. It looks for each program once.
func missingSoftware(servers catalogue.Catalogue) func(context.Context, scenario.Part) error {
	known := map[string]error{}
	once := func(name string, ask func() error) error {
		if _, asked := known[name]; !asked {
			known[name] = ask()
		}
		return known[name]
	}
	return func(ctx context.Context, p scenario.Part) error {
		if _, err := targets.StrategyByName(p.Point.Strategy); err != nil {
			server, _, err := servers.Lookup(p.Point.Strategy)
			if err != nil {
				return err
			}
			if err := once("server "+server.Name, func() error { _, err := server.Installed(ctx); return err }); err != nil {
				return err
			}
		}
		client, library := drivers.ByName(p.Point.Client)
		if !library {
			return nil
		}
		return once("client "+client.Name, func() error { _, err := client.Installed(ctx); return err })
	}
}

// listScenarios lists the scenarios and their parts.
func listScenarios(cmd *cobra.Command, _ listFlags) error {
	all, err := scenario.All()
	if err != nil {
		return err
	}
	w := columns(cmd.OutOrStdout())
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%s (%s, %s)\n", s.Name, s.Title, s.Date, s.Source)
		for _, p := range s.Parts {
			fmt.Fprintf(w, "  %s\t%s: %s\n", p.Name, p.Shows, p.Summary)
		}
	}
	return w.Flush()
}
