package rules

import (
	"embed"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/rejectbench/rejectbench/results/yamlfile"
)

// defaultConfidence is the confidence of a rule that gives none.
const defaultConfidence = 0.95

//go:embed *.yaml
var builtin embed.FS

// Load reads a rules file. The name "method", without a folder or an extension,
// selects the built-in rules: the positive and negative controls of the
// measurement. Errors in the file are of type *yamlfile.Error.
func Load(name string) ([]Rule, error) {
	if name == "method" {
		b, err := builtin.ReadFile("method.yaml")
		if err != nil {
			return nil, fmt.Errorf("read the built-in rules: %w", err)
		}
		return parse("method.yaml", b)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the rules: %w", err)
	}
	return parse(name, b)
}

// parse reads rules from YAML. Every error is a *yamlfile.Error with the given
// file name.
func parse(file string, b []byte) ([]Rule, error) {
	f := yamlfile.File{Name: file, Kind: "rules file", Fields: "rules: and below it a list of rules"}
	root, err := f.Parse(string(b))
	if err != nil {
		return nil, err
	}
	fields, err := root.Fields("rules")
	if err != nil {
		return nil, err
	}
	top, ok := fields["rules"]
	if !ok {
		return nil, root.Errorf("no rules: write rules: and below it a list of rules")
	}
	items, ok := top.Value.Items()
	if !ok || len(items) == 0 {
		return nil, top.Key.Errorf("no rules: write a list of rules below rules:, each with a require")
	}
	rules := make([]Rule, 0, len(items))
	for _, item := range items {
		rule, err := readRule(item)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

func readRule(n yamlfile.Node) (Rule, error) {
	fields, err := n.Fields("name", "strategy", "client", "where", "require", "confidence", "missing")
	if err != nil {
		return Rule{}, err
	}
	rule := Rule{Line: n.Line(), confidence: defaultConfidence}
	if f, ok := fields["name"]; ok {
		if rule.Name, err = f.Value.Text("the rule's name"); err != nil {
			return Rule{}, err
		}
	}
	for key, names := range map[string]*[]string{"strategy": &rule.strategies, "client": &rule.clients} {
		if f, ok := fields[key]; ok {
			if *names, err = readNames(f, key); err != nil {
				return Rule{}, err
			}
		}
	}
	if f, ok := fields["where"]; ok {
		if rule.where, err = readExpression(f.Value, "a condition such as rtt <= 100ms and body > 0", parseWhere); err != nil {
			return Rule{}, err
		}
	}
	f, ok := fields["require"]
	if !ok {
		return Rule{}, n.Errorf("nothing required: write require: with a metric and its bound, such as delivered_share >= 99%%")
	}
	if rule.require, err = readExpression(f.Value, "a metric and its bound, such as delivered_share >= 99%", parseRequire); err != nil {
		return Rule{}, err
	}
	if f, ok := fields["confidence"]; ok {
		if rule.confidence, err = readExpression(f.Value, "a percentage such as 95%", parseConfidence); err != nil {
			return Rule{}, err
		}
	}
	if f, ok := fields["missing"]; ok {
		if rule.missing, err = readExpression(f.Value, "skip or fail", parseMissing); err != nil {
			return Rule{}, err
		}
	}
	if rule.Name == "" {
		rule.Name = rule.describe()
	}
	return rule, nil
}

// parseConfidence returns a confidence, or noConfidence for the word none.
func parseConfidence(word string) (float64, error) {
	if word == notSet {
		return noConfidence, nil
	}
	v, err := parsePercent(word)
	if err != nil || v < 0.5 || 1-v < 1e-9 {
		return 0, &exprError{0, fmt.Errorf("%q is not a confidence: write a percentage from 50%% to below 100%%, such as 95%%, or none", word)}
	}
	return math.Min(v, 1), nil
}

func parseMissing(word string) (missing, error) {
	switch word {
	case "skip":
		return skipMissing, nil
	case "fail":
		return failMissing, nil
	}
	return 0, &exprError{0, fmt.Errorf("%q is not what a missing figure does to a rule: write skip or fail, or leave missing out", word)}
}

// readNames reads a name or a list of names.
func readNames(f yamlfile.Field, key string) ([]string, error) {
	items, ok := f.Value.Items()
	if !ok {
		items = []yamlfile.Node{f.Value}
	}
	var names []string
	for _, item := range items {
		name, err := item.Text("the name of a " + key)
		if err != nil {
			return nil, err
		}
		if slices.Contains(names, name) {
			return nil, item.Errorf("duplicate %s %s: leave one", key, name)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, f.Key.Errorf("no %s named: name one, or leave %s out for all", key, key)
	}
	return names, nil
}

// readExpression parses a scalar. An error names the place of the wrong character.
func readExpression[T any](n yamlfile.Node, what string, parse func(string) (T, error)) (T, error) {
	var none T
	s, err := n.Text(what)
	if err != nil {
		return none, err
	}
	v, err := parse(s)
	var inside *exprError
	if errors.As(err, &inside) {
		return none, n.ErrorWithin(s, inside.at, inside.err)
	}
	return v, err
}
