package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets/catalogue"
)

func openCatalogue(folder string) (catalogue.Catalogue, error) {
	all, err := catalogue.Open(folder)
	if err != nil {
		return nil, usagef("--catalogue %s: %w", folder, err)
	}
	return all, nil
}

// servers are the servers of the catalogue that a command starts.
type servers struct {
	folder   string // holds a private folder for each; empty without servers
	versions map[string]string
	terms    []results.Term
}

// openServers checks that the programs of commands exist and that servers of the
// catalogue are installed, and makes the folder for their private folders.
func openServers(ctx context.Context, programs map[string]cell.Program, all catalogue.Catalogue) (s servers, err error) {
	s.versions = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		p := programs[name]
		if p.Setup == nil {
			if err := checkProgram(p); err != nil {
				return s, err
			}
			continue
		}
		server, variant, err := all.Lookup(name)
		if err != nil {
			return s, usagef("--server %s: %w", name, err)
		}
		version, known := s.versions[server.Name]
		if !known {
			if version, err = server.Installed(ctx); err != nil {
				if ctx.Err() != nil {
					return s, ctx.Err()
				}
				return s, unansweredError{fmt.Errorf("--server %s: %w", name, err)}
			}
			s.versions[server.Name] = version
		}
		s.terms = append(s.terms, results.Term{Name: name, Summary: fmt.Sprintf("%s %s: %s", server.Summary, version, variant.Summary)})
	}
	if len(s.versions) == 0 {
		return s, nil
	}
	if s.folder, err = os.MkdirTemp("", "rejectbench-servers-"); err != nil {
		return s, unansweredError{fmt.Errorf("make a folder for the servers' configurations: %w", err)}
	}
	for name, p := range programs {
		p.Folder = s.folder
		programs[name] = p
	}
	return s, nil
}

// close removes the folders of the servers.
func (s servers) close() {
	if s.folder != "" {
		_ = os.RemoveAll(s.folder)
	}
}

// describe adds the servers and their versions to the manifest of a run.
func (s servers) describe(m *results.Manifest) {
	if len(s.versions) > 0 {
		m.Servers = s.versions
	}
	m.Strategies = append(m.Strategies, s.terms...)
}

// listServers lists the servers of the catalogue with their variants, and how to
// install those that are missing.
func listServers(cmd *cobra.Command, f listFlags) error {
	if err := checkEmpty(cmd.Flags()); err != nil {
		return err
	}
	all, err := openCatalogue(f.catalogue)
	if err != nil {
		return err
	}
	states := make([]string, len(all))
	var asked sync.WaitGroup
	for i, server := range all {
		asked.Go(func() {
			version, err := server.Installed(cmd.Context())
			switch {
			case err == nil:
				states[i] = "installed, version " + version
				if server.TLS != nil {
					states[i] += ", also over TLS"
				}
			case errors.Is(err, catalogue.ErrNotInstalled):
				states[i] = "not installed: " + server.Install()
			default:
				states[i] = err.Error()
			}
		})
	}
	asked.Wait()
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	w := columns(cmd.OutOrStdout())
	for i, server := range all {
		fmt.Fprintf(w, "%s\t%s; %s\n", server.Name, server.Summary, states[i])
		for _, v := range server.Variants {
			summary := v.Summary
			if v.Name == server.Default {
				summary += " (the default)"
			}
			fmt.Fprintf(w, "  %s:%s\t%s\n", server.Name, v.Name, summary)
		}
		for _, d := range server.Directives {
			fmt.Fprintf(w, "  %s:%s=VALUE\t%s\n", server.Name, d.Name, d.Summary)
		}
	}
	return w.Flush()
}
