package align

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEachColumnKeepsToItsSide(t *testing.T) {
	var b strings.Builder
	rows := [][]string{{"name", "n", "why"}, {"é", "100", ""}, nil, {"longer", "7", "late"}}
	if err := Write(&b, rows, []bool{true, false, true}); err != nil {
		t.Fatal(err)
	}
	want := "name      n  why\né       100\n\nlonger    7  late\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

func TestEveryCellIsOnItsLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 5).Draw(t, "columns")
		left := rapid.SliceOfN(rapid.Bool(), columns, columns).Draw(t, "left")
		row := rapid.SliceOfN(rapid.StringMatching(`[a-zäé]{1,8}`), columns, columns)
		rows := rapid.SliceOfN(row, 1, 6).Draw(t, "rows")
		var b strings.Builder
		if err := Write(&b, rows, left); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != len(rows) {
			t.Fatalf("%d lines of %d rows", len(lines), len(rows))
		}
		for i, line := range lines {
			if got := strings.Fields(line); strings.Join(got, " ") != strings.Join(rows[i], " ") {
				t.Errorf("%q of %q", line, rows[i])
			}
		}
	})
}

func TestAFailedWriteIsReported(t *testing.T) {
	if err := Write(full{}, [][]string{{"a"}}, []bool{true}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
