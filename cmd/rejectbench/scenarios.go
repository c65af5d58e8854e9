package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

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

const scenarioUsage = "scenarios to run in place of a grid, or all: public reports of lost answers; see list scenarios, or give the path of a .yaml file of your own"

// scenarioFlags are the flags of `run` that say something of scenarios too: all
// others are what a scenario's parts say for themselves.
var scenarioFlags = []string{"scenario", "rounds", "aa", "precision", "budget", "seed", "path", "congestion", "ipv6", "timeout", "max-cell",
	"catalogue", "listen-timeout", "out", "name", "format", "quiet", "pcap"}

// scenarios reads --scenario.
func (f runFlags) scenarios() ([]scenario.Scenario, error) {
	if f.scenario == "all" {
		return scenario.All()
	}
	var all []scenario.Scenario
	for word := range strings.SplitSeq(f.scenario, ",") {
		word = strings.TrimSpace(word)
		s, err := scenario.Lookup(word)
		if err != nil {
			return nil, usagef("--scenario %q: %w", word, err)
		}
		if slices.ContainsFunc(all, func(o scenario.Scenario) bool { return o.Name == s.Name }) {
			return nil, usagef("--scenario %q: there is another %s, and cells are told apart by that name", word, s.Name)
		}
		all = append(all, s)
	}
	return all, nil
}

// scenarioOptions puts the parts of the scenarios in the place of a run's grid.
func (f runFlags) scenarioOptions(fs *pflag.FlagSet, o *sweep.Options) (err error) {
	fs.Visit(func(fl *pflag.Flag) {
		if err == nil && !slices.Contains(scenarioFlags, fl.Name) {
			err = usagef("--%s, --scenario %s: a scenario has that from its file: leave one of them out", fl.Name, f.scenario)
		}
	})
	if err != nil {
		return err
	}
	all, err := f.scenarios()
	if err != nil {
		return err
	}
	servers, err := openCatalogue(f.catalogue)
	if err != nil {
		return err
	}
	o.Points, o.Programs, o.Parts = nil, map[string]cell.Program{}, map[sweep.PartName]sweep.Part{}
	for _, s := range all {
		for _, p := range s.Parts {
			if f.path == string(netpath.Loopback) && (p.RTT > 0 || p.Loss > 0) {
				return usagef("--path loopback, --scenario %s: part %s has a round trip of %v: take another path", s.Name, p.Name, p.RTT)
			}
			if _, err := targets.StrategyByName(p.Server); err != nil {
				name, program, err := readServer(servers, p.Server, f.listenTimeout)
				if err != nil {
					return usagef("--scenario %s: part %s: %w", s.Name, p.Name, err)
				}
				o.Programs[name] = program
			}
			bounds := p.Bounds(o.Bounds)
			o.Parts[sweep.PartName{Scenario: s.Name, Part: p.Name}] = sweep.Part{Bounds: &bounds, Settings: p.Describe(), Requests: p.Requests}
			o.Points = append(o.Points, sweep.Point{
				Strategy: p.Server, Client: p.Client, RTT: p.RTT, Concurrency: p.Concurrency, BodyBytes: p.Body, Loss: p.Loss,
				TLS: p.TLS, Nth: p.Nth, Scenario: s.Name, Part: p.Name,
			})
		}
	}
	return nil
}

// openScenarios checks that the servers and the library clients of a run's
// scenarios are installed, and returns what the manifest says of the scenarios. Of
// all scenarios, the parts whose software is missing are left out, which is said in
// the manifest and on stderr; of scenarios that were named, it is an error.
func (f runFlags) openScenarios(ctx context.Context, o *sweep.Options, stderr io.Writer) ([]results.Scenario, error) {
	if f.scenario == "" {
		return nil, nil
	}
	all, err := f.scenarios()
	if err != nil {
		return nil, err
	}
	servers, err := openCatalogue(f.catalogue)
	if err != nil {
		return nil, err
	}
	missing := missingSoftware(servers)
	var records []results.Scenario
	for _, s := range all {
		for i, p := range s.Parts {
			err := missing(ctx, p)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err == nil:
				continue
			case f.scenario != "all":
				return nil, environmentError{fmt.Errorf("--scenario %s: part %s: %w", s.Name, p.Name, err)}
			}
			fmt.Fprintf(stderr, "scenario %s: part %s is left out: %v\n", s.Name, p.Name, err)
			s.Scenario.Parts[i].NotRun = err.Error()
			o.Points = slices.DeleteFunc(o.Points, func(q sweep.Point) bool { return q.Scenario == s.Name && q.Part == p.Name })
		}
		records = append(records, s.Scenario)
	}
	maps.DeleteFunc(o.Programs, func(name string, _ cell.Program) bool {
		return !slices.ContainsFunc(o.Points, func(p sweep.Point) bool { return p.Strategy == name })
	})
	return records, nil
}

// missingSoftware returns a function that says what a part wants and this machine
// does not have, and asks about each program once.
func missingSoftware(servers catalogue.Catalogue) func(context.Context, scenario.Part) error {
	known := map[string]error{}
	once := func(name string, ask func() error) error {
		if _, asked := known[name]; !asked {
			known[name] = ask()
		}
		return known[name]
	}
	return func(ctx context.Context, p scenario.Part) error {
		if _, err := targets.StrategyByName(p.Server); err != nil {
			server, _, err := servers.Lookup(p.Server)
			if err != nil {
				return err
			}
			if err := once("server "+server.Name, func() error { _, err := server.Installed(ctx); return err }); err != nil {
				return err
			}
		}
		client, library := drivers.ByName(p.Client)
		if !library {
			return nil
		}
		return once("client "+client.Name, func() error { _, err := client.Installed(ctx); return err })
	}
}

// listScenarios lists the scenarios with their parts.
func listScenarios(cmd *cobra.Command) error {
	all, err := scenario.All()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%s (%s, %s)\n", s.Name, s.Title, s.Date, s.Source)
		for _, p := range s.Parts {
			fmt.Fprintf(w, "  %s\t%s: %s\n", p.Name, p.Shows, p.Summary)
		}
	}
	return w.Flush()
}
