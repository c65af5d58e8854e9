package analysis

import (
	"embed"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a rules file. Real ones have a few dozen lines and four levels; the
// YAML parser's time grows with the square of both.
const (
	maxRulesBytes   = 64 << 10
	maxRulesNesting = 8
)

// defaultConfidence is that of a rule which names none.
const defaultConfidence = 0.95

//go:embed rules/*.yaml
var readyRules embed.FS

// RuleError is an error at a place of a rules file.
type RuleError struct {
	File         string
	Line, Column int // from 1, in characters
	Err          error
}

func (e *RuleError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Column, e.Err)
}
func (e *RuleError) Unwrap() error { return e.Err }

// LoadRules reads a rules file. The name method, without a folder or an ending,
// is that of the ready rules which hold the method itself to its positive and
// negative controls.
func LoadRules(name string) ([]Rule, error) {
	if name == "method" {
		b, err := readyRules.ReadFile("rules/method.yaml")
		if err != nil {
			return nil, fmt.Errorf("read the ready rules: %w", err)
		}
		return ParseRules("method.yaml", b)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the rules: %w", err)
	}
	return ParseRules(name, b)
}

// ParseRules reads rules from YAML. Every error is a *RuleError with the given
// file name, and the first one that the file has. Anchors, aliases and tags are
// refused: a rules file has no use for them, and they can blow a small file up.
func ParseRules(file string, b []byte) ([]Rule, error) {
	r := &rulesReader{file: file}
	root, err := r.parse(b)
	if err != nil {
		return nil, err
	}
	fields, err := r.mapping(root, "rules")
	if err != nil {
		return nil, err
	}
	top, ok := fields["rules"]
	if !ok {
		return nil, r.errorf(root, "no rules: write rules: and below it a list of rules")
	}
	items, ok := top.Value.(*ast.SequenceNode)
	if !ok || len(items.Values) == 0 {
		return nil, r.errorf(top.Key, "no rules: write a list of rules below rules:, each with a require")
	}
	rules := make([]Rule, 0, len(items.Values))
	for _, item := range items.Values {
		rule, err := r.rule(item)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// rulesReader reads one file of rules.
type rulesReader struct{ file string }

func (r *rulesReader) errorAt(p *token.Position, format string, args ...any) error {
	e := &RuleError{File: r.file, Line: 1, Column: 1, Err: fmt.Errorf(format, args...)}
	if p != nil {
		e.Line, e.Column = max(p.Line, 1), max(p.Column, 1)
	}
	return e
}

func (r *rulesReader) errorf(n ast.Node, format string, args ...any) error {
	return r.errorAt(start(n), format, args...)
}

// start is where a node begins. A mapping's own token is its first colon.
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

// parse returns the only document of a file.
func (r *rulesReader) parse(b []byte) (ast.Node, error) {
	if len(b) > maxRulesBytes {
		return nil, r.errorAt(nil, "%d bytes are too many for a rules file: at most %d", len(b), maxRulesBytes)
	}
	if !utf8.Valid(b) {
		return nil, r.errorAt(nil, "not a text in UTF-8")
	}
	tokens := lexer.Tokenize(string(b))
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType:
			return nil, r.errorAt(t.Position, "anchors, aliases and tags have no place in rules: write the value out")
		}
		if depth > maxRulesNesting {
			return nil, r.errorAt(t.Position, "nested deeper than any rule is")
		}
	}
	doc, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			return nil, r.errorAt(at.GetToken().Position, "not YAML: %s", oneLine(at.GetMessage()))
		}
		return nil, r.errorAt(nil, "not YAML: %s", oneLine(err.Error()))
	}
	var root ast.Node
	for _, d := range doc.Docs {
		switch {
		case d.Body == nil || d.Body.Type() == ast.CommentType:
		case root != nil:
			return nil, r.errorf(d.Body, "a second document: write all rules in one")
		default:
			root = d.Body
		}
	}
	if root == nil {
		return nil, r.errorAt(nil, "no rules: write rules: and below it a list of rules")
	}
	return root, nil
}

func oneLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// mapping returns the values of a mapping by their keys, which have to be among those known.
func (r *rulesReader) mapping(n ast.Node, known ...string) (map[string]*ast.MappingValueNode, error) {
	var values []*ast.MappingValueNode
	switch v := n.(type) {
	case *ast.MappingNode:
		values = v.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{v}
	default:
		return nil, r.errorf(n, "write keys and values here: %s", list(known))
	}
	fields := map[string]*ast.MappingValueNode{}
	for _, v := range values {
		key, ok := v.Key.(*ast.StringNode)
		if !ok || !slices.Contains(known, key.Value) {
			return nil, r.errorf(v.Key, "unknown key %q: there are %s", v.Key.GetToken().Value, list(known))
		}
		if first, seen := fields[key.Value]; seen {
			return nil, r.errorf(key, "%s stands here twice, first in line %d: leave one", key.Value, start(first).Line)
		}
		fields[key.Value] = v
	}
	return fields, nil
}

