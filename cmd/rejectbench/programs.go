package main

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/sweep"
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
func (f runFlags) programs(fs *pflag.FlagSet, a *sweep.Axes) (map[string]sweep.Program, error) {
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
	programs := map[string]sweep.Program{}
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
func readServer(all catalogue.Catalogue, word string, timeout time.Duration) (name string, p sweep.Program, err error) {
	command := strings.Fields(word)
	if len(command) == 0 {
		return "", p, usagef("--server %q: name a server, or a command", word)
	}
	if isCommand(word) {
		return filepath.Base(command[0]), sweep.Program{Command: command, ListenTimeout: timeout}, nil
	}
	server, variant, err := all.Lookup(word)
	if err != nil {
		return "", p, usagef("--server %s: %w; a program of your own has a path or arguments", word, err)
	}
	setup := server.Setup(variant)
	return word, sweep.Program{Command: setup.Command, ListenTimeout: max(timeout, server.ListenTimeout), Setup: &setup}, nil
}

// serverError is wrong usage if it is the server program's own, and the
// environment's if a server may not be started.
func serverError(err error) error {
	switch {
	case errors.As(err, new(sweep.CommandError)):
		return usageError{err}
	case strings.Contains(err.Error(), netpath.ErrNotAllowed.Error()): // it comes from another process, as a text
		return environmentError{err}
	}
	return err
}
