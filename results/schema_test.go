package results

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	generator "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the schemas anew")

const schemaHome = "https://github.com/rejectbench/rejectbench/results"

// manifestContract has the names that are in the manifests of all versions.
const manifestContract = `schema name tool go system kernel cpu cores started finished tcp path_kind
seed options planned interrupted strategies strategies.name strategies.summary clients`

// records are the types behind the table of schemas, with the names that each schema
// requires.
var records = map[string]struct {
	record   any
	contract string
}{
	"cell":     {Cell{}, contract},
	"manifest": {Manifest{}, manifestContract},
}

func TestSchemasMatchTheGoTypes(t *testing.T) {
	if len(Schemas) != len(records) {
		t.Errorf("%d schemas of %d kinds of records", len(Schemas), len(records))
	}
	for _, s := range Schemas {
		got := generate(t, s.Name)
		if *update {
			if err := os.WriteFile(schemaPath(s.Name), got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(schemaPath(s.Name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (run with -update when this is meant):\n%s", schemaPath(s.Name), diff)
		}
	}
}

// generate makes a schema from the Go type and its comments.
func generate(t *testing.T, name string) []byte {
	t.Helper()
	r := generator.Reflector{
		Anonymous: true, AllowAdditionalProperties: true, ExpandedStruct: true,
		Mapper: func(t reflect.Type) *generator.Schema {
			if t == reflect.TypeFor[Counts]() {
				return countsSchema()
			}
			return nil
		},
	}
	if err := r.AddGoComments("github.com/rejectbench/rejectbench/results", ".", generator.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for key, text := range r.CommentMap {
		r.CommentMap[key] = strings.Join(strings.Fields(text), " ")
	}
	record := reflect.TypeOf(records[name].record)
	s := r.ReflectFromType(record)
	s.ID = generator.ID(schemaHome + "/" + schemaPath(name))
	s.Title = "rejectbench " + name
	(&shaper{root: s, seen: map[reflect.Type]bool{}}).shape(record, s)
	number, ok := s.Properties.Get("schema")
	if !ok {
		t.Fatal("the record has no schema number")
	}
	number.Const = Schema
	for path := range strings.FieldsSeq(records[name].contract) {
		require(t, s, record, strings.Split(path, "."))
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// countsSchema is an object of all outcomes. It allows no other names, as the reader.
func countsSchema() *generator.Schema {
	s := &generator.Schema{Type: "object", Properties: generator.NewProperties(), AdditionalProperties: generator.FalseSchema}
	for _, o := range Outcomes {
		s.Properties.Set(o.Name, &generator.Schema{Type: "integer", Minimum: "0", Description: o.Summary})
		s.Required = append(s.Required, o.Name)
	}
	return s
}

// shaper adapts a generated schema to what encoding/json writes.
type shaper struct {
	root *generator.Schema
	seen map[reflect.Type]bool
}

// shape adapts the fields of a struct type. Pointers, maps and lists without omitempty
// may be null. It requires no field, since not every version has written every field.
func (g *shaper) shape(of reflect.Type, s *generator.Schema) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || g.seen[of] || s.Properties == nil {
		return
	}
	g.seen[of] = true
	s.Required = nil
	for f := range of.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p, ok := s.Properties.Get(name)
		if !ok {
			continue
		}
		g.shape(f.Type, g.resolve(p))
		kind := f.Type.Kind()
		if (kind == reflect.Pointer || kind == reflect.Map || kind == reflect.Slice) && !strings.Contains(options, "omitempty") {
			inner := *p
			inner.Description = ""
			s.Properties.Set(name, &generator.Schema{Description: p.Description, AnyOf: []*generator.Schema{&inner, {Type: "null"}}})
		}
	}
}

// resolve follows references, and lists to the schema of their items.
func (g *shaper) resolve(s *generator.Schema) *generator.Schema {
	for {
		switch {
		case s.Ref != "":
			s = g.root.Definitions[strings.TrimPrefix(s.Ref, "#/$defs/")]
		case s.Items != nil:
			s = s.Items
		case len(s.AnyOf) > 0:
			s = s.AnyOf[0]
		default:
			return s
		}
	}
}

// require makes a name of the contract required, and the objects that contain it.
func require(t *testing.T, root *generator.Schema, of reflect.Type, path []string) {
	t.Helper()
	s := root
	for _, name := range path {
		p, ok := s.Properties.Get(name)
		if !ok {
			t.Fatalf("%v has no %s", of, strings.Join(path, "."))
		}
		if !slices.Contains(s.Required, name) {
			s.Required = append(s.Required, name)
		}
		s = (&shaper{root: root}).resolve(p)
	}
}

// validator returns a function that validates a record by its committed schema.
func validator(t testing.TB, name string) func(record []byte) error {
	t.Helper()
	b, err := JSONSchema(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return func(record []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(record))
		if err != nil {
			return err
		}
		return s.Validate(v)
	}
}

func TestCommittedRunsConformToTheSchemas(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join("testdata", "schema-*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no recorded runs: %v", err)
	}
	cell, manifest := validator(t, "cell"), validator(t, "manifest")
	for _, dir := range append(dirs, "reference", "league", "scenarios") {
		b, err := os.ReadFile(filepath.Join(dir, ManifestFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := manifest(b); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		if b, err = os.ReadFile(filepath.Join(dir, CellsFile)); err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range bytes.Lines(b) {
			n++
			if err := cell(line); err != nil {
				t.Errorf("%s, line %d: %v", dir, n, err)
			}
		}
		if n == 0 {
			t.Errorf("%s has no cells", dir)
		}
	}
}

func TestWrittenRecordsConformToTheSchemas(t *testing.T) {
	cell, manifest := validator(t, "cell"), validator(t, "manifest")
	manifests := rapid.MakeCustom[Manifest](jsonValues)
	rapid.Check(t, func(t *rapid.T) {
		line, err := EncodeCell(cells().Draw(t, "cell"))
		if err != nil {
			t.Fatal(err)
		}
		if err := cell(line); err != nil {
			t.Errorf("%s\n%v", line, err)
		}
		m := manifests.Draw(t, "manifest")
		m.Schema = Schema
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := manifest(b); err != nil {
			t.Errorf("%s\n%v", b, err)
		}
	})
	empty, err := EncodeCell(Cell{})
	if err != nil {
		t.Fatal(err)
	}
	if err := cell(empty); err != nil {
		t.Errorf("the empty cell: %v", err)
	}
}

func TestCellSchemaRefusesOtherRecordsAndAllowsNewFields(t *testing.T) {
	valid := validator(t, "cell")
	golden, err := os.ReadFile(filepath.Join("testdata", "schema-1", CellsFile))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(golden), "\n")
	for _, c := range []struct {
		name, old, new string
		ok             bool
	}{
		{"unchanged", "", "", true},
		{"a field of a later version", `{"schema":1,`, `{"schema":1,"weather":"rain",`, true},
		{"such a field inside", `"hold_ms":{`, `"hold_ms":{"p9999":1,`, true},
		{"another schema", `"schema":1,`, `"schema":2,`, false},
		{"no schema", `"schema":1,`, ``, false},
		{"no outcomes", `"outcomes":`, `"endings":`, false},
		{"an unknown outcome", `"closed":0`, `"closed":0,"cloesd":1`, false},
		{"a negative count", `"closed":0`, `"closed":-1`, false},
		{"a share that is null", `"delivered_share":0.1`, `"delivered_share":null`, true},
		{"a share that is a text", `"delivered_share":0.1`, `"delivered_share":"10%"`, false},
		{"half an attempt", `"attempts":20`, `"attempts":20.5`, false},
		{"a moment that is none", `"started":"2026`, `"started":"x2026`, false},
	} {
		if !strings.Contains(line, c.old) {
			t.Fatalf("%s: the record has no %s", c.name, c.old)
		}
		if err := valid([]byte(strings.Replace(line, c.old, c.new, 1))); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