func (r *rulesReader) rule(n ast.Node) (Rule, error) {
	fields, err := r.mapping(n, "name", "strategy", "client", "where", "require", "confidence")
	if err != nil {
		return Rule{}, err
	}
	rule := Rule{Line: start(n).Line, confidence: defaultConfidence}
	if f, ok := fields["name"]; ok {
		if rule.Name, err = r.text(f.Value, "the rule's name"); err != nil {
			return Rule{}, err
		}
	}
	for key, names := range map[string]*[]string{"strategy": &rule.strategies, "client": &rule.clients} {
		if f, ok := fields[key]; ok {
			if *names, err = r.words(f, key); err != nil {
				return Rule{}, err
			}
		}
	}
	if f, ok := fields["where"]; ok {
		if err := r.expression(f.Value, "a condition such as rtt <= 100ms and body > 0", func(s string) (err error) {
			rule.where, err = parseWhere(s)
			return err
		}); err != nil {
			return Rule{}, err
		}
	}
	f, ok := fields["require"]
	if !ok {
		return Rule{}, r.errorf(n, "nothing required: write require: with a metric and its bound, such as delivered_share >= 99%%")
	}
	if err := r.expression(f.Value, "a metric and its bound, such as delivered_share >= 99%", func(s string) (err error) {
		rule.require, err = parseRequire(s)
		return err
	}); err != nil {
		return Rule{}, err
	}
	if f, ok := fields["confidence"]; ok {
		if err := r.expression(f.Value, "a percentage such as 95%", func(s string) (err error) {
			rule.confidence, err = parseConfidence(s)
			return err
		}); err != nil {
			return Rule{}, err
		}
	}
	if rule.Name == "" {
		rule.Name = rule.describe()
	}
	return rule, nil
}

func parseConfidence(word string) (float64, error) {
	v, err := parsePercent(word)
	if err != nil || v < 0.5 || 1-v < 1e-9 {
		return 0, &exprError{0, fmt.Errorf("%q is not a confidence: write a percentage from 50%% to below 100%%, such as 95%%", word)}
	}
	return math.Min(v, 1), nil
}

// text returns a scalar as it was written.
func (r *rulesReader) text(n ast.Node, what string) (string, error) {
	var s string
	switch v := n.(type) {
	case *ast.StringNode:
		s = v.Value
	case *ast.LiteralNode:
		s = v.Value.Value
	case *ast.NullNode, *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
	default:
		if t := n.GetToken(); t != nil {
			s = t.Value // a number or a truth value
		}
	}
	if strings.TrimSpace(s) == "" {
		return "", r.errorf(n, "write %s here", what)
	}
	if strings.ContainsFunc(strings.TrimSpace(s), func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", r.errorf(n, "%s has to be one line of text", what)
	}
	return strings.TrimSpace(s), nil
}

// words returns a name or a list of names.
func (r *rulesReader) words(f *ast.MappingValueNode, key string) ([]string, error) {
	items := []ast.Node{f.Value}
	if seq, ok := f.Value.(*ast.SequenceNode); ok {
		items = seq.Values
	}
	var names []string
	for _, item := range items {
		name, err := r.text(item, "the name of a "+key)
		if err != nil {
			return nil, err
		}
		if slices.Contains(names, name) {
			return nil, r.errorf(item, "%s %s stands here twice: leave one", key, name)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, r.errorf(f.Key, "no %s named: name one, or leave %s out for all", key, key)
	}
	return names, nil
}

// expression parses a scalar, and places an error inside it.
func (r *rulesReader) expression(n ast.Node, what string, parse func(string) error) error {
	s, err := r.text(n, what)
	if err != nil {
		return err
	}
	err = parse(s)
	var inside *exprError
	if !errors.As(err, &inside) {
		return err
	}
	at := *start(n)
	if shift, ok := verbatim(n.GetToken(), s); ok {
		at.Column += shift + inside.at
		return r.errorAt(&at, "%w", inside.err)
	}
	return r.errorAt(&at, "%w", inside)
}

// verbatim tells whether a value stands in the file as it is, on one line, and
// how many characters (of a quote) come before it.
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
