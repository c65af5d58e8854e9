// Package yamlfile reads the project's YAML files strictly: the catalogue of
// servers, the catalogue of clients, scenarios and rules. Its errors name the
// file, the line and the column.
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

// Bounds of a file. The project's largest file has a few thousand bytes and four
// levels; the YAML parser's time grows with the square of both.
const (
	maxBytes   = 64 << 10
	maxNesting = 8
)

// Error is an error at a place of a file.
type Error struct {
	File         string
	Line, Column int // from 1; a column counts characters
	Err          error
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Column, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// File is a YAML file. All its errors are of type *Error.
type File struct {
	Name   string // as errors name the file
	Kind   string // of its content, such as "server"
	Fields string // that an empty file lacks, for the error message
	root   ast.Node
}

// Parse returns the only document of a text. It rejects a text above the bounds,
// duplicate keys, and anchors, aliases and tags, with which a small file can
// expand to a large value.
func (f *File) Parse(text string) (Node, error) {
	if len(text) > maxBytes {
		return Node{}, f.ErrorAt(1, 1, "%d bytes are too many for a %s: at most %d", len(text), f.Kind, maxBytes)
	}
	if !utf8.ValidString(text) {
		return Node{}, f.ErrorAt(1, 1, "not a text in UTF-8")
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
			return Node{}, f.ErrorAt(t.Position.Line, t.Position.Column, "anchors, aliases and tags are not allowed: write the value out")
		}
		if depth > maxNesting {
			return Node{}, f.ErrorAt(t.Position.Line, t.Position.Column, "nested deeper than a %s can be: at most %d levels", f.Kind, maxNesting)
		}
	}
	doc, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // checkKeys names the first of two
	if err != nil {
		return Node{}, f.yamlError("not YAML: ", err)
	}
	f.root = nil
	for _, d := range doc.Docs {
		switch {
		case d.Body == nil || d.Body.Type() == ast.CommentType:
		case f.root != nil:
			return Node{}, Node{f, d.Body}.Errorf("a second document: write one %s in one document", f.Kind)
		default:
			f.root = d.Body
		}
	}
	if f.root == nil {
		return Node{}, f.ErrorAt(1, 1, "not a %s: write %s", f.Kind, f.Fields)
	}
	keys := &checkKeys{file: f}
	ast.Walk(keys, f.root)
	if keys.err != nil {
		return Node{}, keys.err
	}
	return Node{f, f.root}, nil
}

// Read parses a text as Parse does and decodes it into a value. A field that the
// value does not have is an error.
func (f *File) Read(text string, into any) error {
	if _, err := f.Parse(text); err != nil {
		return err
	}
	if err := yaml.NodeToValue(f.root, into, yaml.Strict()); err != nil {
		return f.yamlError("", err)
	}
	return nil
}

// ErrorAt returns an error at a place of the file.
func (f *File) ErrorAt(line, column int, format string, args ...any) error {
	return &Error{File: f.Name, Line: max(line, 1), Column: max(column, 1), Err: fmt.Errorf(format, args...)}
}

// ErrorIn returns an error at the place of a path, as Position returns it.
func (f *File) ErrorIn(path, format string, args ...any) error {
	line, column := f.Position(path)
	return f.ErrorAt(line, column, format, args...)
}

// Position returns where the value of a path such as $.parts[1].name begins. If
// the file has no such value, it returns where the nearest value begins that
// contains it.
func (f *File) Position(path string) (line, column int) {
	for {
		if p, err := yaml.PathString(path); err == nil {
			if node, err := p.FilterNode(f.root); err == nil && start(node) != nil {
				return start(node).Line, start(node).Column
			}
		}
		dot := strings.LastIndexByte(path, '.')
		if dot < 0 {
			return 1, 1
		}
		path = path[:dot]
	}
}

func (f *File) yamlError(prefix string, err error) error {
	line, column, message := 1, 1, err.Error()
	var at yaml.Error
	if errors.As(err, &at) {
		message = at.GetMessage()
		if t := at.GetToken(); t != nil {
			line, column = t.Position.Line, t.Position.Column
		}
	}
	message, _, _ = strings.Cut(message, "\n")
	return f.ErrorAt(line, column, "%s%s", prefix, message)
}

// checkKeys looks for a key that one mapping has twice.
type checkKeys struct {
	file *File
	err  error
}

func (c *checkKeys) Visit(n ast.Node) ast.Visitor {
	m, ok := n.(*ast.MappingNode)
	if c.err != nil || !ok {
		return c
	}
	lines := map[string]int{}
	for _, v := range m.Values {
		if _, ok := v.Key.(ast.ScalarNode); !ok {
			continue
		}
		key, at := v.Key.GetToken().Value, Node{c.file, v.Key}
		if first, seen := lines[key]; seen {
			c.err = at.Errorf("duplicate key %s, first in line %d: leave one", key, first)
			return nil
		}
		lines[key] = at.Line()
	}
	return c
}
