package drivers

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed clients
var clients embed.FS

// Client is one row of the catalogue.
type Client struct {
	Name     string   `yaml:"name"`
	Summary  string   `yaml:"summary"`
	Packages []string `yaml:"packages"` // of Debian; none for a client that is part of this program
	// Command is the driver's command; in its words {dir} stands for the folder with
	// the driver's files and {url} for the server. Empty with a Role.
	Command []string `yaml:"command"`
	// Role is the role of this program that is the driver, in place of a Command.
	Role string `yaml:"role"`
	// Files are the names of the driver's files beside the row.
	Files []string `yaml:"files"`
	// Version says how the client tells its version; zero with a Role.
	Version Version `yaml:"version"`
	// Concurrency is how many attempts are in flight where a run asks for no number.
	Concurrency int `yaml:"concurrency"`
	// Known is what is known of how the client ends.
	Known []Fact `yaml:"known"`
}

// Version says how a client tells its version.
type Version struct {
	Command []string `yaml:"command"`
	Match   string   `yaml:"match"` // regular expression; its first group is the version
}

// Fact is something known of a client, and where it is from.
type Fact struct {
	Fact   string `yaml:"fact"`
	Source string `yaml:"source"`
}

// catalogue holds every client, in the order of their names.
var catalogue = sync.OnceValues(func() ([]Client, error) { return read(clients) })

// Clients returns every client of the catalogue, in the order of their names.
func Clients() []Client {
	all, err := catalogue()
	if err != nil {
		panic(err) // the files are part of the program, and a test reads them
	}
	return all
}

// ByName returns the client of a name.
func ByName(name string) (Client, bool) {
	all := Clients()
	i := slices.IndexFunc(all, func(c Client) bool { return c.Name == name })
	if i < 0 {
		return Client{}, false
	}
	return all[i], true
}

func read(files fs.FS) ([]Client, error) {
	names, err := fs.Glob(files, "clients/*.yaml")
	if err != nil {
		return nil, err
	}
	var all []Client
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		var c Client
		if err := yaml.UnmarshalWithOptions(b, &c, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if name != "clients/"+c.Name+".yaml" {
			return nil, fmt.Errorf("%s: holds the client %s", name, c.Name)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Client) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

var clientName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// check returns what is wrong with a row.
func (c Client) check() error {
	switch {
	case !clientName.MatchString(c.Name):
		return fmt.Errorf("name %q: small letters, digits and hyphens", c.Name)
	case c.Summary == "":
		return errors.New("no summary")
	case c.Concurrency < 1:
		return fmt.Errorf("concurrency %d: at least 1", c.Concurrency)
	case (c.Role == "") == (len(c.Command) == 0):
		return errors.New("either a command or a role")
	}
	for _, f := range c.Known {
		if f.Fact == "" || f.Source == "" {
			return fmt.Errorf("fact %q from %q: both have to be there", f.Fact, f.Source)
		}
	}
	for _, f := range c.Files {
		if !fs.ValidPath(f) || strings.Contains(f, "/") {
			return fmt.Errorf("file %q: a plain name", f)
		}
	}
	if c.Role != "" {
		return nil
	}
	if len(c.Packages) == 0 || len(c.Version.Command) == 0 {
		return errors.New("no packages or no version command")
	}
	match, err := regexp.Compile(c.Version.Match)
	if err != nil {
		return fmt.Errorf("version match: %w", err)
	}
	if match.NumSubexp() != 1 {
		return fmt.Errorf("version match %q: one group", c.Version.Match)
	}
	return nil
}

// Write writes the driver's files into a folder.
func (c Client) Write(dir string) error {
	for _, name := range c.Files {
		b, err := clients.ReadFile("clients/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			return fmt.Errorf("write the driver of %s: %w", c.Name, err)
		}
	}
	return nil
}

// CommandIn returns the driver's command with its files in dir.
func (c Client) CommandIn(dir, url string) []string {
	words := strings.NewReplacer("{dir}", dir, "{url}", url)
	var command []string
	for _, word := range c.Command {
		command = append(command, words.Replace(word))
	}
	return command
}
