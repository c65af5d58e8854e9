package impair

import "testing"

func TestEveryFaultNameParses(t *testing.T) {
	for i, f := range Faults {
		if int(f.Fault) != i || f.Summary == "" {
			t.Errorf("%+v at %d", f, i)
		}
		if got, err := faultByName(f.Fault.String()); err != nil || got != f.Fault {
			t.Errorf("%s: %v, %v", f.Name, got, err)
		}
	}
}
