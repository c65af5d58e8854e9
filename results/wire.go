package results

import "fmt"

// ResetCause is who reset a connection first, and on what, as told by the
// packets. The zero value is NoReset.
type ResetCause uint8

// The closed set of causes. ResetCauses documents each of them.
const (
	NoReset ResetCause = iota
	UnreadData
	LingerZero
	LateData
	StrayReset
	RefusedReset
	ClientReset
	NumResetCauses = iota
)

// ResetCauseInfo is the row of the vocabulary for one cause.
type ResetCauseInfo struct {
	Cause   ResetCause
	Name    string // the name in records
	Summary string
}

// ResetCauses is the one table that the names of causes come from.
var ResetCauses = [NumResetCauses]ResetCauseInfo{
	{NoReset, "none", "nobody reset the connection"},
	{UnreadData, "unread-data", "the server closed by a reset, after data of the client had arrived"},
	{LingerZero, "linger-zero", "the server closed by a reset, before any data of the client had arrived"},
	{LateData, "late-data", "the server closed by a FIN, and its kernel answered data that came later with a reset"},
	{StrayReset, "stray", "the server's kernel had no connection, or no room for one, that the client's packet could belong to"},
	{RefusedReset, "refused", "the server's kernel answered the SYN with a reset"},
	{ClientReset, "client", "the client reset the connection before the server did"},
}

// String returns the cause's name in records.
func (c ResetCause) String() string {
	if int(c) < len(ResetCauses) {
		return ResetCauses[c].Name
	}
	return fmt.Sprintf("reset-cause(%d)", uint8(c))
}

// Server tells whether the reset was the server's.
func (c ResetCause) Server() bool { return c != NoReset && c != ClientReset }

// Fate is what became of a rejection's answer. Every rejection's answer has
// exactly one. The zero value is UnknownFate.
type Fate uint8

// The closed set of fates. Fates documents each of them.
const (
	UnknownFate Fate = iota
	NeverSent
	LostOnPath
	ArrivedNotRead
	Read
	NumFates = iota
)

// FateInfo is the row of the vocabulary for one fate.
type FateInfo struct {
	Fate    Fate
	Name    string // the name in records
	Summary string
}

// Fates is the one table that the names of fates come from.
var Fates = [NumFates]FateInfo{
	{UnknownFate, "unknown", "the ledgers do not tell; each one is listed with the reason"},
	{NeverSent, "never-sent", "a part of the answer never left the server"},
	{LostOnPath, "lost-on-the-path", "the whole answer left the server; of a part of it no copy reached the client"},
	{ArrivedNotRead, "arrived-not-read", "the whole answer reached the client's kernel; the client's code did not read all of it"},
	{Read, "read", "the client's code read the whole answer"},
}

// String returns the fate's name in records.
func (f Fate) String() string {
	if int(f) < len(Fates) {
		return Fates[f].Name
	}
	return fmt.Sprintf("fate(%d)", uint8(f))
}

// Wire is what the path saw of a cell's connections.
type Wire struct {
	Packets     int64 `json:"packets"`     // TCP packets on record
	Missed      int64 `json:"missed"`      // packets that found the record full; not 0 voids what follows
	Connections int64 `json:"connections"` // told apart by their ports and SYNs

	// Resets maps the names of causes to connections. ResetsSent and ResetsLost
	// are packets of the server.
	Resets     map[string]int64 `json:"resets"`
	ResetsSent int64            `json:"resets_sent"`
	ResetsLost int64            `json:"resets_lost"`

	// Fates maps the names of fates to rejections and adds up to them;
	// FateOutcomes splits each by what the client says.
	Rejections   int64                       `json:"rejections"`
	Fates        map[string]int64            `json:"fates"`
	FateOutcomes map[string]map[string]int64 `json:"fate_outcomes"`

	Retransmitted     int64 `json:"retransmitted"`       // packets with bytes of a rejection's answer that had left before
	ArrivedAfterReset int64 `json:"arrived_after_reset"` // rejections whose answer reached the client when a reset had ended its connection
	// The next three are of connections that carry one request and its answer
	// alone: no TLS, no earlier requests.
	AnswerToResetMs   Percentiles `json:"answer_to_reset_ms"`  // from the answer's first byte to the server's first reset, where it came later
	BytesAfterAnswer  Percentiles `json:"bytes_after_answer"`  // bytes, not milliseconds: what each rejected client sent after the answer had left the server
	BytesAfterArrival Percentiles `json:"bytes_after_arrival"` // bytes: and after all of it had reached the client

	Agreement WireAgreement `json:"agreement"`
}

// WireAgreement is how the wire's ledger, the fleet's and the server's agree.
type WireAgreement struct {
	Wire          int64 `json:"wire"`           // connections on the wire
	Fleet         int64 `json:"fleet"`          // attempts with a socket of their own
	Server        int64 `json:"server"`         // entries
	Agreed        int64 `json:"agreed"`         // connections that all ledgers have, with figures that fit together
	NeverAccepted int64 `json:"never_accepted"` // connections that the wire and the fleet have and the server's program never saw
	Disagreed     int64 `json:"disagreed"`
	// Disagreements are the first of them.
	Disagreements []WireDisagreement `json:"disagreements"`
}

// WireDisagreement is one connection of which the ledgers do not say the same.
type WireDisagreement struct {
	ClientPort uint16 `json:"client_port"`
	What       string `json:"what"`
	Wire       string `json:"wire"` // what each ledger says; empty if it has nothing
	Fleet      string `json:"fleet"`
	Server     string `json:"server"`
}
