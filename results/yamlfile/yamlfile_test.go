package yamlfile

import (
	"errors"
	"strings"
	"testing"
)

func TestAFileThatIsNotOneValueNamesThePlace(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "1:1: not a thing: write name and parts"},
		{"a comment", "# later\n", "1:1: not a thing"},
		{"two documents", "name: a\n---\nname: b\n", "3:1: a second document"},
		{"a duplicate key", "name: a\nparts:\n- x: 1\n  y: 2\n  x: 3\n", "5:3: duplicate key x, first in line 3: leave one"},
		{"a duplicate key in braces", "parts: [{x: 1, x: 2}]\n", "1:16: duplicate key x, first in line 1"},
		{"an unknown field", "name: a\nnmae: b\n", `2:1: unknown field "nmae"`},
		{"an anchor", "name: &a b\n", "1:7: anchors, aliases and tags"},
		{"an alias", "name: *a\n", "1:7: anchors, aliases and tags"},
		{"a merge key", "<<: 1\n", "1:1: anchors, aliases and tags"},
		{"a tag", "name: !!str a\n", "1:7: anchors, aliases and tags"},
		{"not YAML", "parts: [\n", "1:8: not YAML: "},
		{"another encoding", "name: \xff\n", "1:1: not a text in UTF-8"},
		{"depth", strings.Repeat("[", maxNesting+1), "1:9: nested deeper than a thing can be"},
		{"size", strings.Repeat("#", maxBytes+1), "1:1: 65537 bytes are too many for a thing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := File{Name: "f.yaml", Kind: "thing", Fields: "name and parts"}
			var into struct {
				Name  string           `yaml:"name"`
				Parts []map[string]int `yaml:"parts"`
			}
			err := f.Read(c.text, &into)
			var place *Error
			if !errors.As(err, &place) || !strings.HasPrefix(err.Error(), "f.yaml:"+c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want f.yaml:%s", err, c.want)
			}
		})
	}
}

func TestAPathHasThePlaceOfTheNearestValue(t *testing.T) {
	f := File{Name: "f.yaml", Kind: "thing", Fields: "name"}
	if _, err := f.Parse("# a file\nname: a\nparts:\n  - x: 1\n  - y: { z: 2 }\n"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]int{
		"$.name": {2, 7}, "$.parts": {4, 3}, "$.parts[1]": {5, 5}, "$.parts[1].y.z": {5, 13}, "$.parts[1].y.no": {5, 10},
		"$.parts[0].no.such": {4, 5}, "$.none": {2, 1}, "none": {1, 1}, "$.parts[9]": {2, 1},
	} {
		if line, column := f.Position(path); line != want[0] || column != want[1] {
			t.Errorf("%s is at %d:%d, want %d:%d", path, line, column, want[0], want[1])
		}
	}
}
