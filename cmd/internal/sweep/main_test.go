package sweep

import (
	"os"
	"testing"
)

// TestMain lets the processes of a cell be this test binary again.
func TestMain(m *testing.M) {
	if code, ran := RunRole(); ran {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
