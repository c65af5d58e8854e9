package results

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// The files in the folder of a run.
const (
	ManifestFile = "manifest.json"
	CellsFile    = "cells.jsonl"
	LatencyFile  = "latency.hlog"
	PlotsDir     = "plots"
	ReportFile   = "report.html"
)

// maxCellLine is the largest length of a line of cells.jsonl, in bytes. A record
// with every histogram full is well below it.
const maxCellLine = 16 << 20

// Run is a recorded run: its manifest and every finished cell, invalid tries
// included.
type Run struct {
	Dir      string // folder of the run; names it in messages
	Manifest Manifest
	Cells    []Cell // in the order of the records
	lines    []int  // of each cell in its file; nil for a run that was not read from one
}

// LineError is the error of a line that could not be read. The lines before it were
// read.
type LineError struct {
	File string
	Line int   // from 1
	Err  error // why the line could not be read
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// errCut is wrapped by the LineError of a last line without a line end: the run was
// killed while it wrote the line.
var errCut = errors.New("the last line is cut off: the run was ended while it wrote it")

// SchemaError is the error of a record in a format that this version does not read.
type SchemaError struct{ Found int } // the version in the record

func (e *SchemaError) Error() string {
	if e.Found > Schema {
		return fmt.Sprintf("schema %d is newer than %d, the newest this version reads: use a newer rejectbench", e.Found, Schema)
	}
	return fmt.Sprintf("schema %d is unknown: this version reads %d", e.Found, Schema)
}

// Writer appends cells to the folder of a run. It is not safe for concurrent use.
type Writer struct {
	dir      string
	manifest Manifest
	cells    *os.File
	latency  *latencyLog
}

// Create makes the folder of a run if it is missing and writes the manifest. It
// fails for a folder that already holds a run.
func Create(dir string, m Manifest) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the run's folder: %w", err)
	}
	m.Schema = Schema
	cells, err := os.OpenFile(filepath.Join(dir, CellsFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s already holds a run: name another folder", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open the run's records: %w", err)
	}
	w := &Writer{dir: dir, manifest: m, cells: cells}
	if w.latency, err = createLatencyLog(filepath.Join(dir, LatencyFile), m); err == nil {
		err = w.writeManifest()
	}
	if err != nil {
		// An empty file of records would make the folder look like a run.
		return nil, errors.Join(err, w.closeFiles(), os.Remove(cells.Name()))
	}
	return w, nil
}

// Dir returns the folder of the run.
func (w *Writer) Dir() string { return w.dir }

// Append writes one cell. Once it returns, the cell survives a kill of the process.
func (w *Writer) Append(c Cell) error {
	line, err := EncodeCell(c)
	if err != nil {
		return err
	}
	if _, err := w.cells.Write(line); err != nil {
		return fmt.Errorf("write the cell: %w", err)
	}
	return w.latency.append(c)
}

// Close writes the final manifest and closes the files. The function edit may set
// what is known only at the end; nil leaves the manifest unchanged.
func (w *Writer) Close(edit func(*Manifest)) error {
	if edit != nil {
		edit(&w.manifest)
	}
	return errors.Join(w.writeManifest(), w.closeFiles())
}

func (w *Writer) closeFiles() error {
	err := w.cells.Close()
	if w.latency != nil {
		err = errors.Join(err, w.latency.file.Close())
	}
	return err
}

