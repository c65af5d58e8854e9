package results

import (
	"embed"
	"fmt"
)

//go:embed schema/*.schema.json
var schemaFiles embed.FS

// SchemaInfo is the row of the vocabulary for one kind of record.
type SchemaInfo struct {
	Name    string // name of the schema
	Summary string // where such records are, in a line
}

// Schemas is the table of the records that have a JSON schema.
var Schemas = []SchemaInfo{
	{"cell", "a line of cells.jsonl, and of --format json"},
	{"manifest", "a run's manifest.json"},
}

// JSONSchema returns the JSON schema (draft 2020-12) of a kind of record, by its name
// in Schemas. It is generated from the Go types of this package. It allows unknown
// fields, as the readers do, and requires the fields that all versions have written.
func JSONSchema(name string) ([]byte, error) {
	for _, s := range Schemas {
		if s.Name == name {
			return schemaFiles.ReadFile(schemaPath(name))
		}
	}
	return nil, fmt.Errorf("unknown schema %q", name)
}

func schemaPath(name string) string { return "schema/" + name + ".schema.json" }
