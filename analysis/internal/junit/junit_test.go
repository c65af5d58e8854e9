package junit

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"
)

func TestEveryOutcomeIsCountedAndReadsBack(t *testing.T) {
	var b strings.Builder
	cases := []Case{
		{"share", "a < b", Passed, "all \"good\"", ""},
		{"share", "worse", Failed, "from 100 to 0", "line 1\nline 2 & more"},
		{"share", "open", Error, "one round", ""},
		{"cpu", "none", Skipped, "no figure", ""},
	}
	if err := Write(&b, "rejectbench", cases); err != nil {
		t.Fatal(err)
	}
	var got suites
	if err := xml.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	want := counts{Tests: 4, Failures: 1, Errors: 1, Skipped: 1}
	if got.counts != want || got.Suite.counts != want || len(got.Suite.Cases) != 4 {
		t.Fatalf("%+v of\n%s", got, &b)
	}
	if c := got.Suite.Cases[1]; c.Failure == nil || c.Failure.Text != cases[1].Details || c.Failure.Message != cases[1].Message || c.Class != "rejectbench.share" {
		t.Errorf("%+v of\n%s", c, &b)
	}
	if c := got.Suite.Cases[0]; c.Failure != nil || c.Error != nil || c.Skipped != nil || c.Name != cases[0].Name || c.Output != cases[0].Message {
		t.Errorf("%+v of\n%s", c, &b)
	}
}

func TestAFailedWriteIsReported(t *testing.T) {
	if err := Write(full{}, "rejectbench", nil); !errors.Is(err, errFull) {
		t.Error(err)
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
