package cell

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/targets/catalogue"
)

// Program is a server program in place of the reference server. The zero value is
// the reference server.
type Program struct {
	// Command is the program and its arguments. {host}, {port} and {url} stand for
	// where it has to listen.
	Command       []string
	ListenTimeout time.Duration // how long it may take to listen
	// Setup is the setup of a server of the catalogue, whose command Command is; nil
	// for a user's command.
	Setup *catalogue.Setup
	// TLS takes the place of Setup in cells that speak TLS; nil for a user's
	// command, and where no cell speaks TLS.
	TLS *TLSSetup
	// Folder is where a server with a Setup gets its own folder. The process that
	// made it removes it.
	Folder string
}

// TLSSetup is the setup of a server of the catalogue with TLS 1.3.
type TLSSetup struct {
	catalogue.Setup
	Cert, Key []byte // PEM; the certificate's chain begins with the server's own
}

// CommandError is an error of a program that a user named.
type CommandError struct{ Err error }

func (e CommandError) Error() string { return e.Err.Error() }
func (e CommandError) Unwrap() error { return e.Err }

// Speaking returns the program with TLS or without. A user's command is the same
// either way.
func (p Program) Speaking(tls bool) Program {
	switch {
	case !tls:
		p.TLS = nil
	case p.TLS != nil:
		p.Setup, p.Command = &p.TLS.Setup, p.TLS.Command
	}
	return p
}

// Name returns what errors call the program: NAME or NAME:VARIANT of a server of
// the catalogue, or the first word of a command.
func (p Program) Name() string {
	switch {
	case p.Setup == nil:
		return p.Command[0]
	case p.Setup.Variant == "":
		return p.Setup.Server
	}
	return p.Setup.Server + ":" + p.Setup.Variant
}

// clear removes the folders of all servers, for a process that made them and is gone.
func (p Program) clear() {
	if p.Folder != "" {
		_ = os.RemoveAll(p.Folder)
	}
}

// substitute puts the server's address into a command's words. An IPv6 address is
// in brackets where a port follows, as in a URL, and bare elsewhere.
func substitute(command []string, server netip.AddrPort, tls bool) []string {
	words := strings.NewReplacer("{host}:{port}", server.String(),
		"{host}", server.Addr().String(), "{port}", strconv.Itoa(int(server.Port())), "{url}", serverURL(server, tls))
	replaced := make([]string, len(command))
	for i, word := range command {
		replaced[i] = words.Replace(word)
	}
	return replaced
}

func serverURL(server netip.AddrPort, tls bool) string {
	scheme := "http"
	if tls {
		scheme = "https"
	}
	return scheme + "://" + server.String() + "/"
}
