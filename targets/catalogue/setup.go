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

// placeholder matches a placeholder: a word in braces without spaces. A brace that
// belongs to a server's configuration language has a space after it.
var placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_-]*\}`)

// runPlaceholders are available in every server's file: where the server runs, and
// which path it answers with 200.
var runPlaceholders = []string{"{dir}", "{host}", "{port}", admittedPlaceholder}

// admittedPlaceholder stands for the path that a server answers with 200 on a
// connection that it keeps open. The rejected request can then be a later one of
// its connection.
const admittedPlaceholder = "{admitted}"

// valuePlaceholder stands for the value of a directive, in its set.
const valuePlaceholder = "{value}"

// Names of files in the private folder of a server that speaks TLS, in PEM.
const (
	certFile = "tls.crt"
	keyFile  = "tls.key"
	bothFile = "tls.pem"
)

// Setup is the configuration of a server in a variant, without its address and its
// private folder.
type Setup struct {
	Server, Variant string
	Command         []string
	Environment     []string          // as NAME=value
	Files           map[string]string // by their names in the private folder
	Ready           string
}

// Setup returns the configuration of a variant for plain HTTP.
func (s Server) Setup(v Variant) Setup { return s.setup(v, nil) }

// TLSSetup returns the configuration of a variant for TLS 1.3, and false if the
// server's file has none. WriteTLS writes the certificate that it needs.
func (s Server) TLSSetup(v Variant) (Setup, bool) {
	if s.TLS == nil {
		return Setup{}, false
	}
	return s.setup(v, s.TLS.Set), true
}

// Admits reports whether a variant has a path that it answers with 200. A variant that
// rejects connections does not.
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

// values merges the values of the server, of the variant and of over; later ones
// override earlier ones.
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

// At returns the setup for a private folder, an address and the path that the
// server answers with 200, if it Admits. An IPv6 address has brackets only if a
// port follows.
func (t Setup) At(dir string, addr netip.AddrPort, admitted string) Setup {
	return t.replace(strings.NewReplacer("{dir}", dir, "{host}:{port}", addr.String(),
		"{host}", addr.Addr().String(), "{port}", strconv.Itoa(int(addr.Port())), admittedPlaceholder, admitted))
}

// Write writes the server's files into the folder.
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
