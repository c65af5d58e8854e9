// Package wire is the path's witness: it records every TCP packet that crosses
// a path and tells from the records what became of each answer.
//
// The path's thread appends to a Log as packets come and go. After the cell,
// Ledger turns the log into connections, Explain says of one connection's
// answer what happened to it, and Account joins the wire's ledger with the
// fleet's and the server's. WritePcapng and package ladder show single connections to
// a reader.
//
// The package looks at packets only. It neither captures them nor knows what
// made or delays them, so it is the same on every system.
package wire
