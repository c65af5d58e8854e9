//go:build !unix

package sweep

import "os"

// closeOnExec does nothing: no file is inherited unless it is named.
func closeOnExec(...*os.File) {}
