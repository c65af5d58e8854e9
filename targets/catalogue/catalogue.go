// Package catalogue describes other servers: how to configure each to answer 503
// to every request, with a private configuration and without root.
//
// A server is one YAML file and no code. The files of this package are part of the
// program; a user's folder can add more.
package catalogue

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Server is a server of the catalogue.
type Server struct {
	// Name names the server on the command line and in records.
	Name string `yaml:"name"`
	// Summary describes the server in a few words.
	Summary string `yaml:"summary"`
	// Packages are the Debian packages that contain it; the command {self} needs none.
	Packages []string `yaml:"packages"`
	// Requires are files that it needs besides its program.
	Requires []string `yaml:"requires"`
	// Version finds out whether the server is installed, and its version.
	Version Version `yaml:"version"`
	// Command is the program and its arguments; it must stay in the foreground.
	// {self} as the program is the running program.
	Command []string `yaml:"command"`
	// Environment is added to the environment of the running program.
	Environment map[string]string `yaml:"environment"`
	// Files maps names in the server's private folder to the files' content.
	Files map[string]string `yaml:"files"`
	// Set holds the values of placeholders that a variant does not set.
	Set map[string]string `yaml:"set"`
	// TLS configures TLS 1.3; nil if the server's file does not support it.
	TLS *TLS `yaml:"tls"`
	// Default is the name of the variant that the server's name alone selects; empty
	// is the first.
	Default string `yaml:"default"`
	// Variants are the server's ways to reject, at least one.
	Variants []Variant `yaml:"variants"`
	// Directives are settings of the server that take a value.
	Directives []Directive `yaml:"directives"`
	// Otherwise says what helps, besides directives, if a rejection is lost.
	Otherwise string `yaml:"otherwise"`
	// Ready is a part of a line that the server writes when it can serve. If it is
	// empty, the server is ready when it listens.
	Ready string `yaml:"ready"`
	// ListenTimeout is how long the server may take to listen. It applies if it is
	// longer than the command line's time; 0 means the command line's time.
	ListenTimeout time.Duration `yaml:"listen_timeout"`
	// Notes are further facts for readers of its figures.
	Notes string `yaml:"notes"`
}

// Version says how to read a server's version.
type Version struct {
	Command []string `yaml:"command"`
	// Pattern is a regular expression for the command's output; its only group is
	// the version.
	Pattern string `yaml:"pattern"`
}

// TLS is the additional configuration of a server that speaks TLS. Its private
// folder then contains the certificate tls.crt, its key tls.key, and tls.pem with
// both.
type TLS struct {
	// Set holds values that override the server's.
	Set map[string]string `yaml:"set"`
}

// Variant is one way of a server to reject.
type Variant struct {
	Name    string `yaml:"name"`
	Summary string `yaml:"summary"`
	// Set holds the values of placeholders.
	Set map[string]string `yaml:"set"`
	// Silent is set if the variant rejects without an answer.
	Silent bool `yaml:"silent"`
	// Source says how the server then closes, and where that fact is from.
	Source string `yaml:"source"`
}

// Directive is a setting of a server that takes a value. NAME:DIRECTIVE=VALUE selects
// the server's default variant, or Variant, with that value.
type Directive struct {
	Name    string `yaml:"name"`
	Summary string `yaml:"summary"`
	// Variant is the variant that the value is set in; empty is the server's default.
	Variant string `yaml:"variant"`
	// Set holds the values of placeholders, in which {value} stands for the value.
	Set map[string]string `yaml:"set"`
}

// Catalogue holds servers in the order of their names.
type Catalogue []Server

//go:embed servers/*.yaml
var builtin embed.FS

