package results

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestManifestSurvivesWritingAndReading(t *testing.T) {
	manifests := rapid.MakeCustom[Manifest](jsonValues)
	root := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		want := manifests.Draw(t, "manifest")
		n++
		dir := filepath.Join(root, fmt.Sprint(n))
		w, err := Create(dir, want)
		if err != nil {
			t.Fatal(err)
		}
		finished := moments().Draw(t, "finished")
		if err := w.Close(func(m *Manifest) { m.Finished = finished }); err != nil {
			t.Fatal(err)
		}
		got, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		want.Schema, want.Finished = Schema, finished
		if diff := cmp.Diff(want, got.Manifest, same); diff != "" {
			t.Fatalf("the manifest changed (-written +read):\n%s", diff)
		}
	})
}

// sample returns a small run of n cells, closed, and its folder.
func sample(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, Manifest{Name: "sample"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := w.Append(Cell{Point: Point{Strategy: "close"}, Round: i}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCreateRefusesAFolderWithARunAndLeavesItAlone(t *testing.T) {
	dir := sample(t, 2)
	if _, err := Create(dir, Manifest{Name: "another"}); err == nil || !strings.Contains(err.Error(), "already holds a run") {
		t.Errorf("Create over a run: %v", err)
	}
	run, err := Open(dir)
	if err != nil || len(run.Cells) != 2 || run.Manifest.Name != "sample" {
		t.Errorf("the run that was there reads %+v, %v", run, err)
	}
}

func TestCreateThatFailsLeavesNoHalfRun(t *testing.T) {
	dir := t.TempDir()
	// A folder in the place of the log makes the second file fail.
	if err := os.MkdirAll(filepath.Join(dir, LatencyFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, Manifest{}); err == nil {
		t.Fatal("Create wrote its log over a folder")
	}
	if err := os.Remove(filepath.Join(dir, LatencyFile)); err != nil {
		t.Fatal(err)
	}
	w, err := Create(dir, Manifest{})
	if err != nil {
		t.Fatalf("the folder is taken for a run after a failure: %v", err)
	}
	if err := w.Close(nil); err != nil {
		t.Error(err)
	}
}

// From a record that is cut off, damaged or of another version on, lines are lost, but
// never those before it. The error names file and line.
func TestDamageLeavesTheLinesBeforeItUsable(t *testing.T) {
	for _, c := range []struct {
		name, tail string
		want       string
		cut        bool
	}{
		{"cut last line", good[:len(good)/2], "cut off", true},
		{"last line without its end", good, "cut off", true},
		{"unknown schema", `{"schema":99}` + "\n", "schema 99 is newer", false},
		{"not JSON", "# cells\n", "invalid character", false},
		{"over-long line", strings.Repeat(" ", maxCellLine+1) + "\n", "longer than 16777216 bytes", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := sample(t, 3)
			path := filepath.Join(dir, CellsFile)
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(c.tail); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			run, err := Open(dir)
			if run == nil || len(run.Cells) != 3 {
				t.Fatalf("the lines before the damage are gone: %+v, %v", run, err)
			}
			var line *LineError
			if !errors.As(err, &line) || line.Line != 4 || line.File != path || errors.Is(err, errCut) != c.cut {
				t.Fatalf("error %#v, want a line error", err)
			}
			if !strings.HasPrefix(err.Error(), path+":4: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error says %q, want %s:4 and %q", err, path, c.want)
			}
		})
	}
}

func TestBlankLinesAreSkippedAndCounted(t *testing.T) {
	dir := sample(t, 0)
	path := filepath.Join(dir, CellsFile)
	if err := os.WriteFile(path, []byte("\n"+good+"\n \r\n"+good+"\n\n# cells\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run, err := Open(dir)
	var line *LineError
	if !errors.As(err, &line) || line.Line != 6 {
		t.Errorf("error %v, want one of line 6", err)
	}
	if len(run.Cells) != 2 || run.line(0) != 2 || run.line(1) != 4 {
		t.Errorf("read %d cells of lines %v, want lines 2 and 4", len(run.Cells), run.lines)
	}
}

func TestOpenWithoutAReadableManifestGivesNoRun(t *testing.T) {
	for _, c := range []struct{ name, manifest, want string }{
		{"missing", "", "read the run's manifest"},
		{"not JSON", "{", ManifestFile},
		{"of another schema", `{"schema":7}`, "schema 7 is newer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := sample(t, 1)
			path := filepath.Join(dir, ManifestFile)
			err := os.Remove(path)
			if c.manifest != "" {
				err = os.WriteFile(path, []byte(c.manifest), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			if run, err := Open(dir); run != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open: %+v, %v; want no run and %q", run, err, c.want)
			}
		})
	}
}

// writeUntilKilled is set for the child process of TestKilledRunKeepsEveryFinishedCell,
// which writes cells, and a line to its output after each.
const writeUntilKilled = "RESULTS_TEST_WRITE_UNTIL_KILLED"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writeUntilKilled); dir != "" {
		if err := writeCells(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func writeCells(dir string) error {
	w, err := Create(dir, Manifest{Name: "killed"})
	for i := 0; err == nil; i++ {
		if err = w.Append(Cell{Point: Point{Strategy: "close"}, Round: i}); err == nil {
			_, err = fmt.Println(i)
		}
	}
	return err
}

func TestKilledRunKeepsEveryFinishedCell(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), writeUntilKilled+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	finished := 0
	for lines := bufio.NewScanner(out); finished < 500 && lines.Scan(); {
		finished++
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if finished < 500 {
		t.Fatalf("the writer ended by itself after %d cells", finished)
	}
	run, err := Open(dir)
	if err != nil && !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	if len(run.Cells) < finished {
		t.Errorf("%d cells were finished, %d are in the file", finished, len(run.Cells))
	}
	for i, c := range run.Cells {
		if c.Round != i {
			t.Fatalf("cell %d reads as the one of round %d", i, c.Round)
		}
	}
	if !run.Manifest.Finished.IsZero() {
		t.Errorf("the manifest of a killed run says it finished at %v", run.Manifest.Finished)
	}
}

func TestManifestIsReplacedInOneStep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	w, err := Create(dir, Manifest{Name: "sample"})
	if err != nil {
		t.Fatal(err)
	}
	path, before := filepath.Join(dir, ManifestFile), filepath.Join(dir, "before")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The link keeps the first file. Writing in place would change it.
	if err := os.Link(path, before); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(func(m *Manifest) { m.Interrupted = true }); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(before); err != nil || string(b) != string(old) {
		t.Errorf("the first manifest was overwritten: %q, %v", b, err)
	}
	if b, err := os.ReadFile(path); err != nil || !json.Valid(b) || string(b) == string(old) {
		t.Errorf("the manifest is %q, %v", b, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) > 0 {
		t.Errorf("%v were left behind", left)
	}
}

func TestOnlyASecondValidCellOfAPointAndRoundIsRepeated(t *testing.T) {
	valid := Cell{Point: Point{Strategy: "close"}, Valid: true}
	with := func(edit func(*Cell)) Cell {
		c := valid
		edit(&c)
		return c
	}
	run := &Run{Cells: []Cell{
		with(func(c *Cell) { c.Valid = false }),
		with(func(c *Cell) { c.Try = 1 }),
		with(func(c *Cell) { c.Twin = true }),
		with(func(c *Cell) { c.Round = 1 }),
		with(func(c *Cell) { c.TLS = true }),
	}}
	if n := run.Repeated(); n != 0 {
		t.Errorf("%d repeated cells in a run with a retry and a twin", n)
	}
	run.Cells = append(run.Cells, run.Cells...)
	if n := run.Repeated(); n != 4 {
		t.Errorf("%d repeated cells in a doubled run, want 4", n)
	}
}
