// Package catalogue knows other people's servers: how each is told to answer
// 503 to everything, from a private configuration, as an ordinary user.
//
// A server is data: one YAML file, and no code. The files of this package are
// part of the program; a folder of one's own adds to them.
package catalogue

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Server is a server of the catalogue.
type Server struct {
	// Name is what the server is called on the command line and in records.
	Name string `yaml:"name"`
	// Summary says in a few words what it is.
	Summary string `yaml:"summary"`
	// Packages are the Debian packages that it needs; the command {self} needs none.
	Packages []string `yaml:"packages"`
	// Requires are files that it cannot run without, beside its program.
	Requires []string `yaml:"requires"`
	// Version tells whether the server is there, and which one.
	Version Version `yaml:"version"`
	// Command is the program and its arguments; it has to stay in the foreground.
	// {self} in the program's place is the program that this package is part of.
	Command []string `yaml:"command"`
	// Environment is added to that of the program.
	Environment map[string]string `yaml:"environment"`
	// Files are written into the server's private folder, by their names in it.
	Files map[string]string `yaml:"files"`
	// Set holds the values of the words in braces that a variant does not set.
	Set map[string]string `yaml:"set"`
	// TLS says how the server speaks TLS 1.3; nil where it does not.
	TLS *TLS `yaml:"tls"`
	// Default is the name of the variant meant by the server's name alone; empty
	// is the first.
	Default string `yaml:"default"`
	// Variants are the ways to reject that are worth telling apart, at least one.
	Variants []Variant `yaml:"variants"`
	// Ready is a part of a line that the server writes once it can serve; empty
	// waits for it to listen and no longer.
	Ready string `yaml:"ready"`
	// ListenTimeout is how long the server may take to listen, if that is longer
	// than what the command line says. 0 leaves it at that.
	ListenTimeout time.Duration `yaml:"listen_timeout"`
	// Notes say what else a reader of its figures has to know.
	Notes string `yaml:"notes"`
}

// Version is how a server's version is read.
type Version struct {
	Command []string `yaml:"command"`
	// Pattern is a regular expression over what the command writes; its only
	// group is the version.
	Pattern string `yaml:"pattern"`
}

// TLS is what a server that speaks TLS is told besides. In its private folder are
// then the certificate tls.crt, its key tls.key, and tls.pem with both.
type TLS struct {
	// Set holds values that take the place of the server's own.
	Set map[string]string `yaml:"set"`
}

// Variant is one way of a server to reject.
type Variant struct {
	Name    string `yaml:"name"`
	Summary string `yaml:"summary"`
	// Set holds the values of words in braces.
	Set map[string]string `yaml:"set"`
	// Source says what is known of how the server closes then, and from where.
	Source string `yaml:"source"`
}

// Catalogue holds servers in the order of their names.
type Catalogue []Server

//go:embed servers/*.yaml
var builtin embed.FS

// Open returns the servers that this program knows, and those in the *.yaml
// files of a folder; an empty dir adds none. No two may have one name.
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
			return nil, fmt.Errorf("%s: no *.yaml files of servers there", dir)
		}
		for _, s := range more {
			if _, twice := all.byName(s.Name); twice {
				return nil, fmt.Errorf("%s: there is another server %s: give this one a name of its own", dir, s.Name)
			}
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Server) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// read reads the files of a folder, whose name is shown before theirs.
func read(files fs.FS, folder, shown string) (Catalogue, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, fmt.Errorf("read the servers of %s: %w", shown, err)
	}
	var all Catalogue
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".yaml" {
			continue
		}
		b, err := fs.ReadFile(files, filepath.ToSlash(filepath.Join(folder, e.Name())))
		if err != nil {
			return nil, fmt.Errorf("read a server: %w", err)
		}
		s, err := parse(filepath.Join(shown, e.Name()), b)
		if err != nil {
			return nil, err
		}
		if _, twice := all.byName(s.Name); twice {
			return nil, fmt.Errorf("%s: there is another server %s: give this one a name of its own", filepath.Join(shown, e.Name()), s.Name)
		}
		all = append(all, s)
	}
	return all, nil
}

func (c Catalogue) byName(name string) (Server, bool) {
	for _, s := range c {
		if s.Name == name {
			return s, true
		}
	}
	return Server{}, false
}

// Names lists the servers, separated by commas.
func (c Catalogue) names() string {
	var names []string
	for _, s := range c {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// Which lists the servers of which f holds in their default variant, separated by
// commas.
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

// Lookup finds the server and the variant of a word, which is NAME or NAME:VARIANT.
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
	return s, Variant{}, fmt.Errorf("%s has no variant %q: there are %s", name, variant, strings.Join(names, ", "))
}

// Install says how to get the server on Debian.
func (s Server) Install() string {
	return "apt-get install " + strings.Join(s.Packages, " ")
}
