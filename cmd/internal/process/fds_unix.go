//go:build unix

package process

import (
	"os"
	"syscall"
)

// closeOnExec keeps files from the programs that this process starts.
func closeOnExec(files ...*os.File) {
	for _, f := range files {
		syscall.CloseOnExec(int(f.Fd()))
	}
}
