package results

import "fmt"

// ResetCause is which side reset a connection first and why, as the packets show.
// The zero value is NoReset.
type ResetCause uint8

// The closed set of causes. The table ResetCauses describes each.
const (
	NoReset ResetCause = iota
	UnreadData
	LingerZero
	LateData
	StrayReset
	RefusedReset
	ClientReset
	numResetCauses = iota
)

// ResetCauseInfo is the row of the vocabulary for one cause.
type ResetCauseInfo struct {
	Cause   ResetCause
	Name    string // the name in records
	Summary string // its meaning, in a line
}

// ResetCauses is the table of the names of causes, in the order of records.
var ResetCauses = [numResetCauses]ResetCauseInfo{
	{NoReset, "none", "nobody reset the connection"},
	{UnreadData, "unread-data", "the server closed by a reset, after data of the client had arrived"},
	{LingerZero, "linger-zero", "the server closed by a reset, before any data of the client had arrived"},
	{LateData, "late-data", "the server closed by a FIN, and its kernel answered data that came later with a reset"},
	{StrayReset, "stray", "the server's kernel had no connection for the client's packet, or no room for one"},
	{RefusedReset, "refused", "the server's kernel answered the SYN with a reset"},
	{ClientReset, "client", "the client reset the connection before the server did"},
}

// String returns the name in records.
func (c ResetCause) String() string {
	if int(c) < len(ResetCauses) {
		return ResetCauses[c].Name
	}
	return fmt.Sprintf("reset-cause(%d)", uint8(c))
}

// Server reports whether the server sent the reset.
func (c ResetCause) Server() bool { return c != NoReset && c != ClientReset }

// Fate is what became of the answer of a rejection. Every answer has exactly one
// fate. The zero value is UnknownFate.
type Fate uint8

// The closed set of fates. The table Fates describes each.
const (
	UnknownFate Fate = iota
	NeverSent
	LostOnPath
	ArrivedNotRead
	Read
	numFates = iota
)

// FateInfo is the row of the vocabulary for one fate.
type FateInfo struct {
	Fate    Fate
	Name    string // the name in records
	Summary string // its meaning, in a line
}

// Fates is the table of the names of fates, in the order of records.
var Fates = [numFates]FateInfo{
	{UnknownFate, "unknown", "the ledgers do not show it; each one is listed with the reason"},
	{NeverSent, "never-sent", "a part of the answer never left the server"},
	{LostOnPath, "lost-on-the-path", "the whole answer left the server; no copy of some part of it reached the client"},
	{ArrivedNotRead, "arrived-not-read", "the whole answer reached the client's kernel; the client's code did not read all of it"},
	{Read, "read", "the client's code read the whole answer"},
}

// NoOutcome is the key, in Wire.FateOutcomes, of rejections for which no attempt of
// the client was found.
const NoOutcome = "none"

// String returns the name in records.
func (f Fate) String() string {
	if int(f) < len(Fates) {
		return Fates[f].Name
	}
	return fmt.Sprintf("fate(%d)", uint8(f))
}

// Wire is what the path recorded of the connections of a cell. A record with missed
// packets is incomplete, and its other figures are void.
type Wire struct {
	Packets     int64 `json:"packets"`     // TCP packets recorded
	Missed      int64 `json:"missed"`      // packets not recorded because the record was full; above 0 voids the other figures
	Connections int64 `json:"connections"` // connections, distinguished by their ports and SYNs

	// Resets is the number of connections by the name of their reset cause.
	Resets     map[string]int64 `json:"resets"`
	ResetsSent int64            `json:"resets_sent"` // packets with RST that the server sent
	ResetsLost int64            `json:"resets_lost"` // packets with RST that the server sent and the path dropped

	Rejections   int64                       `json:"rejections"`    // rejections that were recorded
	Fates        map[string]int64            `json:"fates"`         // rejections by the name of their fate; adds up to rejections
	FateOutcomes map[string]map[string]int64 `json:"fate_outcomes"` // rejections by the name of their fate, then of the client's outcome, or NoOutcome

	Retransmitted     int64 `json:"retransmitted"`       // packets with bytes of a rejection's answer that had been sent before
	ArrivedAfterReset int64 `json:"arrived_after_reset"` // rejections whose answer reached the client after a reset had ended its connection
	// AnswerToResetMs is the time from the first byte of the answer to the server's
	// first reset after it, in milliseconds. This and the next two figures are of
	// connections with one request and its answer: no TLS, no earlier requests.
	AnswerToResetMs Percentiles `json:"answer_to_reset_ms"`
	// BytesAfterAnswer is the number of bytes, not milliseconds, that a rejected client
	// sent after the answer had left the server.
	BytesAfterAnswer Percentiles `json:"bytes_after_answer"`
	// BytesAfterArrival is the number of bytes, not milliseconds, that a rejected client
	// sent after the whole answer had reached it.
	BytesAfterArrival Percentiles `json:"bytes_after_arrival"`

	Agreement WireAgreement `json:"agreement"` // how the record agrees with both ledgers
}

// MaxDisagreements is the largest number of disagreements that a record lists,
// measured or merged.
const MaxDisagreements = 20

// WireAgreement is the agreement of the path's record with the fleet's and the
// server's ledgers.
type WireAgreement struct {
	Wire          int64 `json:"wire"`           // connections that the path recorded
	Fleet         int64 `json:"fleet"`          // attempts of the fleet that had a socket
	Server        int64 `json:"server"`         // connections in the server's ledger
	Agreed        int64 `json:"agreed"`         // connections that all three have, with consistent figures
	NeverAccepted int64 `json:"never_accepted"` // connections that the path and the fleet have and the server's program never accepted
	Disagreed     int64 `json:"disagreed"`      // connections with inconsistent figures
	// Disagreements are the first of those connections, at most 20.
	Disagreements []WireDisagreement `json:"disagreements"`
}

// WireDisagreement is a connection whose figures in the three records are inconsistent.
type WireDisagreement struct {
	ClientPort uint16 `json:"client_port"`
	What       string `json:"what"`   // the inconsistency, in words
	Wire       string `json:"wire"`   // what the path recorded; empty if nothing
	Fleet      string `json:"fleet"`  // what the fleet recorded; empty if nothing
	Server     string `json:"server"` // what the server recorded; empty if nothing
}
