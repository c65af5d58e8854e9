package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCellSurvivesEncodingAndDecoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := cells().Draw(t, "cell")
		line, err := EncodeCell(want)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(line, []byte("\n")); n != 1 || line[len(line)-1] != '\n' {
			t.Fatalf("a cell must be one line with a line end, got %d line ends", n)
		}
		got, err := decodeCell(line)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Fatalf("the cell changed (-written +read):\n%s", diff)
		}
	})
}

func TestCellsReadBackInTheOrderWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(cells(), 0, 4).Draw(t, "cells")
		var file bytes.Buffer
		for _, c := range want {
			line, err := EncodeCell(c)
			if err != nil {
				t.Fatal(err)
			}
			file.Write(line)
		}
		got, _, err := readCells("cells.jsonl", &file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Fatalf("the cells changed (-written +read):\n%s", diff)
		}
	})
}

// contract has the names in a record that other programs parse. Names may be added,
// never changed or removed.
const contract = `schema strategy client rtt_ms concurrency body_bytes loss limit round
attempts outcomes rejected delivered delivered_share delivered_low delivered_high unread_at_reset
latency_ms latency_ms.connect latency_ms.response latency_ms.end
latency_ms.connect.count latency_ms.connect.mean latency_ms.connect.p50 latency_ms.connect.p90
latency_ms.connect.p99 latency_ms.connect.p999 latency_ms.connect.max
latency_ms.response.count latency_ms.response.p50 latency_ms.end.count latency_ms.end.p999
tcp server server.cpu_us_per_rejection server.hold_ms server.hold_ms.count server.hold_ms.p50 server.hold_ms.p99
server.peak_open server.bytes_drained
path path.kind path.late_ms path.late_ms.p99 path.packets path.dropped
seconds valid invalid_reason
outcomes.admitted outcomes.delivered outcomes.delivered-then-reset outcomes.truncated outcomes.reset-connect
outcomes.reset-send outcomes.reset-receive outcomes.broken-pipe outcomes.closed outcomes.refused
outcomes.timeout-connect outcomes.timeout-send outcomes.timeout-receive outcomes.bad-response outcomes.local-error`

func TestCellCarriesEveryNameOfTheContract(t *testing.T) {
	// An empty record has all of them, so programs may rely on a field to be present.
	line, err := EncodeCell(Cell{})
	if err != nil {
		t.Fatal(err)
	}
	have := paths(t, line)
	for name := range strings.FieldsSeq(contract) {
		if !slices.Contains(have, name) {
			t.Errorf("a record has no field %s", name)
		}
	}
}

// paths returns the dotted name of every field of a JSON object.
func paths(t *testing.T, object []byte) []string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(object, &fields); err != nil {
		t.Fatal(err)
	}
	var names []string
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		if m, ok := v.(map[string]any); ok {
			for name, v := range m {
				names = append(names, prefix+name)
				walk(prefix+name+".", v)
			}
		}
	}
	walk("", fields)
	return names
}

// good is a valid record. The cases of the strict reader each spoil it in one way.
const good = `{"schema":1,"strategy":"close","attempts":3,"outcomes":{"delivered":2,"reset-send":1},"rejected":3,"delivered":2}`

