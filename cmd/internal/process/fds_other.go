//go:build !unix

package process

import "os"

// closeOnExec does nothing: a program inherits only the files that are named.
func closeOnExec(...*os.File) {}
