package catalogue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"time"
)

// ErrNotInstalled means that a server is not installed on this machine.
var ErrNotInstalled = errors.New("not installed")

// versionTimeout bounds the command that prints a server's version. A Java server
// needs seconds for it on a busy machine.
const versionTimeout = 20 * time.Second

// adminFolders contain Debian's servers; an ordinary user's PATH lacks them.
var adminFolders = []string{"/usr/local/sbin", "/usr/sbin", "/sbin"}

// selfPlaceholder stands for the running program in a command.
const selfPlaceholder = "{self}"

// selfName is the running program's argument 0, whatever the name of its file.
const selfName = "rejectbench"

// Command prepares a server's command. The end of ctx kills the process.
func Command(ctx context.Context, words []string) (*exec.Cmd, error) {
	name := words[0]
	path, err := lookPath(name)
	if err != nil {
		return nil, err
	}
	if name == selfPlaceholder {
		name = selfName
	}
	cmd := exec.CommandContext(ctx, name, words[1:]...)
	cmd.Path, cmd.Err = path, nil // the path may be outside of PATH
	return cmd, nil
}

// self returns the running program. On Linux it returns /proc/self/exe: the
// program's path may by now be another build, or be in a folder that an ordinary
// user cannot enter.
func self() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// lookPath finds a program in PATH or in adminFolders.
func lookPath(name string) (string, error) {
	if name == selfPlaceholder {
		return self()
	}
	path, err := exec.LookPath(name)
	if err == nil || filepath.Base(name) != name {
		return path, err
	}
	for _, folder := range adminFolders {
		if path, e := exec.LookPath(filepath.Join(folder, name)); e == nil {
			return path, nil
		}
	}
	return "", err
}

// Installed returns the version of the server on this machine. If the server is
// missing, the error wraps ErrNotInstalled and says how to install it.
func (s Server) Installed(ctx context.Context) (version string, err error) {
	missing := func(why error) error {
		return fmt.Errorf("%s is %w (%w): %s", s.Name, ErrNotInstalled, why, s.Install())
	}
	if _, err := lookPath(s.Command[0]); err != nil {
		return "", missing(err)
	}
	for _, file := range s.Requires {
		if _, err := os.Stat(file); err != nil {
			return "", missing(err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	cmd, err := Command(ctx, s.Version.Command)
	if err != nil {
		return "", missing(err)
	}
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return "", fmt.Errorf("ask %s for its version: %w", s.Name, ctx.Err())
	}
	match := regexp.MustCompile(s.Version.Pattern).FindSubmatch(out)
	if match == nil {
		if err == nil {
			err = fmt.Errorf("%s prints no version", s.Version.Command[0])
		}
		return "", missing(err)
	}
	return string(match[1]), nil
}
