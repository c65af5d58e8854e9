package main

import (
	"errors"
	"io/fs"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// pathFlags are the flags that say what a path does to packets: a file of
// settings, and a flag for each setting, which go before the file's.
type pathFlags struct {
	file  string
	flags *impair.Flags
}

// newPathFlags defines the flags but those to skip, which the command has in
// its own way.
func newPathFlags(fs *pflag.FlagSet, skip ...string) *pathFlags {
	f := &pathFlags{}
	fs.StringVar(&f.file, "path-file", "", "`file` of path settings, one a line as \"jitter 5ms\", which flags change; see list settings")
	f.flags = impair.NewFlags(fs, skip...)
	return f
}

// none tells whether no flag of the path was given.
func (f *pathFlags) none() bool { return f.file == "" && len(f.flags.Settings()) == 0 }

// impairments returns what the flags ask for, each checked by itself.
func (f *pathFlags) impairments() (im impair.Set, err error) {
	if f.file != "" {
		if im, err = impair.ParseFile(f.file); err != nil {
			var path *fs.PathError
			if errors.As(err, &path) {
				return im, usagef("--path-file %s: %w", f.file, path.Err)
			}
			return im, usagef("--path-file %w", err)
		}
	}
	if im, err = impair.Apply(im, f.flags.Settings()); err != nil {
		return im, usagef("--%w", err)
	}
	return im, nil
}

// checkPath checks settings together.
func checkPath(im impair.Set) error {
	if err := im.Check(); err != nil {
		return usagef("--%w", err)
	}
	return nil
}
