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

// ErrNotInstalled says that a server is not on this machine.
var ErrNotInstalled = errors.New("not installed")

// versionTimeout bounds how long a server may take to say its version; a Java
// one on a busy machine takes seconds.
const versionTimeout = 20 * time.Second

// adminFolders are where Debian has servers; an ordinary user's PATH lacks them.
var adminFolders = []string{"/usr/local/sbin", "/usr/sbin", "/sbin"}

// selfPlaceholder is what a command has in its program's place if that is the program
// that this package is part of.
const selfPlaceholder = "{self}"

// selfName is what that program calls itself, whatever its file is called.
const selfName = "rejectbench"

// Command prepares a server's command, which is ended when ctx is.
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
	cmd.Path, cmd.Err = path, nil // which may lie outside of PATH
	return cmd, nil
}

// self is the program that is running. On Linux it is its very file: the name may
// be another build's by now, or lie in a folder that an ordinary user cannot enter.
func self() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// lookPath finds a program in PATH, and then where Debian has its servers.
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

// Installed returns the version of the server on this machine. The error wraps
// ErrNotInstalled if it is not there, and says how to get it.
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
