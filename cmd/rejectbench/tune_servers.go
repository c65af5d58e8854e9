package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	tuner "github.com/rejectbench/rejectbench/cmd/internal/tune"
	"github.com/rejectbench/rejectbench/targets"
	"github.com/rejectbench/rejectbench/targets/catalogue"
)

// checkServer reads --server, and sets the server and the setting that is searched
// for.
func (f *tuneFlags) checkServer(fs *pflag.FlagSet, o *tuner.Options, all catalogue.Catalogue) error {
	if !fs.Changed("server") {
		return nil
	}
	if fs.Changed("strategy") {
		return usagef("--strategy %q, --server %q: give only one of them", *f.axisValues["strategy"], f.server)
	}
	if isCommand(f.server) {
		return usagef("--server %q: not a server of 'list servers': a command of your own has no settings to tune", f.server)
	}
	name, rest, _ := strings.Cut(f.server, ":")
	directive, explicit := targets.DirectiveByCatalogue(f.server)
	word := f.server
	if explicit {
		word = name
	}
	server, variant, err := all.Lookup(word)
	if err != nil {
		return unknownServer(all, f.server, err)
	}
	s := &tuner.Server{Name: word, Explicit: explicit, Otherwise: server.Otherwise}
	if !explicit && rest == "" {
		directive = f.directiveOf(server)
		if f.setting != "" && !directive.Settable() {
			return usagef("--server %s, --setting %s: it has no directive for it: see 'list directives'", f.server, f.setting)
		}
	}
	if directive.Setting == "limit" {
		return usagef("--server %s: a limit is searched for only on the reference server: leave --server out", f.server)
	}
	if s.Directive = directive; directive.Settable() {
		if o.Setting, err = targets.SettingByName(directive.Setting); err != nil {
			return err
		}
	}
	for _, v := range server.Variants {
		if v.Name != variant.Name && !v.Silent {
			s.Variants = append(s.Variants, server.Name+":"+v.Name)
		}
	}
	o.Server = s
	return nil
}

// directiveOf returns the directive of a server for --setting, or the first one that
// is no limit; the zero value if there is none.
func (f *tuneFlags) directiveOf(server catalogue.Server) targets.Directive {
	for _, d := range server.Directives {
		of, ok := targets.DirectiveByCatalogue(server.Name + ":" + d.Name)
		if ok && (of.Setting == f.setting || f.setting == "" && of.Setting != "limit") {
			return of
		}
	}
	return targets.Directive{}
}

// openServers finds the servers that are measured, and makes the folder for their
// private folders.
func (f *tuneFlags) openServers(ctx context.Context, o *tuner.Options, all catalogue.Catalogue) (s servers, err error) {
	certificate := sync.OnceValues(newCertificate)
	tls := false
	for _, c := range o.Corners {
		tls = tls || c.Point.TLS
	}
	program := func(word string) (cell.Program, error) {
		name, p, err := readServer(all, word, f.listenTimeout)
		if err != nil {
			return p, err
		}
		p, err = connected(all, name, p, tls, 0, certificate)
		p.Folder = s.folder
		return p, err
	}
	o.Program = program
	programs := map[string]cell.Program{}
	if o.Server != nil {
		if programs[o.Server.Name], err = program(o.Server.Name); err != nil {
			return s, err
		}
	} else if err := f.findOthers(ctx, o, all, program, programs); err != nil {
		return s, err
	}
	if s, err = openServers(ctx, programs, all); err != nil {
		return s, err
	}
	if o.Server != nil {
		name, _, _ := strings.Cut(o.Server.Name, ":")
		o.Server.Version = s.versions[name]
	}
	return s, nil
}

// findOthers finds the servers that have a directive for the setting, and adds the
// programs of those that can be measured.
func (f *tuneFlags) findOthers(ctx context.Context, o *tuner.Options, all catalogue.Catalogue, program func(string) (cell.Program, error), programs map[string]cell.Program) error {
	for _, d := range targets.DirectivesOf(o.Setting.Name) {
		if !d.Settable() {
			continue
		}
		name, _, known := strings.Cut(d.Catalogue(), ":")
		other := tuner.Server{Name: name, Directive: d}
		server, _, err := all.Lookup(name)
		switch {
		case !known || err != nil:
			other.Name, other.Missing = d.Server, "not in the catalogue"
		case o.Setting.Name == "limit":
			other.Missing = "limits are measured only on the reference server"
		default:
			other.Otherwise = server.Otherwise
			if other.Version, err = server.Installed(ctx); errors.Is(err, catalogue.ErrNotInstalled) {
				other.Missing = "not installed"
			} else if err != nil {
				return fmt.Errorf("look for the servers to measure: %w", err)
			} else if programs[name], err = program(name); err != nil {
				delete(programs, name)
				other.Missing = "it does not speak TLS"
			}
		}
		o.Others = append(o.Others, other)
	}
	return nil
}
