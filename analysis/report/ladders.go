package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rejectbench/rejectbench/analysis"
	"github.com/rejectbench/rejectbench/results"
)

// drawing is the ladder diagram of one connection: its packets over time.
type drawing struct {
	Name     string // of its file
	Title    string
	Client   string
	SVG      template.HTML
	Problem  string // why it cannot be shown; empty where it can
	strategy string
}

// drawings are the ladder diagrams of one strategy, in the order of clients.
type drawings struct {
	Strategy, Summary string
	Open              bool
	Of                []drawing
}

// maxAllOpen is the largest number of strategies whose drawings are all open at
// first; of more strategies, only the first is.
const maxAllOpen = 6

// readLadders reads ladder diagrams and groups them by strategy, in the order of the
// run.
func readLadders(summaries []*analysis.Summary, strategies results.TermOrder, paths []string) []drawings {
	drawn := map[string]results.Point{}
	for _, s := range summaries {
		drawn[s.FileName()] = s.Point
	}
	var all []drawing
	for i, path := range paths {
		d := readLadder(path, fmt.Sprintf("ladder%d-", i))
		stem := strings.TrimSuffix(d.Name, ".svg")
		p, ok := drawn[stem]
		if !ok {
			p = olderPoint(stem, summaries)
		}
		d.strategy, d.Client = p.Strategy, p.Client
		all = append(all, d)
	}
	clients := analysis.NamesOf(summaries, analysis.ClientOf)
	slices.SortStableFunc(all, func(a, b drawing) int {
		if a.strategy != b.strategy {
			return strategies.Compare(a.strategy, b.strategy)
		}
		return slices.Index(clients, a.Client) - slices.Index(clients, b.Client)
	})
	var groups []drawings
	for _, d := range all {
		if n := len(groups); n == 0 || groups[n-1].Strategy != d.strategy {
			groups = append(groups, drawings{Strategy: d.strategy})
		}
		g := &groups[len(groups)-1]
		g.Of = append(g.Of, d)
	}
	for i := range groups {
		groups[i].Open = i == 0 || len(groups) <= maxAllOpen
	}
	return groups
}

// olderPoint returns the point of a diagram in a run whose version did not yet name
// files by results.Point.FileName: it named them scenario-part, or began them with
// strategy-client. It returns the zero Point if no point matches.
func olderPoint(stem string, summaries []*analysis.Summary) (found results.Point) {
	for _, s := range summaries {
		if s.Scenario != "" {
			if stem == s.Scenario+"-"+s.Part {
				return s.Point
			}
			continue
		}
		// One strategy may begin with the name of another, as read-header with read.
		if strings.HasPrefix(stem, s.Strategy+"-"+s.Client+"-") && len(s.Strategy) >= len(found.Strategy) {
			found = s.Point
		}
	}
	return found
}

// readLadder reads one ladder diagram. A damaged one does not fail the report: its
// Problem is shown in its place.
func readLadder(path, prefix string) drawing {
	d := drawing{Name: filepath.Base(path)}
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		d.SVG, d.Title, err = cleanSVG(f, prefix)
	}
	if err != nil {
		d.Problem = err.Error()
	}
	return d
}

// The elements and attributes that a drawing may have. The file may come from anyone;
// none of these can run code, load a resource or refer outside of the drawing.
var (
	drawingElements   = []string{"svg", "title", "desc", "g", "mask", "defs", "path", "rect", "circle", "line", "polygon", "polyline", "text", "tspan"}
	drawingAttributes = []string{
		"viewBox", "width", "height", "role", "id", "mask", "maskUnits", "transform", "d", "points",
		"x", "y", "x1", "y1", "x2", "y2", "dx", "dy", "cx", "cy", "r", "rx", "ry",
		"color", "fill", "fill-opacity", "opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin",
		"font-family", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline",
	}
	localURL = regexp.MustCompile(`^url\(#([A-Za-z0-9_-]+)\)$`)
)

const svgSpace = "http://www.w3.org/2000/svg"

// cleanSVG copies an SVG as an element for a page and returns its title. It adds the
// prefix to every id, so that the ids of several drawings differ. An element or
// attribute that a drawing may not have is an error.
func cleanSVG(r io.Reader, prefix string) (svg template.HTML, title string, err error) {
	var out bytes.Buffer
	var within []string
	d := xml.NewDecoder(r)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Space != svgSpace || !slices.Contains(drawingElements, t.Name.Local) || (len(within) == 0) != (t.Name.Local == "svg") {
				return "", "", fmt.Errorf("element %s is not allowed in a drawing", t.Name.Local)
			}
			within = append(within, t.Name.Local)
			out.WriteString("<" + t.Name.Local)
			for _, a := range t.Attr {
				if a.Name.Local == "xmlns" && a.Value == svgSpace {
					continue
				}
				value, err := cleanAttribute(a, prefix)
				if err != nil {
					return "", "", err
				}
				fmt.Fprintf(&out, ` %s="%s"`, a.Name.Local, html.EscapeString(value))
			}
			out.WriteByte('>')
		case xml.EndElement:
			within = within[:len(within)-1]
			out.WriteString("</" + t.Name.Local + ">")
		case xml.CharData:
			if slices.Equal(within, []string{"svg", "title"}) {
				title += string(t)
			}
			if len(within) > 0 {
				out.WriteString(html.EscapeString(string(t)))
			}
		}
	}
	if out.Len() == 0 {
		return "", "", errors.New("the file has no drawing")
	}
	return template.HTML(out.String()), title, nil
}

func cleanAttribute(a xml.Attr, prefix string) (string, error) {
	switch {
	case a.Name.Space != "" || !slices.Contains(drawingAttributes, a.Name.Local):
		return "", fmt.Errorf("attribute %s is not allowed in a drawing", a.Name.Local)
	case a.Name.Local == "id":
		return prefix + a.Value, nil
	case localURL.MatchString(a.Value):
		return localURL.ReplaceAllString(a.Value, "url(#"+prefix+"$1)"), nil
	case strings.Contains(strings.ToLower(a.Value), "url"):
		return "", fmt.Errorf("%s=%q refers outside of the drawing", a.Name.Local, a.Value)
	}
	return a.Value, nil
}
