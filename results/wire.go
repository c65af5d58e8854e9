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
	{LateData, "late-data", "the server's kernel answered data that came after its FIN with a reset"},
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
