package drivers

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rejectbench/rejectbench/results/yamlfile"
)

//go:embed clients
var clients embed.FS

// Client is a client of the catalogue.
type Client struct {
	Name     string   `yaml:"name"`
	Summary  string   `yaml:"summary"`
	Packages []string `yaml:"packages"` // of Debian; none for a client that is part of this program
	// Command is the driver's command; {dir} stands for the folder with the driver's
	// files and {url} for the server's URL. Empty with a Role.
	Command []string `yaml:"command"`
	// Role is the role of this program that is the driver, instead of a Command.
	Role string `yaml:"role"`
	// Files are the names of the driver's files in the folder of the client's file.
	Files []string `yaml:"files"`
	// Version says how to read the client's version; zero with a Role.
	Version Version `yaml:"version"`
	// Concurrency is the default number of attempts in flight, at least 1.
	Concurrency int `yaml:"concurrency"`
	// Known are facts about how the client's attempts end.
	Known []Fact `yaml:"known"`
}

// Version says how to read a client's version.
type Version struct {
	Command []string `yaml:"command"`
	Match   string   `yaml:"match"` // regular expression; its first group is the version
}

// Fact is a fact about a client and its source.
type Fact struct {
	Fact   string `yaml:"fact"`
	Source string `yaml:"source"`
}

// catalogue reads every client, in the order of their names.
var catalogue = sync.OnceValues(func() ([]Client, error) { return read(clients) })

// Clients returns every client of the catalogue, in the order of their names.
func Clients() []Client {
	all, err := catalogue()
	if err != nil {
		panic(err) // the files are part of the program, and a test reads them
	}
	return all
}

// ByName returns the client with a name, and false if there is none.
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
		c, err := parse(name, b)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Client) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

var clientName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// parse reads a client's file. Every error is a *yamlfile.Error.
func parse(name string, b []byte) (Client, error) {
	var c Client
	f := yamlfile.File{Name: name, Kind: "client", Fields: "name, summary, packages, command and version"}
	if err := f.Read(string(b), &c); err != nil {
		return Client{}, err
	}
	match, err := regexp.Compile(c.Version.Match)
	switch hasRole := c.Role != ""; {
	case !clientName.MatchString(c.Name):
		return Client{}, f.ErrorIn("$.name", "name %q: write small letters, digits and hyphens", c.Name)
	case name != "clients/"+c.Name+".yaml":
		return Client{}, f.ErrorIn("$.name", "name %q: write the name of the file without its ending", c.Name)
	case c.Summary == "":
		return Client{}, f.ErrorIn("$.summary", "no summary: write in one line how the client is used")
	case c.Concurrency < 1:
		return Client{}, f.ErrorIn("$.concurrency", "concurrency %d: at least 1", c.Concurrency)
	case hasRole == (len(c.Command) > 0):
		return Client{}, f.ErrorIn("$.command", "write either a command or a role")
	case !hasRole && len(c.Packages) == 0:
		return Client{}, f.ErrorIn("$.packages", "no packages: name the Debian packages that have the client")
	case !hasRole && len(c.Version.Command) == 0:
		return Client{}, f.ErrorIn("$.version", "no version: write a command that prints it")
	case !hasRole && err != nil:
		return Client{}, f.ErrorIn("$.version.match", "match: %v", err)
	case !hasRole && match.NumSubexp() != 1:
		return Client{}, f.ErrorIn("$.version.match", "match %q: write one group, around the version", c.Version.Match)
	}
	for i, known := range c.Known {
		if known.Fact == "" || known.Source == "" {
			return Client{}, f.ErrorIn(fmt.Sprintf("$.known[%d]", i), "fact %q from %q: write both the fact and its source", known.Fact, known.Source)
		}
	}
	for i, file := range c.Files {
		if !fs.ValidPath(file) || strings.Contains(file, "/") {
			return Client{}, f.ErrorIn(fmt.Sprintf("$.files[%d]", i), "file %q: write a name without a folder", file)
		}
	}
	return c, nil
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
