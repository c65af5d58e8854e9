package catalogue

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rejectbench/rejectbench/results/yamlfile"
)

// Names on the command line and in file names: without comma, colon, slash or space.
var (
	serverName  = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]*$`)
	variantName = regexp.MustCompile(`^[a-z0-9][a-z0-9_.=-]*$`)
	valueName   = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

	directiveName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)
	directiveValue = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,40}$`)
)

// parse reads a server's file. Every error is a *yamlfile.Error with the given
// file name.
func parse(file string, b []byte) (Server, error) {
	r := &reader{File: yamlfile.File{Name: file, Kind: "server", Fields: "name, command, version and variants"}, text: string(b)}
	if err := r.read(); err != nil {
		return Server{}, err
	}
	if r.server.Default == "" {
		r.server.Default = r.server.Variants[0].Name
	}
	return r.server, nil
}

// reader reads one file.
type reader struct {
	yamlfile.File
	text   string
	server Server
}

func (r *reader) read() error {
	if err := r.Read(r.text, &r.server); err != nil {
		return err
	}
	for _, check := range []func() error{r.checkFields, r.checkVariants, r.checkDirectives, r.checkWords} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkFields checks the fields of the server itself.
func (r *reader) checkFields() error {
	s := r.server
	pattern, err := regexp.Compile(s.Version.Pattern)
	switch {
	case !serverName.MatchString(s.Name):
		return r.ErrorIn("$.name", "name %q: write small letters, digits, _, . and -", s.Name)
	case s.Summary == "" || strings.Contains(s.Summary, "\n"):
		return r.ErrorIn("$.summary", "summary: describe the server in one line")
	case len(s.Packages) == 0 && (len(s.Command) == 0 || s.Command[0] != selfPlaceholder):
		return r.ErrorIn("$.packages", "packages: name the Debian packages that contain the server")
	case len(s.Command) == 0 || s.Command[0] == "":
		return r.ErrorIn("$.command", "no command: write the program and its arguments, as a list")
	case len(s.Version.Command) == 0:
		return r.ErrorIn("$.version", "no version: write a command that prints it, and a pattern")
	case err != nil:
		return r.ErrorIn("$.version.pattern", "pattern: %v", err)
	case pattern.NumSubexp() != 1:
		return r.ErrorIn("$.version.pattern", "pattern %q: write one group, around the version", s.Version.Pattern)
	case s.TLS != nil && len(s.TLS.Set) == 0:
		return r.ErrorIn("$.tls", "tls: write in set the values that change when the server speaks TLS")
	case s.ListenTimeout < 0:
		return r.ErrorIn("$.listen_timeout", "listen_timeout %v: must not be negative", s.ListenTimeout)
	case len(s.Variants) == 0:
		return r.ErrorIn("$.variants", "no variants: write at least one, with a name, a summary and a source")
	}
	for name := range s.Files {
		if !filepath.IsLocal(name) || name == "." {
			return r.ErrorIn("$.files", "file %q: write a name within the server's folder", name)
		}
	}
	return nil
}

func (r *reader) checkVariants() error {
	seen := map[string]bool{}
	for i, v := range r.server.Variants {
		at := func(field string) string { return fmt.Sprintf("$.variants[%d]%s", i, field) }
		switch {
		case !variantName.MatchString(v.Name):
			return r.ErrorIn(at(""), "variant %q: write small letters, digits, _, ., = and -", v.Name)
		case seen[v.Name]:
			return r.ErrorIn(at(".name"), "duplicate variant %s", v.Name)
		case v.Summary == "" || strings.Contains(v.Summary, "\n"):
			return r.ErrorIn(at(""), "variant %s: write a summary in one line", v.Name)
		case v.Source == "":
			return r.ErrorIn(at(""), "variant %s: say in source how it closes and where that fact is from", v.Name)
		}
		seen[v.Name] = true
	}
	if d := r.server.Default; d != "" && !seen[d] {
		return r.ErrorIn("$.default", "default %q is not a variant", d)
	}
	return nil
}

// checkDirectives checks the fields of the directives. Each puts {value} somewhere.
func (r *reader) checkDirectives() error {
	seen := map[string]bool{}
	for i, d := range r.server.Directives {
		at := func(field string) string { return fmt.Sprintf("$.directives[%d]%s", i, field) }
		takes := slices.ContainsFunc(slices.Collect(maps.Values(d.Set)), func(text string) bool { return strings.Contains(text, valuePlaceholder) })
		known := d.Variant == "" || slices.ContainsFunc(r.server.Variants, func(v Variant) bool { return v.Name == d.Variant })
		switch {
		case !directiveName.MatchString(d.Name):
			return r.ErrorIn(at(""), "directive %q: write letters, digits, _, . and -", d.Name)
		case seen[d.Name]:
			return r.ErrorIn(at(".name"), "duplicate directive %s", d.Name)
		case d.Summary == "" || strings.Contains(d.Summary, "\n"):
			return r.ErrorIn(at(""), "directive %s: write a summary in one line", d.Name)
		case !known:
			return r.ErrorIn(at(".variant"), "directive %s: %q is not a variant", d.Name, d.Variant)
		case !takes:
			return r.ErrorIn(at(""), "directive %s: write {value} in one of the values of set", d.Name)
		}
		seen[d.Name] = true
	}
	return nil
}

// checkWords checks that every placeholder has a value in every variant, and
// every value a placeholder.
func (r *reader) checkWords() error {
	s := r.server
	used := map[string]bool{}
	for _, t := range s.templates() {
		if err := r.checkTemplate(t, used); err != nil {
			return err
		}
	}
	if err := r.checkValues("$.set", s.Set, used); err != nil {
		return err
	}
	for i, v := range s.Variants {
		if err := r.checkValues(fmt.Sprintf("$.variants[%d].set", i), v.Set, used); err != nil {
			return err
		}
	}
	for i, d := range s.Directives {
		if err := r.checkValues(fmt.Sprintf("$.directives[%d].set", i), d.Set, used, valuePlaceholder); err != nil {
			return err
		}
	}
	return r.checkTLSValues(used)
}

// template is a text with placeholders, and its path in the file.
type template struct{ path, text string }

// templates are the texts of a server that may have placeholders.
func (s *Server) templates() []template {
	var all []template
	for i, c := range s.Command {
		if i > 0 || c != selfPlaceholder {
			all = append(all, template{fmt.Sprintf("$.command[%d]", i), c})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		all = append(all, template{"$.environment", s.Environment[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		all = append(all, template{"$.files", s.Files[name]})
	}
	return all
}

// checkTemplate checks that every variant has a value for each placeholder of a
// text, and notes those that are used.
func (r *reader) checkTemplate(t template, used map[string]bool) error {
	for _, w := range placeholder.FindAllString(t.text, -1) {
		if slices.Contains(runPlaceholders, w) {
			continue
		}
		used[w] = true
		for _, v := range r.server.Variants {
			if _, ok := r.server.values(v, nil)[strings.Trim(w, "{}")]; !ok {
				line, column := r.find(t.path, w)
				return r.ErrorAt(line, column, "unknown placeholder %s: there are %s, and the names in set; variant %s sets no %s (write a space after a brace of the server's own language)",
					w, strings.Join(runPlaceholders, ", "), v.Name, strings.Trim(w, "{}"))
			}
		}
	}
	return nil
}

// checkValues checks the values at a path: each is used, and has no placeholders but
// those of a run and those that are allowed.
func (r *reader) checkValues(path string, set map[string]string, used map[string]bool, allowed ...string) error {
	allowed = slices.Concat(runPlaceholders, allowed)
	for _, key := range slices.Sorted(maps.Keys(set)) {
		switch {
		case !valueName.MatchString(key) || slices.Contains(runPlaceholders, "{"+key+"}"):
			return r.ErrorIn(path, "set %q: not a valid name, or a reserved one", key)
		case !used["{"+key+"}"]:
			return r.ErrorIn(path, "set %q: neither command, environment nor files use {%s}", key, key)
		}
		for _, w := range placeholder.FindAllString(set[key], -1) {
			if !slices.Contains(allowed, w) {
				line, column := r.find(path, w)
				return r.ErrorAt(line, column, "unknown placeholder %s: a value may have %s", w, strings.Join(allowed, ", "))
			}
		}
	}
	return nil
}

// checkTLSValues checks the values of TLS, none of which a variant may set too.
func (r *reader) checkTLSValues(used map[string]bool) error {
	s := r.server
	if s.TLS == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(s.TLS.Set)) {
		for _, v := range s.Variants {
			if _, both := v.Set[key]; both {
				return r.ErrorIn("$.tls.set", "set %q: variant %s also sets it, and one of the two would have no effect", key, v.Name)
			}
		}
		for _, d := range s.Directives {
			if _, both := d.Set[key]; both {
				return r.ErrorIn("$.tls.set", "set %q: directive %s also sets it, and one of the two would have no effect", key, d.Name)
			}
		}
	}
	return r.checkValues("$.tls.set", s.TLS.Set, used)
}

// find returns the first place of a placeholder at or after the value of a path.
func (r *reader) find(path, word string) (line, column int) {
	line, column = r.Position(path)
	for i, text := range strings.Split(r.text, "\n") {
		if at := strings.Index(text, word); i+1 >= line && at >= 0 {
			return i + 1, utf8.RuneCountInString(text[:at]) + 1
		}
	}
	return line, column
}
