package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/loadgen/drivers"
	"github.com/rejectbench/rejectbench/results"
)

// parseClient reads the name of a client behaviour, for commands that do not run
// library clients.
func parseClient(word string) (string, error) {
	if _, ok := drivers.ByName(word); ok {
		return "", fmt.Errorf("only run takes library clients: there are %s", strings.Join(clientWords.names(), ", "))
	}
	return clientWords.parse(word)
}

// parseGridClient reads the name of a client of a grid.
func parseGridClient(word string) (string, error) {
	if strings.Contains(word, "=") {
		return "", errors.New("run takes no mix of clients, tune does")
	}
	return anyClientWords.parse(word)
}

func libraryTerms() []results.Term {
	return terms(drivers.Clients(), func(c drivers.Client) (string, string) { return c.Name, c.Summary })
}

// libraryOptions sets each library client's default concurrency unless --concurrency
// is given.
func libraryOptions(fs *pflag.FlagSet, o *sweep.Options) {
	if fs.Changed("concurrency") {
		return
	}
	for i, p := range o.Points {
		if c, ok := drivers.ByName(p.Client); ok {
			o.Points[i].Concurrency = c.Concurrency
		}
	}
}

// libraryVersions returns the versions of the library clients of a run, by name. A
// client that is not installed is an error of the environment.
func libraryVersions(ctx context.Context, points []results.Point) (map[string]string, error) {
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
			return nil, unansweredError{fmt.Errorf("--client %s: %w", c.Name, err)}
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

// installedLibraries are the library clients. Each summary ends with the version, if
// the client is installed, and with the packages that it comes from.
func installedLibraries(ctx context.Context) (libraries []results.Term, err error) {
	for _, c := range drivers.Clients() {
		version, err := c.Installed(ctx)
		state := "installed, " + version
		var missing *drivers.MissingError
		switch {
		case errors.As(err, &missing):
			state = "not installed"
		case err != nil:
			return nil, err
		}
		from := cmp.Or(strings.Join(c.Packages, ", "), "in this program")
		libraries = append(libraries, results.Term{Name: c.Name, Summary: fmt.Sprintf("%s [%s; %s]", c.Summary, state, from)})
	}
	return libraries, nil
}