func TestDecodeCellRefusesInconsistentRecords(t *testing.T) {
	if _, err := decodeCell([]byte(good)); err != nil {
		t.Fatalf("the record the cases are made from: %v", err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"no schema", `"schema":1,`, ``, "no schema"},
		{"an older schema", `"schema":1`, `"schema":0`, "schema 0 is unknown: this version reads 1"},
		{"a newer schema", `"schema":1`, `"schema":2`, "schema 2 is newer than 1, the newest this version reads: use a newer rejectbench"},
		{"no strategy", `"strategy":"close",`, ``, "no strategy: not a record"},
		{"outcomes that do not add up", `"attempts":3`, `"attempts":4`, "outcomes add up to 3, but attempts is 4"},
		{"delivered unlike the outcomes", `"delivered":2}`, `"delivered":3}`, "outcomes hold 2 delivered, but delivered is 3"},
		{"an unknown outcome", `"reset-send"`, `"reset-sent"`, `unknown outcome "reset-sent"`},
		{"a negative outcome", `"reset-send":1`, `"reset-send":-1`, `outcome "reset-send" has a negative count -1`},
		{"outcomes that overflow", `"attempts":3,"outcomes":{"delivered":2,"reset-send":1}`,
			`"attempts":-2,"outcomes":{"closed":9223372036854775807,"reset-send":9223372036854775807}`, "attempts is negative"},
		{"negative rejections", `"rejected":3`, `"rejected":-3`, "rejected is negative"},
		{"more delivered than rejected", `"rejected":3`, `"valid":true,"rejected":1`, "delivered is 2, more than rejected: 1"},
		{"a loss above 1", `"attempts":3`, `"loss":2,"attempts":3`, "loss is 2: it has to be within 0 and 1"},
		{"a negative round trip", `"attempts":3`, `"rtt_ms":-5,"attempts":3`, "rtt_ms is negative: -5"},
		{"an absurd round trip", `"attempts":3`, `"rtt_ms":1e300,"attempts":3`, "rtt_ms is 1e+300: it has to be within 0 and 1e+08"},
		{"a negative round", `"attempts":3`, `"round":-3,"attempts":3`, "round is negative: -3"},
		{"unknown arrivals", `"attempts":3`, `"arrivals":"foo","attempts":3`, `unknown arrivals "foo"`},
		{"more CPU time than there is", `"attempts":3`, `"cpu":{"others_share":7},"attempts":3`, "others_share is 7: it has to be within 0 and 1"},
		{"an absurd outcome", `"attempts":3,"outcomes":{"delivered":2,"reset-send":1}`,
			`"attempts":2,"outcomes":{"delivered":2,"closed":9223372036854775807}`, "outcome closed is 9223372036854775807"},
		{"a fraction of an attempt", `"attempts":3`, `"attempts":3.5`, "attempts: not a whole number: 3.5"},
		{"two objects", `}`, `}{}`, "after"},
		{"half an object", `"rejected":3,"delivered":2}`, ``, "unexpected end"},
		{"no object", good, `[]`, "not an object"},
		{"a text for a number", `"attempts":3`, `"attempts":"3"`, "attempts: not a whole number"},
		{"a number out of range", `"attempts":3`, `"attempts":99999999999999999999`, "attempts: out of range: 99999999999999999999"},
		{"a number for a strategy", `"close"`, `7`, "strategy: not a string"},
		{"a text for the round trip", `"attempts":3`, `"rtt_ms":"3","attempts":3`, "rtt_ms: not a number"},
		{"a list of outcomes", `{"delivered":2,"reset-send":1}`, `[]`, "outcomes: not an object"},
		{"a fraction of an outcome", `"reset-send":1`, `"reset-send":1.5`, "outcomes: not a whole number: 1.5"},
		{"nothing", good, ``, "unexpected end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := strings.Replace(good, c.old, c.new, 1)
			if c.new == "}{}" {
				line = good + "{}"
			}
			_, err := decodeCell([]byte(line))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "Go ") {
				t.Errorf("decodeCell(%s): error %v, want one with %q", line, err, c.want)
			}
		})
	}
}

func TestDecodeCellIgnoresFieldsOfALaterVersion(t *testing.T) {
	c, err := decodeCell([]byte(`{"weather":"rain",` + good[1:]))
	if err != nil {
		t.Fatal(err)
	}
	if c.Strategy != "close" || c.Attempts != 3 {
		t.Errorf("read %+v", c)
	}
}

