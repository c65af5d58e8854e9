package catalogue

import (
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// placeholder is a placeholder: a word in braces without a space between. Braces of the
// servers' own languages have one.
var placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_-]*\}`)

// runPlaceholders are the placeholders that every server has: where it runs, and what
// it is to answer with 200.
var runPlaceholders = []string{"{dir}", "{host}", "{port}", admittedPlaceholder}

// AdmittedPath is the path of a URL that a server with the placeholder {admitted}
// answers with 200, on a connection that it then keeps, so that a request that is
// rejected can be a later one of its connection.
const AdmittedPath = "/admitted"

const admittedPlaceholder = "{admitted}"

// Names of files in the private folder of a server that speaks TLS, in PEM.
const (
	certFile = "tls.crt"
	keyFile  = "tls.key"
	bothFile = "tls.pem"
)

// Setup is a server in one of its variants. What is still open in it is where
// it runs.
type Setup struct {
	Server, Variant string
	Command         []string
	Environment     []string          // as NAME=value
	Files           map[string]string // by their names in the private folder
	Ready           string
}

// Setup returns the server in a variant, as it speaks plain HTTP.
func (s Server) Setup(v Variant) Setup { return s.setup(v, nil) }

// TLSSetup returns the server in a variant, as it speaks TLS 1.3; false where its
// file does not say how. WriteTLS writes what it needs beside its own files.
func (s Server) TLSSetup(v Variant) (Setup, bool) {
	if s.TLS == nil {
		return Setup{}, false
	}
	return s.setup(v, s.TLS.Set), true
}

// Admits tells whether the server answers AdmittedPath with 200 in a variant. One
// that rejects connections does not.
func (s Server) Admits(v Variant) bool {
	t := s.Setup(v)
	has := func(text string) bool { return strings.Contains(text, admittedPlaceholder) }
	return slices.ContainsFunc(slices.Concat(t.Command, t.Environment, slices.Collect(maps.Values(t.Files))), has)
}

func (s Server) setup(v Variant, over map[string]string) Setup {
	var pairs []string
	for key, value := range s.values(v, over) {
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

// values are what over sets, for the rest the variant, and for the rest the server.
func (s Server) values(v Variant, over map[string]string) map[string]string {
	all := map[string]string{}
	for _, set := range []map[string]string{s.Set, v.Set, over} {
		maps.Copy(all, set)
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
		"{host}", addr.Addr().String(), "{port}", strconv.Itoa(int(addr.Port())), admittedPlaceholder, AdmittedPath))
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

// WriteTLS writes the certificate and its key, both in PEM, into the folder.
func WriteTLS(dir string, cert, key []byte) error {
	for name, b := range map[string][]byte{certFile: cert, keyFile: key, bothFile: slices.Concat(cert, key)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
