package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// node is an element of a page, or text where tag is empty.
type node struct {
	tag, text string
	attrs     map[string]string
	children  []*node
}

// outline reduces a page to what its golden files protect: its elements, ids and
// links, the words of headings, controls and table cells, the figures of all
// other text, and the data for the script. The wording of prose is left out.
func outline(t *testing.T, page string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, n := range parsePage(t, page).children {
		writeOutline(t, &b, n, 0)
	}
	return b.Bytes()
}

func parsePage(t *testing.T, page string) *node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	open := []*node{{tag: "page"}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return open[0]
		}
		if err != nil {
			t.Fatal(err)
		}
		parent := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{tag: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			parent.children = append(parent.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			parent.children = append(parent.children, &node{text: string(token)})
		}
	}
}

// words is all text of an element, words apart by one space.
func (n *node) words() string {
	var b strings.Builder
	var add func(*node)
	add = func(n *node) {
		b.WriteString(n.text)
		if n.tag == "small" || n.tag == "span" {
			b.WriteByte(' ')
		}
		for _, c := range n.children {
			add(c)
		}
	}
	add(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

var (
	inlineTags  = []string{"", "a", "code", "em", "small", "span", "input"}
	verbatim    = []string{"title", "h1", "h2", "h3", "a", "button", "label", "option", "dt", "th", "td", "summary"}
	figures     = regexp.MustCompile(`\d[\d.,]*\d%?|\d%?`)
	shownAttrs  = []string{"href", "scope", "colspan", "rowspan", "role", "style", "hidden", "tabindex", "type", "for", "data-title", "data-key"}
	tableOfText = "words" // the class of the glossaries' tables
)

// say is the text of a block where that is a name or a value, and the figures in
// it where it is prose. A dd of few words is a value; of more, an explanation.
func (n *node) say() string {
	words := n.words()
	if slices.Contains(verbatim, n.tag) || n.tag == "dd" && strings.Count(words, " ") < 8 {
		return words
	}
	return strings.TrimSpace(n.inlineNames() + strings.Join(figures.FindAllString(words, -1), " "))
}

// inlineNames are the code, links and verdicts within prose, each followed by a semicolon.
func (n *node) inlineNames() (names string) {
	for _, c := range n.children {
		switch {
		case c.tag == "a":
			names += c.name() + "; "
		case c.tag == "code" || strings.Contains(c.attrs["class"], "verdict"):
			names += c.words() + "; "
		default:
			names += c.inlineNames()
		}
	}
	return names
}

func (n *node) name() string {
	name := n.tag
	if id := n.attrs["id"]; id != "" {
		name += "#" + id
	}
	for _, c := range strings.Fields(n.attrs["class"]) {
		name += "." + c
	}
	for _, a := range shownAttrs {
		if v, ok := n.attrs[a]; ok {
			name += fmt.Sprintf(" %s=%s", a, v)
		}
	}
	return name
}

func writeOutline(t *testing.T, b *bytes.Buffer, n *node, depth int) {
	indent := strings.Repeat(" ", depth)
	switch {
	case n.tag == "" || n.tag == "meta":
	case n.attrs["id"] == "data":
		fmt.Fprintf(b, "%s%s\n", indent, n.name())
		writeData(t, b, n.words(), indent+" ")
	case n.tag == "script" || n.tag == "style":
		fmt.Fprintf(b, "%s%s %s\n", indent, n.name(), n.words())
	case n.tag == "tr":
		writeRow(b, n, indent)
	case n.tag == "nav":
		fmt.Fprintf(b, "%s%s\n", indent, n.name())
		for _, c := range n.children {
			fmt.Fprintf(b, "%s %s: %s\n", indent, c.name(), c.words())
		}
	case slices.ContainsFunc(n.children, func(c *node) bool { return !slices.Contains(inlineTags, c.tag) }):
		fmt.Fprintf(b, "%s%s\n", indent, n.name())
		for _, c := range n.children {
			if n.attrs["class"] == tableOfText && c.tag == "tbody" {
				c = &node{tag: "tbody", children: rowHeads(c)}
			}
			writeOutline(t, b, c, depth+1)
		}
	default:
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("%s%s: %s", indent, n.name(), n.say()), ": "))
	}
}

// rowHeads are the rows of a glossary without their explanations.
func rowHeads(body *node) []*node {
	var rows []*node
	for _, row := range body.children {
		if row.tag == "tr" {
			rows = append(rows, &node{tag: "tr", attrs: row.attrs, children: slices.DeleteFunc(slices.Clone(row.children), func(c *node) bool { return c.tag != "th" })})
		}
	}
	return rows
}

func writeRow(b *bytes.Buffer, row *node, indent string) {
	var cells []string
	for _, c := range row.children {
		if c.tag == "" {
			continue
		}
		text := c.words()
		// The title of a field is data; that of a column's head is an explanation.
		if title := c.attrs["title"]; title != "" && c.tag == "td" {
			text += " {" + strings.Join(figures.FindAllString(title, -1), " ") + "}"
		}
		mark := strings.TrimPrefix(strings.TrimPrefix(c.name(), "td"), "th scope=col")
		cells = append(cells, strings.TrimSpace(mark+" "+text))
	}
	fmt.Fprintf(b, "%s%s: %s\n", indent, row.name(), strings.Join(cells, " | "))
}

// writeData writes each list of the script's data on a line of its own, without
// the explanations of columns.
func writeData(t *testing.T, b *bytes.Buffer, text, indent string) {
	t.Helper()
	var data map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatal(err)
	}
	var columns []map[string]any
	var fields map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(data["columns"], &columns), json.Unmarshal(data["fields"], &fields)); err != nil {
		t.Fatal(err)
	}
	delete(data, "columns")
	delete(data, "fields")
	for _, of := range []map[string]json.RawMessage{data, fields} {
		keys := make([]string, 0, len(of))
		for key := range of {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			fmt.Fprintf(b, "%s%s %s\n", indent, key, of[key])
		}
	}
	for _, c := range columns {
		delete(c, "title")
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(b, "%scolumn %s\n", indent, line)
	}
}
