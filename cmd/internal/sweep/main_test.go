package sweep

import (
	"os"
	"testing"

	"github.com/rejectbench/rejectbench/cmd/internal/cell"
	"github.com/rejectbench/rejectbench/cmd/internal/process"
)

// TestMain runs the processes of a cell, which are this test binary again.
func TestMain(m *testing.M) {
	if code, ran := process.Run(cell.Roles()); ran {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
