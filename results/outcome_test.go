package results

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestCountsSurviveEncodingAndDecoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := counts().Draw(t, "counts")
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got := Counts{Delivered: 7} // what was there before must not shine through
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("wrote %v, read %v", want, got)
		}
	})
}

func TestCountsMissingAnOutcomeReadAsZero(t *testing.T) {
	var c Counts
	if err := json.Unmarshal([]byte(`{"closed":2}`), &c); err != nil {
		t.Fatal(err)
	}
	if c != (Counts{Closed: 2}) {
		t.Errorf("read %v", c)
	}
}

func TestCountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.MakeCustom[Counts](rapid.MakeConfig{})
		a, b := small.Draw(t, "a"), small.Draw(t, "b")
		sum := a
		sum.Add(b)
		if sum.Total() != a.Total()+b.Total() || sum.Delivered() != a.Delivered()+b.Delivered() ||
			sum.RejectedWithoutLedger() != a.RejectedWithoutLedger()+b.RejectedWithoutLedger() {
			t.Fatalf("%v + %v = %v", a, b, sum)
		}
	})
}

func TestEveryOutcomeParsesFromItsName(t *testing.T) {
	for i, row := range Outcomes {
		o, err := ParseOutcome(row.Name)
		if err != nil || o != Outcome(i) || row.Outcome != Outcome(i) || o.String() != row.Name || row.Summary == "" {
			t.Errorf("row %d: %+v parses as %v, %v", i, row, o, err)
		}
	}
	if o, err := ParseOutcome("no-such"); err == nil {
		t.Errorf("no-such parses as %v", o)
	}
	if got := Outcome(NumOutcomes).String(); got != "outcome(15)" {
		t.Errorf("an outcome outside the table is called %q", got)
	}
}

// row is what the tables of closed vocabularies have in common.
type row struct {
	value         fmt.Stringer
	number        int
	name, summary string
}

func TestEveryVocabularyIsInOrderWithDistinctNames(t *testing.T) {
	tables := map[string][]row{}
	for _, i := range Outcomes {
		tables["outcome"] = append(tables["outcome"], row{i.Outcome, int(i.Outcome), i.Name, i.Summary})
	}
	for _, i := range ResetCauses {
		tables["reset-cause"] = append(tables["reset-cause"], row{i.Cause, int(i.Cause), i.Name, i.Summary})
	}
	for _, i := range Fates {
		tables["fate"] = append(tables["fate"], row{i.Fate, int(i.Fate), i.Name, i.Summary})
	}
	for _, i := range TLSEnds {
		tables["tls-end"] = append(tables["tls-end"], row{i.End, int(i.End), i.Name, i.Summary})
	}
	for kind, rows := range tables {
		seen := map[string]bool{}
		for n, r := range rows {
			if r.number != n || r.name == "" || r.summary == "" || r.value.String() != r.name || seen[r.name] {
				t.Errorf("%s, row %d: %+v", kind, n, r)
			}
			seen[r.name] = true
		}
	}
	for want, outside := range map[string]fmt.Stringer{
		"outcome(255)": Outcome(255), "reset-cause(255)": ResetCause(255), "fate(255)": Fate(255), "tls-end(255)": TLSEnd(255),
	} {
		if got := outside.String(); got != want {
			t.Errorf("a value outside of its table is called %q, want %q", got, want)
		}
	}
}
