package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
)

// parseAnyClient reads the name of a client behaviour or of a library client.
func parseAnyClient(word string) (string, error) {
	if _, ok := drivers.ByName(word); ok {
		return word, nil
	}
	if _, err := loadgen.ClientByName(word); err != nil {
		return "", fmt.Errorf("unknown client: there are %s, and the libraries %s", names(clientTerms()), names(libraryTerms()))
	}
	return word, nil
}

// notBuiltIn is the error of a command that has no library clients, for a name
// that is not one of its clients.
func notBuiltIn(word string) error {
	if _, ok := drivers.ByName(word); ok {
		return fmt.Errorf("a library client, which run alone takes: there are %s", names(clientTerms()))
	}
	return fmt.Errorf("unknown client: there are %s", names(clientTerms()))
}

// libraryTerms are the library clients as words of the vocabulary of clients.
func libraryTerms() []results.Term {
	return terms(drivers.Clients(), func(c drivers.Client) (string, string) { return c.Name, c.Summary })
}

// libraryOptions checks what a run with library clients cannot be, and gives
// their points the concurrency that suits them, where none is asked for.
func libraryOptions(fs *pflag.FlagSet, o *sweep.Options) error {
	for i, p := range o.Points {
		c, ok := drivers.ByName(p.Client)
		if !ok {
			continue
		}
		for _, flag := range []string{"rate", "duration"} {
			if fs.Changed(flag) {
				return usagef("--%s, --client %s: a library client makes a number of attempts in a closed loop: give --requests", flag, c.Name)
			}
		}
		if !fs.Changed("concurrency") {
			o.Points[i].Concurrency = c.Concurrency
		}
	}
	return nil
}

// libraryVersions returns the versions of the library clients of a run, by name.
// One that is not installed is an error of the environment.
func libraryVersions(ctx context.Context, points []sweep.Point) (map[string]string, error) {
	versions := map[string]string{}
	for _, p := range points {
		c, ok := drivers.ByName(p.Client)
		if _, known := versions[p.Client]; !ok || known {
			continue
		}
		version, err := c.Installed(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, environmentError{fmt.Errorf("--client %s: %w", c.Name, err)}
		}
		versions[p.Client] = version
	}
	return versions, nil
}

// describeLibraries adds the library clients of a run to its manifest.
func describeLibraries(m *results.Manifest, versions map[string]string) {
	if len(versions) == 0 {
		return
	}
	m.ClientVersions = versions
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		c, _ := drivers.ByName(name)
		m.Clients = append(m.Clients, results.Term{Name: name, Summary: c.Summary + " (" + versions[name] + ")"})
	}
}

// listLibraries writes a line a library client: its name, what it is, and whether
// it is installed.
func listLibraries(cmd *cobra.Command, row func(name, summary string)) error {
	for _, c := range drivers.Clients() {
		version, err := c.Installed(cmd.Context())
		state := "installed, " + version
		var missing *drivers.MissingError
		switch {
		case errors.As(err, &missing):
			state = "not installed"
		case err != nil:
			return err
		}
		from := cmp.Or(strings.Join(c.Packages, ", "), "in this program")
		row(c.Name, fmt.Sprintf("%s [%s; %s]", c.Summary, state, from))
	}
	return nil
}