// writeManifest replaces the manifest atomically, so that a killed run leaves the
// old manifest or the new one, never half of it.
func (w *Writer) writeManifest() error {
	b, err := json.MarshalIndent(w.manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	path := filepath.Join(w.dir, ManifestFile)
	if err := os.WriteFile(path+".part", append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// EncodeCell returns the cell as a line of JSON, line end included. A record always has
// arrivals: without them it would be one of an older version.
func EncodeCell(c Cell) ([]byte, error) {
	c.Schema = Schema
	c.Arrivals = cmp.Or(c.Arrivals, SpreadArrivals)
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode the cell: %w", err)
	}
	return append(b, '\n'), nil
}

// Open reads the folder of a run. If a line of the records cannot be read, it
// returns the run with the cells before that line, and a *LineError. If the manifest
// cannot be read, it returns no run.
func Open(dir string) (*Run, error) {
	path := filepath.Join(dir, ManifestFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the run's manifest: %w", err)
	}
	r := &Run{Dir: dir}
	if err := json.Unmarshal(b, &r.Manifest); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if r.Manifest.Schema != Schema {
		return nil, fmt.Errorf("%s: %w", path, &SchemaError{r.Manifest.Schema})
	}
	path = filepath.Join(dir, CellsFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the run's records: %w", err)
	}
	defer f.Close()
	r.Cells, r.lines, err = readCells(path, f)
	return r, err
}

// line returns the line of a cell in its file, from 1.
func (r *Run) line(cell int) int {
	if cell < len(r.lines) {
		return r.lines[cell]
	}
	return cell + 1
}

// readCells reads cells, one JSON object per line, with the number of the line of
// each. Blank lines are skipped. If a line cannot be read, it returns the cells before
// it, and a *LineError with the given file name.
func readCells(name string, r io.Reader) (cells []Cell, lines []int, err error) {
	br := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := readLine(br)
		if err == io.EOF && len(line) == 0 {
			return cells, lines, nil
		}
		if err == io.EOF {
			err = errCut
		}
		if err == nil && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var c Cell
		if err == nil {
			c, err = decodeCell(line)
		}
		if err != nil {
			return cells, lines, &LineError{File: name, Line: n, Err: err}
		}
		cells, lines = append(cells, c), append(lines, n)
	}
}

func readLine(br *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxCellLine {
			return nil, fmt.Errorf("longer than %d bytes", maxCellLine)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

// decodeCell reads one cell strictly: another schema, no strategy, an unknown outcome,
// counts that do not add up or anything after the object is an error. It ignores
// fields that this version does not know.
func decodeCell(line []byte) (Cell, error) {
	var v struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(line, &v); err != nil {
		return Cell{}, plainTypeError(err)
	}
	if v.Schema == nil {
		return Cell{}, errors.New("no schema: not a record of rejectbench")
	}
	if *v.Schema != Schema {
		return Cell{}, &SchemaError{*v.Schema}
	}
	var c Cell
	d := json.NewDecoder(bytes.NewReader(line))
	if err := d.Decode(&c); err != nil {
		return Cell{}, plainTypeError(err)
	}
	if c.Strategy == "" {
		return Cell{}, errors.New("no strategy: not a record of rejectbench")
	}
	if err := c.checkRanges(); err != nil {
		return Cell{}, err
	}
	switch total, delivered := c.Outcomes.Total(), c.Outcomes.Delivered(); {
	case total != c.Attempts:
		return Cell{}, fmt.Errorf("outcomes add up to %d, but attempts is %d", total, c.Attempts)
	case delivered != c.Delivered:
		return Cell{}, fmt.Errorf("outcomes hold %d delivered, but delivered is %d", delivered, c.Delivered)
	case c.Valid && c.Delivered > c.Rejected:
		return Cell{}, fmt.Errorf("delivered is %d, more than rejected: %d", c.Delivered, c.Rejected)
	}
	if c.Arrivals == "" {
		c.Arrivals = UnnamedArrivals(c.Rate)
	}
	return c, nil
}

// plainTypeError rewords the error of a JSON value of the wrong type: it names the
// field and the type wanted, without names of Go. It returns other errors unchanged.
func plainTypeError(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	want := "not an object"
	switch wrong.Type.Kind() {
	case reflect.Int, reflect.Int64:
		want = "not a whole number"
	case reflect.Float64:
		want = "not a number"
	case reflect.String:
		want = "not a string"
	case reflect.Bool:
		want = "not true or false"
	case reflect.Slice, reflect.Array:
		want = "not a list"
	}
	if number, ok := strings.CutPrefix(wrong.Value, "number "); ok {
		if want == "not a number" || !strings.ContainsAny(number, ".eE") {
			want = "out of range"
		}
		want += ": " + number
	}
	if wrong.Field == "" {
		return errors.New(want)
	}
	// The fields of Point are fields of the record.
	return fmt.Errorf("%s: %s", strings.TrimPrefix(wrong.Field, "Point."), want)
}
