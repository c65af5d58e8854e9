package cell

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rejectbench/rejectbench/loadgen"
	"github.com/rejectbench/rejectbench/targets/catalogue"
)

// serverFolder is the folder of a server of the catalogue, with its configuration,
// its own files and its output. The methods accept nil, for a user's command, which
// has no folder; command does not.
type serverFolder struct {
	dir    string
	output *os.File // open until the server is started
}

// outputFile is the name in the folder of the server's standard output and error.
const outputFile = "output"

// An error quotes this much of what a server wrote.
const (
	excerptLines = 4
	excerptBytes = 600
)

// newServerFolder makes an empty folder.
func newServerFolder(p Program) (*serverFolder, error) {
	dir, err := os.MkdirTemp(p.Folder, p.Setup.Server+"-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the server: %w", err)
	}
	return &serverFolder{dir: dir}, nil
}

// command writes the server's files and prepares its process.
func (f *serverFolder) command(p Program, server netip.AddrPort) (*exec.Cmd, error) {
	setup := p.Setup.At(f.dir, server, loadgen.AdmittedPath)
	err := setup.Write(f.dir)
	if err == nil && p.TLS != nil {
		err = catalogue.WriteTLS(f.dir, p.TLS.Cert, p.TLS.Key)
	}
	if err != nil {
		return nil, fmt.Errorf("write the server's files: %w", err)
	}
	// No context ends the server: runningServer.kill does.
	cmd, err := catalogue.Command(context.Background(), setup.Command)
	if err != nil {
		return nil, CommandError{fmt.Errorf("start the server %s: %w", setup.Server, err)}
	}
	f.output, err = os.Create(filepath.Join(f.dir, outputFile))
	if err != nil {
		return nil, fmt.Errorf("make a file for the server's output: %w", err)
	}
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), setup.Environment...)
	cmd.Stdout, cmd.Stderr = f.output, f.output
	asOrdinaryUser(cmd)
	return cmd, nil
}

// closeOutput closes the output file when the server has its copy.
func (f *serverFolder) closeOutput() {
	if f != nil {
		_ = f.output.Close()
	}
}

// ready reports whether the server's output has the words by which the server says
// that it is ready. A setup without such words is always ready.
func (f *serverFolder) ready(setup *catalogue.Setup) bool {
	if f == nil || setup.Ready == "" {
		return true
	}
	b, err := os.ReadFile(filepath.Join(f.dir, outputFile))
	return err == nil && strings.Contains(string(b), setup.Ready)
}

// excerpt is the first lines of the server's output, to end an error with. {dir}
// stands for the folder.
func (f *serverFolder) excerpt() string {
	if f == nil {
		return ""
	}
	b, err := os.ReadFile(filepath.Join(f.dir, outputFile))
	if err != nil {
		return ""
	}
	var lines []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && len(lines) < excerptLines {
			lines = append(lines, line)
		}
	}
	text := strings.ReplaceAll(strings.Join(lines, "; "), f.dir, "{dir}")
	if len(text) > excerptBytes {
		text = strings.ToValidUTF8(text[:excerptBytes], "") + "..."
	}
	if text == "" {
		return "; it wrote nothing"
	}
	return "; it wrote: " + text
}

// close removes the folder.
func (f *serverFolder) close() {
	if f != nil {
		_ = f.output.Close() // an *os.File may be nil
		_ = os.RemoveAll(f.dir)
	}
}
