package yamlfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Node is a value in a file, for readers whose fields have more than one shape.
type Node struct {
	file *File
	node ast.Node
}

// Field is an entry of a mapping.
type Field struct{ Key, Value Node }

// Line returns the line in which the value begins, from 1.
func (n Node) Line() int {
	if at := start(n.node); at != nil {
		return max(at.Line, 1)
	}
	return 1
}

// Errorf returns an error at the begin of the value.
func (n Node) Errorf(format string, args ...any) error {
	at := start(n.node)
	if at == nil {
		return n.file.ErrorAt(1, 1, format, args...)
	}
	return n.file.ErrorAt(at.Line, at.Column, format, args...)
}

// Fields returns the entries of a mapping by their keys. A value that is no
// mapping is an error, as is a key that is not among the known ones.
func (n Node) Fields(known ...string) (map[string]Field, error) {
	var values []*ast.MappingValueNode
	switch v := n.node.(type) {
	case *ast.MappingNode:
		values = v.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{v}
	default:
		return nil, n.Errorf("write keys and values here: %s", strings.Join(known, ", "))
	}
	fields := map[string]Field{}
	for _, v := range values {
		at := Node{n.file, v.Key}
		key, ok := v.Key.(*ast.StringNode)
		if !ok || !slices.Contains(known, key.Value) {
			return nil, at.Errorf("unknown key %q: there are %s", v.Key.GetToken().Value, strings.Join(known, ", "))
		}
		fields[key.Value] = Field{at, Node{n.file, v.Value}}
	}
	return fields, nil
}

// Items returns the values of a sequence, and false if the value is none.
func (n Node) Items() ([]Node, bool) {
	seq, ok := n.node.(*ast.SequenceNode)
	if !ok {
		return nil, false
	}
	var items []Node
	for _, v := range seq.Values {
		items = append(items, Node{n.file, v})
	}
	return items, true
}

// Text returns a scalar as it was written, without space around it. A value that
// is no scalar, is empty or has several lines is an error. The error calls the
// value by the given name.
func (n Node) Text(name string) (string, error) {
	var s string
	switch v := n.node.(type) {
	case *ast.StringNode:
		s = v.Value
	case *ast.LiteralNode:
		s = v.Value.Value
	case *ast.NullNode, *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
	default:
		if t := n.node.GetToken(); t != nil {
			s = t.Value // a number or a truth value
		}
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return "", n.Errorf("write %s here", name)
	}
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", n.Errorf("%s has to be one line of text", name)
	}
	return s, nil
}

// ErrorWithin returns an error at a character, counted from 0, of the text that
// Text returned. If the file writes the text in another form, such as folded or
// with escapes, the error is at the begin of the value and its message says the
// number of the character.
func (n Node) ErrorWithin(text string, character int, err error) error {
	at := start(n.node)
	if at == nil {
		return n.Errorf("character %d: %w", character+1, err)
	}
	if shift, ok := verbatim(n.node.GetToken(), text); ok {
		return n.file.ErrorAt(at.Line, at.Column+shift+character, "%w", err)
	}
	return n.file.ErrorAt(at.Line, at.Column, "%w", fmt.Errorf("character %d: %w", character+1, err))
}

// start returns where a node begins, and nil if that is unknown. A mapping's own
// token is its first colon.
func start(n ast.Node) *token.Position {
	switch v := n.(type) {
	case *ast.MappingNode:
		if len(v.Values) > 0 {
			return start(v.Values[0])
		}
	case *ast.MappingValueNode:
		return start(v.Key)
	}
	if n == nil || n.GetToken() == nil {
		return nil
	}
	return n.GetToken().Position
}

// verbatim reports whether the file has a value in this form, on one line, and how
// many characters (of a quote) are before it.
func verbatim(t *token.Token, value string) (shift int, ok bool) {
	origin := strings.TrimSpace(t.Origin)
	if t.Type == token.DoubleQuoteType || t.Type == token.SingleQuoteType {
		if len(origin) < 2 {
			return 0, false
		}
		inner := origin[1 : len(origin)-1]
		before, found := strings.CutSuffix(strings.TrimRight(inner, " "), value)
		return 1 + len(before), found && strings.Trim(before, " ") == ""
	}
	return 0, origin == value
}
