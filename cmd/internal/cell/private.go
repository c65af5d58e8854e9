package cell

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rejectbench/rejectbench/targets/catalogue"
)

// private is the folder of a server of the catalogue: its configuration, what it
// makes itself, and what it writes. The nil value is that of a program without.
type serverFolder struct {
	dir    string
	output *os.File // until the server has it
}

// TLSSetup is a server of the catalogue as it speaks TLS 1.3.
type TLSSetup struct {
	catalogue.Setup
	Cert, Key []byte // PEM; the certificate's chain begins with the server's own
}

// Speaking returns the program as it speaks TLS, or as it does not. A command of
// the user's own is the same either way.
func (p Program) Speaking(tls bool) Program {
	switch {
	case !tls:
		p.TLS = nil
	case p.TLS != nil:
		p.Setup, p.Command = &p.TLS.Setup, p.TLS.Command
	}
	return p
}

// outputFile is where in the folder the server's output goes.
const outputFile = "output"

// Of what a server has written, so much is shown.
const (
	saidLines = 4
	saidBytes = 600
)

// newServerFolder makes the folder.
func newServerFolder(p Program) (*serverFolder, error) {
	dir, err := os.MkdirTemp(p.Folder, p.Setup.Server+"-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the server: %w", err)
	}
	return &serverFolder{dir: dir}, nil
}

// command fills the folder and returns the server's command.
func (f *serverFolder) command(p Program, server netip.AddrPort) (*exec.Cmd, error) {
	setup := p.Setup.At(f.dir, server)
	err := setup.Write(f.dir)
	if err == nil && p.TLS != nil {
		err = catalogue.WriteTLS(f.dir, p.TLS.Cert, p.TLS.Key)
	}
	if err != nil {
		return nil, fmt.Errorf("write the server's files: %w", err)
	}
	// Who started the server ends it.
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

// started closes what the server has a copy of now.
func (f *serverFolder) closeOutput() {
	if f != nil {
		_ = f.output.Close()
	}
}

// ready tells whether the server has written what it writes when it can serve.
func (f *serverFolder) ready(setup *catalogue.Setup) bool {
	if f == nil || setup.Ready == "" {
		return true
	}
	b, err := os.ReadFile(filepath.Join(f.dir, outputFile))
	return err == nil && strings.Contains(string(b), setup.Ready)
}

// said is the first lines that the server wrote, to stand behind an error.
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
		if line = strings.TrimSpace(line); line != "" && len(lines) < saidLines {
			lines = append(lines, line)
		}
	}
	said := strings.ReplaceAll(strings.Join(lines, "; "), f.dir, "{dir}")
	if len(said) > saidBytes {
		said = strings.ToValidUTF8(said[:saidBytes], "") + "..."
	}
	if said == "" {
		return "; it wrote nothing"
	}
	return "; it wrote: " + said
}

// close removes the folder.
func (f *serverFolder) close() {
	if f != nil {
		_ = f.output.Close() // an *os.File may be nil
		_ = os.RemoveAll(f.dir)
	}
}

// Name is what errors call the program.
func (p Program) Name() string {
	switch {
	case p.Setup == nil:
		return p.Command[0]
	case p.Setup.Variant == "":
		return p.Setup.Server
	}
	return p.Setup.Server + ":" + p.Setup.Variant
}

// clear removes the folders of all servers, when whoever made them cannot any more.
func (p Program) clear() {
	if p.Folder != "" {
		_ = os.RemoveAll(p.Folder)
	}
}