// Open returns the built-in servers and those in the *.yaml files of a folder. An
// empty dir adds none. Two servers with one name are an error.
func Open(dir string) (Catalogue, error) {
	all, err := read(builtin, "servers", "")
	if err != nil {
		return nil, err
	}
	if dir != "" {
		more, err := read(os.DirFS(dir), ".", dir)
		if err != nil {
			return nil, err
		}
		if len(more) == 0 {
			return nil, fmt.Errorf("%s: no *.yaml files in this folder", dir)
		}
		for _, s := range more {
			if _, exists := all.byName(s.Name); exists {
				return nil, fmt.Errorf("%s: there is another server %s: choose another name", dir, s.Name)
			}
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Server) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// read reads the files of a folder. Errors name the folder as label does.
func read(files fs.FS, folder, label string) (Catalogue, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, fmt.Errorf("read the servers of %s: %w", label, withoutPath(err))
	}
	var all Catalogue
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".yaml" {
			continue
		}
		b, err := fs.ReadFile(files, filepath.ToSlash(filepath.Join(folder, e.Name())))
		if err != nil {
			return nil, fmt.Errorf("read the server %s: %w", filepath.Join(label, e.Name()), withoutPath(err))
		}
		s, err := parse(filepath.Join(label, e.Name()), b)
		if err != nil {
			return nil, err
		}
		if _, exists := all.byName(s.Name); exists {
			return nil, fmt.Errorf("%s: there is another server %s: choose another name", filepath.Join(label, e.Name()), s.Name)
		}
		all = append(all, s)
	}
	return all, nil
}

// withoutPath returns the error of a file without its path, which is relative to the
// folder and so does not name the file as the user does.
func withoutPath(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (c Catalogue) byName(name string) (Server, bool) {
	for _, s := range c {
		if s.Name == name {
			return s, true
		}
	}
	return Server{}, false
}

// names returns the servers' names, separated by commas.
func (c Catalogue) names() string {
	var names []string
	for _, s := range c {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// Which returns the names of the servers for whose default variant f returns true,
// separated by commas.
func (c Catalogue) Which(f func(Server, Variant) bool) string {
	var names []string
	for _, s := range c {
		for _, v := range s.Variants {
			if v.Name == s.Default && f(s, v) {
				names = append(names, s.Name)
			}
		}
	}
	return strings.Join(names, ", ")
}

// Lookup returns the server and the variant of NAME, NAME:VARIANT or
// NAME:DIRECTIVE=VALUE. The name of a variant precedes that of a directive.
func (c Catalogue) Lookup(word string) (Server, Variant, error) {
	name, variant, chosen := strings.Cut(word, ":")
	s, ok := c.byName(name)
	if !ok {
		return s, Variant{}, fmt.Errorf("unknown server %q: there are %s", name, c.names())
	}
	if !chosen {
		variant = s.Default
	}
	var names []string
	for _, v := range s.Variants {
		if v.Name == variant {
			return s, v, nil
		}
		names = append(names, v.Name)
	}
	if directive, value, ok := strings.Cut(variant, "="); ok {
		if v, ok, err := s.with(directive, value); ok || err != nil {
			return s, v, err
		}
	}
	for _, d := range s.Directives {
		names = append(names, d.Name+"=VALUE")
	}
	return s, Variant{}, fmt.Errorf("%s has no variant %q: there are %s", name, variant, strings.Join(names, ", "))
}

// Directive returns a directive of the server by its name.
func (s Server) Directive(name string) (Directive, bool) {
	for _, d := range s.Directives {
		if d.Name == name {
			return d, true
		}
	}
	return Directive{}, false
}

// with returns the variant in which a directive has a value. It reports false if there
// is no such directive.
func (s Server) with(name, value string) (v Variant, ok bool, err error) {
	d, ok := s.Directive(name)
	if !ok {
		return v, false, nil
	}
	if !directiveValue.MatchString(value) {
		return v, true, fmt.Errorf("%s: %s=%s: write letters, digits, _, . and -", s.Name, name, value)
	}
	for _, v = range s.Variants {
		if v.Name == cmp.Or(d.Variant, s.Default) {
			break
		}
	}
	set := maps.Clone(v.Set)
	if set == nil {
		set = map[string]string{}
	}
	for key, text := range d.Set {
		set[key] = strings.ReplaceAll(text, valuePlaceholder, value)
	}
	return Variant{Name: name + "=" + value, Summary: d.Summary + ": " + value, Source: v.Source, Set: set}, true, nil
}

// Install returns the command that installs the server on Debian.
func (s Server) Install() string {
	return "apt-get install " + strings.Join(s.Packages, " ")
}