// Users have records of schema 1 on disk. This package always reads them with every
// figure.
func TestRecordsOfSchema1StayReadable(t *testing.T) {
	run, err := Open(filepath.Join("testdata", "schema-1"))
	if err != nil {
		t.Fatal(err)
	}
	if m := run.Manifest; m.Schema != 1 || m.Name != "golden" || m.Planned != 2 || m.Options["rtt"] != "10ms" || m.Strategies[0].Name != "linger-zero" || m.Finished.IsZero() {
		t.Errorf("the manifest reads %+v", m)
	}
	if len(run.Cells) != 2 {
		t.Fatalf("%d cells, want 2", len(run.Cells))
	}
	c := run.Cells[1]
	if c.Strategy != "lingering-close" || c.RTTMs != 10 || c.BodyBytes != 65536 || c.Attempts != 20 || c.Outcomes[Delivered] != 20 ||
		c.DeliveredShare == nil || *c.DeliveredShare != 1 || c.LatencyMs.End.Count != 20 || c.Server.BytesDrained == 0 || !c.Valid {
		t.Errorf("the second cell reads %+v", c)
	}
	// Every field of the files is read with its value.
	file, err := os.ReadFile(filepath.Join("testdata", "schema-1", CellsFile))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(bytes.TrimSpace(file), []byte("\n")) {
		again, err := EncodeCell(run.Cells[i])
		if err != nil {
			t.Fatal(err)
		}
		contains(t, fmt.Sprintf("cell %d", i), object(t, again), object(t, line))
	}
	file, err = os.ReadFile(filepath.Join("testdata", "schema-1", ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(run.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "manifest", object(t, again), object(t, file))
	for key, s := range c.Histograms {
		if h, err := DecodeHistogram(s); err != nil || h.TotalCount() == 0 {
			t.Errorf("histogram %s: %v", key, err)
		}
	}
}

func object(t *testing.T, b []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// contains reports every value of want that got lacks.
func contains(t *testing.T, where string, got, want any) {
	t.Helper()
	m, ok := want.(map[string]any)
	if !ok {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read as %v, want %v", where, got, want)
		}
		return
	}
	have, _ := got.(map[string]any)
	for name, v := range m {
		if _, ok := have[name]; !ok {
			t.Errorf("%s.%s: lost", where, name)
			continue
		}
		contains(t, where+"."+name, have[name], v)
	}
}

func FuzzDecodeCell(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"schema":1,"strategy":"close","outcomes":null,"delivered_share":null}`))
	f.Add([]byte(`{"schema":2}`))
	golden, err := os.ReadFile(filepath.Join("testdata", "schema-1", CellsFile))
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(golden) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c, err := decodeCell(line)
		if err != nil {
			return
		}
		// An accepted record is consistent and survives encoding.
		if c.Attempts < 0 || c.Attempts != c.Outcomes.Total() || c.Delivered != c.Outcomes.Delivered() {
			t.Fatalf("accepted %d attempts with %v", c.Attempts, c.Outcomes)
		}
		again, err := EncodeCell(c)
		if err != nil {
			t.Fatalf("accepted a cell that cannot be written: %v", err)
		}
		back, err := decodeCell(again)
		if err != nil {
			t.Fatalf("accepted a cell, but not after writing it: %v", err)
		}
		if diff := cmp.Diff(c, back, same); diff != "" {
			t.Fatalf("the cell changed:\n%s", diff)
		}
	})
}

func FuzzReadCells(f *testing.F) {
	f.Add([]byte(good + "\n" + good + "\n"))
	f.Add([]byte(good + "\n" + good))
	f.Add([]byte(good + "\n\n" + good + "\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		cells, _, err := readCells("cells.jsonl", bytes.NewReader(file))
		bad, damaged := err.(*LineError)
		lines, blank := 0, 0
		for line := range bytes.Lines(file) {
			if damaged && lines == bad.Line-1 {
				break
			}
			if lines++; len(bytes.TrimSpace(line)) == 0 && bytes.HasSuffix(line, []byte("\n")) {
				blank++
			}
		}
		if err == nil {
			if len(cells) != lines-blank || (len(file) > 0 && file[len(file)-1] != '\n') {
				t.Fatalf("%d cells of %d lines without an error", len(cells), lines)
			}
			return
		}
		if !damaged || bad.Line != len(cells)+blank+1 {
			t.Fatalf("%d cells and the error %v: want a line error at the line after them", len(cells), err)
		}
	})
}
