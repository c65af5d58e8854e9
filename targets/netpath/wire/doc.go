// Package wire records the TCP packets that cross a path, and derives from the
// records what happened to each answer.
//
//  1. The path's thread appends packets to a Log as they arrive and leave.
//  2. After the cell, Connections reconstructs the connections of the log.
//  3. Join matches them with the ledgers of the fleet and the server: one entry
//     per attempt or accepted connection. Align converts the fleet's times first.
//  4. Joined.Fate says what happened to the answer of one connection. Total
//     counts all connections of a cell and lists where ledgers disagree.
//  5. WritePcapng writes single connections as a capture; package ladder draws
//     them.
//
// The package only looks at packets. It neither captures nor delays them, so it
// works on every system.
package wire
