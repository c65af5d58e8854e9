package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/catalogue"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// programs returns the servers of --server, which replace the reference server, and
// puts their names in the place of the grid's strategies.
func (f *runFlags) programs(fs *pflag.FlagSet, g grid, all catalogue.Catalogue) (map[string]cell.Program, error) {
	if !fs.Changed("server") {
		return nil, nil
	}
	if fs.Changed("strategy") {
		return nil, usagef("--strategy %q, --server %q: give only one of them", *f.axisValues["strategy"], f.servers[0])
	}
	g["strategy"] = nil
	programs := map[string]cell.Program{}
	for _, server := range f.servers {
		words := []string{server}
		if !isCommand(server) {
			words = strings.Split(server, ",")
		}
		for _, word := range words {
			name, program, err := readServer(all, strings.TrimSpace(word), f.listenTimeout)
			if err != nil {
				return nil, err
			}
			if _, twice := programs[name]; twice {
				return nil, usagef("--server %q: there is another %s, and a record knows its server only by this name", word, name)
			}
			programs[name] = program
			g["strategy"] = append(g["strategy"], func(p *results.Point) { p.Strategy = name })
		}
	}
	return programs, nil
}

// isCommand reports whether a value of --server is a command: it has arguments, a
// placeholder or a path. The name of a server in the catalogue has none of these.
func isCommand(server string) bool { return strings.ContainsAny(server, " \t\n{}/") }

// openQuote reports whether a quote of a command has no end. Quotes are not special in
// a command, but one without its end is a mistake.
func openQuote(command string) bool {
	quote := rune(0)
	for _, r := range command {
		switch {
		case r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		}
	}
	return quote != 0
}

// readServer reads one server of --server. The name is the one for records.
func readServer(all catalogue.Catalogue, word string, timeout time.Duration) (name string, p cell.Program, err error) {
	command := strings.Fields(word)
	if len(command) == 0 {
		return "", p, usagef("--server %q: name a server, or a command", word)
	}
	if isCommand(word) {
		if openQuote(word) {
			return "", p, usagef("--server %q: quote not closed", word)
		}
		return filepath.Base(command[0]), cell.Program{Command: command, ListenTimeout: timeout}, nil
	}
	server, variant, err := all.Lookup(word)
	if err != nil {
		return "", p, unknownServer(all, word, err)
	}
	setup := server.Setup(variant)
	return word, cell.Program{Command: setup.Command, ListenTimeout: max(timeout, server.ListenTimeout), Setup: &setup}, nil
}

// checkProgram checks that the program of a user's command exists, before anything is
// set up for it. The zero Program is the reference server.
func checkProgram(p cell.Program) error {
	if p.Setup != nil || len(p.Command) == 0 {
		return nil
	}
	_, err := exec.LookPath(p.Command[0])
	if lookup := (*exec.Error)(nil); errors.As(err, &lookup) {
		err = lookup.Err
	}
	if err != nil {
		return usagef("start the server %s: %w", p.Command[0], err)
	}
	return nil
}

// unknownServer is the wrong usage of a word that is no server of the catalogue, or
// that names a variant that its server does not have.
func unknownServer(all catalogue.Catalogue, word string, err error) error {
	name, variant, _ := strings.Cut(word, ":")
	servers := vocabulary{noun: "server", more: "commands of your own (with a path or arguments)", terms: func() []results.Term {
		return terms(all, func(s catalogue.Server) (string, string) { return s.Name, s.Summary })
	}}
	if _, unknown := servers.parse(name); unknown != nil {
		return usagef("--server %s: %w", word, unknown)
	}
	server, _, _ := all.Lookup(name)
	variants := terms(server.Variants, func(v catalogue.Variant) (string, string) { return v.Name, v.Summary })
	if _, unknown := (vocabulary{noun: "variant", terms: func() []results.Term { return variants }}).parse(variant); unknown != nil {
		return usagef("--server %s: %s: %w", word, name, unknown)
	}
	return usagef("--server %s: %w", word, err)
}

// checkServers checks that the servers of a run support the TLS and the requests of
// its points, and gives the servers that speak TLS their setup for it.
func checkServers(o sweep.Options, all catalogue.Catalogue) (err error) {
	certificate := sync.OnceValues(newCertificate)
	for _, p := range o.Points {
		program, ok := o.Programs[p.Strategy]
		if !ok {
			continue
		}
		if program.Setup == nil {
			if slices.ContainsFunc(o.Points, func(q results.Point) bool { return q.Strategy == p.Strategy && q.TLS != p.TLS }) {
				return usagef("--tls off,on, --server %s: a command of your own does not know which of them is measured: give one of them", p.Strategy)
			}
			continue
		}
		if o.Programs[p.Strategy], err = connected(all, p.Strategy, program, p.TLS, p.NthRequest, certificate); err != nil {
			return err
		}
	}
	return nil
}

// connected returns a server of the catalogue with its setup for TLS, if TLS is
// asked for. It is wrong usage if the server does not speak TLS, or cannot reject the
// nth request of a connection.
func connected(all catalogue.Catalogue, name string, p cell.Program, tls bool, nth int, certificate func() (pair, error)) (cell.Program, error) {
	server, variant, err := all.Lookup(name)
	if err != nil {
		return p, usagef("--server %s: %w", name, err)
	}
	if nth > 1 && !server.Admits(variant) {
		return p, usagef("--nth-request %d, --server %s: it cannot admit earlier requests on a connection: leave it out, or take one of %s",
			nth, name, all.Which(func(s catalogue.Server, v catalogue.Variant) bool { return s.Admits(v) }))
	}
	if !tls || p.TLS != nil {
		return p, nil
	}
	setup, ok := server.TLSSetup(variant)
	if !ok {
		return p, usagef("--tls, --server %s: its file has no tls block: leave it out, or take one of %s",
			name, all.Which(func(s catalogue.Server, _ catalogue.Variant) bool { return s.TLS != nil }))
	}
	made, err := certificate()
	if err != nil {
		return p, fmt.Errorf("make a certificate: %w", err)
	}
	p.TLS = &cell.TLSSetup{Setup: setup, Cert: made.cert, Key: made.key}
	return p, nil
}

// pair is a certificate and its key, both in PEM.
type pair struct{ cert, key []byte }

// newCertificate makes the certificate of the servers of a run. No client verifies
// it.
func newCertificate() (p pair, err error) {
	p.cert, p.key, err = targets.SelfSigned("localhost")
	return p, err
}

// serverError classifies the error of a server that was tried: wrong usage if its
// command fails, an error of the environment if it may not be started.
func serverError(err error) error {
	switch {
	case errors.As(err, new(cell.CommandError)):
		return usageError{err}
	case errors.Is(err, netpath.ErrNotAllowed):
		return unansweredError{err}
	}
	return err
}
