package cell

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAnExcerptHasTheFirstAndTheLastLine(t *testing.T) {
	var o outputEnds
	fmt.Fprintln(&o, "sh: 1: nosuch: not found")
	for range 10_000 {
		fmt.Fprintln(&o, "a line of a long trace")
	}
	fmt.Fprint(&o, "ModuleNotFoundError: No module named 'httpx'\n")
	got := o.excerpt()
	if !strings.HasPrefix(got, `; it wrote: "sh: 1: nosuch: not found a line`) || !strings.HasSuffix(got, ` ModuleNotFoundError: No module named 'httpx'"`) || !strings.Contains(got, " ... ") {
		t.Error(got)
	}
	if got := new(outputEnds).excerpt(); got != "" {
		t.Errorf("nothing was written: %s", got)
	}
}

func TestAnExcerptDoesNotDependOnHowTheOutputWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom([]byte("ab \n\xc3\xa4")), 0, 1000).Draw(t, "text")
		var whole, pieces outputEnds
		_, _ = whole.Write(text)
		for rest := text; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if m, err := pieces.Write(rest[:n]); m != n || err != nil {
				t.Fatalf("%d bytes of %d, %v", m, n, err)
			}
			rest = rest[n:]
		}
		if got, want := pieces.excerpt(), whole.excerpt(); got != want {
			t.Errorf("%q in pieces: %s, want %s", text, got, want)
		}
		if len(pieces.start)+len(pieces.end) > quotedStart+quotedEnd || !bytes.HasPrefix(text, pieces.start) || !bytes.HasSuffix(text, pieces.end) {
			t.Errorf("%q: kept %q and %q", text, pieces.start, pieces.end)
		}
		if kept := len(pieces.start) + len(pieces.end); !pieces.cut && kept != len(text) || pieces.cut && kept != quotedStart+quotedEnd {
			t.Errorf("%d bytes of %d are kept, cut: %v", kept, len(text), pieces.cut)
		}
	})
}
