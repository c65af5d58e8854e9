// Package yamlfile reads the small YAML files that data of the project is written
// in, strictly, and says of every error where in the file it is.
package yamlfile

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file. The largest of ours has a few thousand bytes and three levels;
// the YAML parser's time grows with the square of both.
const (
	maxBytes   = 64 << 10
	maxNesting = 8
)

// Error is an error at a place of a file.
type Error struct {
	File         string
	Line, Column int // from 1
	Err          error
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Column, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// File is a file that is being read. Name is what its errors call it, Kind what it
// holds, as "server".
type File struct {
	Name, Kind string
	root       ast.Node
}

// Read reads the only document of a text into a value; a field that the value has
// not is an error, as are anchors, aliases and tags, which nobody has a use for
// here. Fields is what the error of an empty text says to write. Every error is an
// *Error.
func (f *File) Read(text, fields string, into any) error {
	if len(text) > maxBytes {
		return f.ErrorAt(1, 1, "%d bytes are too many for a %s: at most %d", len(text), f.Kind, maxBytes)
	}
	if !utf8.ValidString(text) {
		return f.ErrorAt(1, 1, "not a text in UTF-8")
	}
	tokens := lexer.Tokenize(text)
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType:
			return f.ErrorAt(t.Position.Line, t.Position.Column, "anchors, aliases and tags have no place here: write the value out")
		}
		if depth > maxNesting {
			return f.ErrorAt(t.Position.Line, t.Position.Column, "nested deeper than any %s is", f.Kind)
		}
	}
	doc, err := parser.Parse(tokens, 0)
	if err != nil {
		return f.yamlError(err)
	}
	if len(doc.Docs) != 1 || doc.Docs[0].Body == nil {
		return f.ErrorAt(1, 1, "not a %s: write %s", f.Kind, fields)
	}
	f.root = doc.Docs[0].Body
	if err := yaml.NodeToValue(f.root, into, yaml.Strict()); err != nil {
		return f.yamlError(err)
	}
	return nil
}

// ErrorAt is an error at a place of the file.
func (f *File) ErrorAt(line, column int, format string, args ...any) error {
	return &Error{File: f.Name, Line: max(line, 1), Column: max(column, 1), Err: fmt.Errorf(format, args...)}
}

// Position is where the value of a path such as $.parts[1].name is; the file's
// begin, and false, where there is none.
func (f *File) Position(path string) (line, column int, found bool) {
	p, err := yaml.PathString(path)
	if err != nil {
		return 1, 1, false
	}
	node, err := p.FilterNode(f.root)
	if err != nil || node == nil || node.GetToken() == nil {
		return 1, 1, false
	}
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 { // its own token is a colon
		node = m.Values[0].Key
	}
	at := node.GetToken().Position
	return at.Line, at.Column, true
}

func (f *File) yamlError(err error) error {
	line, column, message := 1, 1, err.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		message = at.GetMessage()
		if t := at.GetToken(); t != nil {
			line, column = t.Position.Line, t.Position.Column
		}
	}
	message, _, _ = strings.Cut(message, "\n")
	return f.ErrorAt(line, column, "%s", message)
}
