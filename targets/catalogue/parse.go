package catalogue

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a server's file. The largest of ours has a few thousand bytes and three
// levels; the YAML parser's time grows with the square of both.
const (
	maxBytes   = 64 << 10
	maxNesting = 8
)

// Error is an error at a place of a server's file.
type Error struct {
	File         string
	Line, Column int // from 1
	Err          error
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Column, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// Names on the command line and in file names: without comma, colon, slash or space.
var (
	serverName  = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]*$`)
	variantName = regexp.MustCompile(`^[a-z0-9][a-z0-9_.=-]*$`)
	valueName   = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
)

// Parse reads a server's file. Every error is an *Error with the given file
// name. Anchors, aliases and tags are refused: a server has no use for them.
func Parse(file string, b []byte) (Server, error) {
	r := &reader{file: file, text: string(b)}
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
	file, text string
	root       ast.Node
	server     Server
}

func (r *reader) read() error {
	if len(r.text) > maxBytes {
		return r.errorAt(1, 1, "%d bytes are too many for a server: at most %d", len(r.text), maxBytes)
	}
	if !utf8.ValidString(r.text) {
		return r.errorAt(1, 1, "not a text in UTF-8")
	}
	tokens := lexer.Tokenize(r.text)
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType:
			return r.errorAt(t.Position.Line, t.Position.Column, "anchors, aliases and tags have no place here: write the value out")
		}
		if depth > maxNesting {
			return r.errorAt(t.Position.Line, t.Position.Column, "nested deeper than any server is")
		}
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return r.yamlError(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return r.errorAt(1, 1, "not a server: write name, command, version and variants")
	}
	r.root = file.Docs[0].Body
	if err := yaml.NodeToValue(r.root, &r.server, yaml.Strict()); err != nil {
		return r.yamlError(err)
	}
	for _, check := range []func() error{r.checkFields, r.checkVariants, r.checkWords} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) errorAt(line, column int, format string, args ...any) error {
	return &Error{File: r.file, Line: max(line, 1), Column: max(column, 1), Err: fmt.Errorf(format, args...)}
}

// errorIn is an error at the value of a path such as $.variants[1].name, or at
// the file's begin if it has none.
func (r *reader) errorIn(path, format string, args ...any) error {
	line, column := r.position(path)
	return r.errorAt(line, column, format, args...)
}

func (r *reader) position(path string) (line, column int) {
	p, err := yaml.PathString(path)
	if err != nil {
		return 1, 1
	}
	node, err := p.FilterNode(r.root)
	if err != nil || node == nil || node.GetToken() == nil {
		return 1, 1
	}
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 { // its own token is a colon
		node = m.Values[0].Key
	}
	at := node.GetToken().Position
	return at.Line, at.Column
}

func (r *reader) yamlError(err error) error {
	line, column, message := 1, 1, err.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		message = at.GetMessage()
		if t := at.GetToken(); t != nil {
			line, column = t.Position.Line, t.Position.Column
		}
	}
	message, _, _ = strings.Cut(message, "\n")
	return r.errorAt(line, column, "%s", message)
}

// checkFields checks what stands in the file once.
func (r *reader) checkFields() error {
	s := r.server
	pattern, err := regexp.Compile(s.Version.Pattern)
	switch {
	case !serverName.MatchString(s.Name):
		return r.errorIn("$.name", "name %q: small letters, digits, _, . and -", s.Name)
	case s.Summary == "" || strings.Contains(s.Summary, "\n"):
		return r.errorIn("$.summary", "summary: say in one line what the server is")
	case len(s.Packages) == 0 && (len(s.Command) == 0 || s.Command[0] != selfWord):
		return r.errorIn("$.packages", "packages: name the Debian packages that have the server")
	case len(s.Command) == 0 || s.Command[0] == "":
		return r.errorIn("$.command", "no command: write the program and its arguments, as a list")
	case len(s.Version.Command) == 0:
		return r.errorIn("$.version", "no version: write a command that prints it, and a pattern")
	case err != nil:
		return r.errorIn("$.version.pattern", "pattern: %v", err)
	case pattern.NumSubexp() != 1:
		return r.errorIn("$.version.pattern", "pattern %q: write one group, around the version", s.Version.Pattern)
	case s.TLS != nil && len(s.TLS.Set) == 0:
		return r.errorIn("$.tls", "tls: say in set what the server is told besides when it speaks TLS")
	case s.ListenTimeout < 0:
		return r.errorIn("$.listen_timeout", "listen_timeout %v: it cannot be negative", s.ListenTimeout)
	case len(s.Variants) == 0:
		return r.errorIn("$.variants", "no variants: write at least one, with a name, a summary and a source")
	}
	for name := range s.Files {
		if !filepath.IsLocal(name) || name == "." {
			return r.errorIn("$.files", "file %q: name it within the server's folder", name)
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
			return r.errorIn(at(""), "variant %q: name it with small letters, digits, _, ., = and -", v.Name)
		case seen[v.Name]:
			return r.errorIn(at(".name"), "variant %s stands here twice", v.Name)
		case v.Summary == "" || strings.Contains(v.Summary, "\n"):
			return r.errorIn(at(""), "variant %s: say its summary in one line", v.Name)
		case v.Source == "":
			return r.errorIn(at(""), "variant %s: say in source what is known of how it closes, and from where", v.Name)
		}
		seen[v.Name] = true
	}
	if d := r.server.Default; d != "" && !seen[d] {
		return r.errorIn("$.default", "default %q is no variant", d)
	}
	return nil
}

// checkWords checks that every placeholder has a value in every variant, and
// every value a placeholder.
func (r *reader) checkWords() error {
	s := r.server
	used := map[string]bool{}
	type text struct{ path, text string }
	var texts []text
	for i, c := range s.Command {
		if i == 0 && c == selfWord {
			continue
		}
		texts = append(texts, text{fmt.Sprintf("$.command[%d]", i), c})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		texts = append(texts, text{"$.environment", s.Environment[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		texts = append(texts, text{"$.files", s.Files[name]})
	}
	for _, t := range texts {
		for _, w := range word.FindAllString(t.text, -1) {
			if slices.Contains(placeWords, w) {
				continue
			}
			used[w] = true
			for _, v := range s.Variants {
				if _, ok := s.values(v, nil)[strings.Trim(w, "{}")]; !ok {
					line, column := r.find(t.path, w)
					return r.errorAt(line, column, "unknown placeholder %s: there are %s, and what set holds; variant %s sets no %s (write a space behind a brace that is the server's own)",
						w, strings.Join(placeWords, ", "), v.Name, strings.Trim(w, "{}"))
				}
			}
		}
	}
	check := func(path string, set map[string]string) error {
		for _, key := range slices.Sorted(maps.Keys(set)) {
			switch {
			case !valueName.MatchString(key) || slices.Contains(placeWords, "{"+key+"}"):
				return r.errorIn(path, "set %q: no name of a placeholder of one's own", key)
			case !used["{"+key+"}"]:
				return r.errorIn(path, "set %q: neither command, nor environment, nor files have {%s}", key, key)
			}
			for _, w := range word.FindAllString(set[key], -1) {
				if !slices.Contains(placeWords, w) {
					line, column := r.find(path, w)
					return r.errorAt(line, column, "unknown placeholder %s: a value may have %s", w, strings.Join(placeWords, ", "))
				}
			}
		}
		return nil
	}
	if err := check("$.set", s.Set); err != nil {
		return err
	}
	for i, v := range s.Variants {
		if err := check(fmt.Sprintf("$.variants[%d].set", i), v.Set); err != nil {
			return err
		}
	}
	if s.TLS == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(s.TLS.Set)) {
		for _, v := range s.Variants {
			if _, both := v.Set[key]; both {
				return r.errorIn("$.tls.set", "set %q: variant %s sets it as well, and one of the two would be lost", key, v.Name)
			}
		}
	}
	return check("$.tls.set", s.TLS.Set)
}

// find is where a placeholder stands for the first time at or below a path's value.
func (r *reader) find(path, word string) (line, column int) {
	line, column = r.position(path)
	for i, text := range strings.Split(r.text, "\n") {
		if at := strings.Index(text, word); i+1 >= line && at >= 0 {
			return i + 1, utf8.RuneCountInString(text[:at]) + 1
		}
	}
	return line, column
}
