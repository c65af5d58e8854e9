package sweep

import (
	"os"
	"testing"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/process"
)

// TestMain lets the processes of a cell be this test binary again.
func TestMain(m *testing.M) {
	if code, ran := process.Run(cell.Roles()); ran {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
