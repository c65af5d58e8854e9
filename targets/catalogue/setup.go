package catalogue

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// word is a placeholder: a word in braces without a space between. Braces of the
// servers' own languages have one.
var word = regexp.MustCompile(`\{[a-z][a-z0-9_-]*\}`)

// placeWords are the placeholders that stand for where a server runs.
var placeWords = []string{"{dir}", "{host}", "{port}"}

// Setup is a server in one of its variants. What is still open in it is where
// it runs.
type Setup struct {
	Server, Variant string
	Command         []string
	Environment     []string          // as NAME=value
	Files           map[string]string // by their names in the private folder
	Ready           string
}

// Setup returns the server in a variant.
func (s Server) Setup(v Variant) Setup {
	var pairs []string
	for key, value := range s.values(v) {
		pairs = append(pairs, "{"+key+"}", value)
	}
	return s.template(v.Name).replace(strings.NewReplacer(pairs...))
}

// template is the server's setup with all its placeholders.
func (s Server) template(variant string) Setup {
	t := Setup{Server: s.Name, Variant: variant, Command: s.Command, Files: s.Files, Ready: s.Ready}
	for name, value := range s.Environment {
		t.Environment = append(t.Environment, name+"="+value)
	}
	slices.Sort(t.Environment)
	return t
}

// values are what a variant sets, and for the rest the server.
func (s Server) values(v Variant) map[string]string {
	all := map[string]string{}
	for _, set := range []map[string]string{s.Set, v.Set} {
		for key, value := range set {
			all[key] = value
		}
	}
	return all
}

func (t Setup) replace(r *strings.Replacer) Setup {
	filled := Setup{Server: t.Server, Variant: t.Variant, Ready: t.Ready, Files: make(map[string]string, len(t.Files))}
	for _, word := range t.Command {
		filled.Command = append(filled.Command, r.Replace(word))
	}
	for _, pair := range t.Environment {
		filled.Environment = append(filled.Environment, r.Replace(pair))
	}
	for name, text := range t.Files {
		filled.Files[name] = r.Replace(text)
	}
	return filled
}

// At returns the setup with where it runs filled in: the private folder and the
// address. An IPv6 address is in brackets where a port follows, and bare where it
// stands alone.
func (t Setup) At(dir string, addr netip.AddrPort) Setup {
	return t.replace(strings.NewReplacer("{dir}", dir, "{host}:{port}", addr.String(),
		"{host}", addr.Addr().String(), "{port}", strconv.Itoa(int(addr.Port()))))
}

// Write writes the files into the folder.
func (t Setup) Write(dir string) error {
	for name, text := range t.Files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
