package main

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/spf13/pflag"

	"github.com/rejectbench/rejectbench/targets/netpath/impair"
)

// pathFlags are the flags for the impairments of a path: a file of settings, and a
// flag for each setting, which overrides the file.
type pathFlags struct {
	file  string
	flags *impair.Flags
}

// newPathFlags defines the flags, except those to skip, which the command defines
// itself.
func newPathFlags(fs *pflag.FlagSet, skip ...string) *pathFlags {
	f := &pathFlags{}
	fs.StringVar(&f.file, "path-file", "", "`file`: impairments, one per line, such as \"jitter 5ms\"; flags override it; see list settings")
	f.flags = impair.NewFlags(fs, skip...)
	return f
}

// none reports whether no flag of the path was given.
func (f *pathFlags) none() bool { return f.file == "" && len(f.flags.Settings()) == 0 }

// impairments returns what the flags ask for, with each flag checked by itself.
func (f *pathFlags) impairments() (im impair.Set, err error) {
	if f.file != "" {
		if im, err = readPathFile(f.file); err != nil {
			return im, err
		}
	}
	for _, s := range f.flags.Settings() {
		if v, ok := pathWords[s.Key]; ok {
			if err := v.check(s.Key, s.Value); err != nil {
				return im, err
			}
		}
	}
	if im, err = impair.Apply(im, f.flags.Settings()); err != nil {
		return im, usagef("--%w", err)
	}
	return im, nil
}

// checkPath checks the settings against each other.
func checkPath(im impair.Set) error {
	if err := im.Check(); err != nil {
		return usagef("--%w", err)
	}
	return nil
}

// pathWords are the vocabularies of the settings that take a word.
var pathWords = map[string]vocabulary{
	"profile":                  profileWords,
	"fault":                    faultWords,
	"jitter-distribution":      distributionWords,
	"jitter-distribution-up":   distributionWords,
	"jitter-distribution-down": distributionWords,
}

// readPathFile reads a file of settings.
func readPathFile(name string) (impair.Set, error) {
	im, err := impair.ParseFile(name)
	var path *fs.PathError
	var setting *impair.SettingError
	switch {
	case err == nil:
		return im, nil
	case errors.As(err, &path):
		return im, usagef("--path-file %s: %w", name, path.Err)
	case errors.As(err, &setting):
		// The setting's own message comes last, after the file and the line.
		where := strings.TrimSuffix(err.Error(), setting.Error())
		if _, unknown := pathSettings.parse(setting.Key); unknown != nil {
			return im, usagef("--path-file %s%w", where, unknown)
		}
		if v, ok := pathWords[setting.Key]; ok {
			if _, unknown := v.parse(setting.Value); unknown != nil {
				return im, usagef("--path-file %s%w", where, unknown)
			}
		}
	}
	return im, usagef("--path-file %w", err)
}
