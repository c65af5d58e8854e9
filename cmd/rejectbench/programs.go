package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/catalogue"
	"github.com/rejectbench/rejectbench/targets/netpath"
)

// Of flags that exec and run share.
const (
	serverUsage = "another server in place of the reference server: one of 'rejectbench list servers', as NAME or NAME:VARIANT, or a program, " +
		"such as 'python3 -m http.server --bind {host} {port}', that stays in the foreground"
	catalogueUsage = "folder of *.yaml files with more servers"
)

// programs returns the servers that stand in for the reference server and has
// their names take the strategies' place.
func (f runFlags) programs(fs *pflag.FlagSet, a *sweep.Axes) (map[string]cell.Program, error) {
	if !fs.Changed("server") {
		return nil, nil
	}
	if fs.Changed("strategy") {
		return nil, usagef("--strategy %q, --server %q: give one of them", f.strategy, f.servers[0])
	}
	all, err := openCatalogue(f.catalogue)
	if err != nil {
		return nil, err
	}
	a.Strategies = nil
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
				return nil, usagef("--server %q: there is another %s, and cells are told apart by that name", word, name)
			}
			programs[name] = program
			a.Strategies = append(a.Strategies, name)
		}
	}
	return programs, nil
}

// isCommand tells whether a value of --server is a command of the user's own: one
// with arguments, a placeholder or a path. A server of the catalogue has none.
func isCommand(server string) bool { return strings.ContainsAny(server, " \t\n{}/") }

// readServer reads one server of --server. Its name is what it has in records.
func readServer(all catalogue.Catalogue, word string, timeout time.Duration) (name string, p cell.Program, err error) {
	command := strings.Fields(word)
	if len(command) == 0 {
		return "", p, usagef("--server %q: name a server, or a command", word)
	}
	if isCommand(word) {
		return filepath.Base(command[0]), cell.Program{Command: command, ListenTimeout: timeout}, nil
	}
	server, variant, err := all.Lookup(word)
	if err != nil {
		return "", p, usagef("--server %s: %w; a program of your own has a path or arguments", word, err)
	}
	setup := server.Setup(variant)
	return word, cell.Program{Command: setup.Command, ListenTimeout: max(timeout, server.ListenTimeout), Setup: &setup}, nil
}

// checkServers checks that the servers among a run's programs can do what its
// points want of their connections, and tells those that are to speak TLS how.
func checkServers(o sweep.Options, folder string) error {
	if len(o.Programs) == 0 {
		return nil
	}
	all, err := openCatalogue(folder)
	if err != nil {
		return err
	}
	certificate := sync.OnceValues(newCertificate)
	for _, p := range o.Points {
		program, ok := o.Programs[p.Strategy]
		if !ok {
			continue
		}
		if program.Setup == nil {
			if slices.ContainsFunc(o.Points, func(q sweep.Point) bool { return q.Strategy == p.Strategy && q.TLS != p.TLS }) {
				return usagef("--tls off,on, --server %s: a command of your own is the same for both: give one of them", p.Strategy)
			}
			continue
		}
		if o.Programs[p.Strategy], err = connected(all, p.Strategy, program, p.TLS, p.Nth, certificate); err != nil {
			return err
		}
	}
	return nil
}

// connected returns a server of the catalogue that is ready to speak TLS if it has
// to, and an error if it cannot, or if it cannot reject the nth request of a connection.
func connected(all catalogue.Catalogue, name string, p cell.Program, tls bool, nth int, certificate func() (pair, error)) (cell.Program, error) {
	server, variant, err := all.Lookup(name)
	if err != nil {
		return p, usagef("--server %s: %w", name, err)
	}
	if nth > 1 && !server.Admits(variant) {
		return p, usagef("--nth-request %d, --server %s: it admits no request before the one that it rejects: leave it out, or take one of %s",
			nth, name, all.Which(func(s catalogue.Server, v catalogue.Variant) bool { return s.Admits(v) }))
	}
	if !tls || p.TLS != nil {
		return p, nil
	}
	setup, ok := server.TLSSetup(variant)
	if !ok {
		return p, usagef("--tls, --server %s: its file does not say how it speaks TLS (a tls block): leave it out, or take one of %s",
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

// newCertificate makes the certificate that the servers of a run show. No client
// verifies it.
func newCertificate() (p pair, err error) {
	p.cert, p.key, err = targets.SelfSigned("localhost")
	return p, err
}

// serverError is wrong usage if it is the server program's own, and the
// environment's if a server may not be started.
func serverError(err error) error {
	switch {
	case errors.As(err, new(cell.CommandError)):
		return usageError{err}
	case strings.Contains(err.Error(), netpath.ErrNotAllowed.Error()): // it comes from another process, as a text
		return environmentError{err}
	}
	return err
}
