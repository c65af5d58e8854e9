package impair

import "fmt"

// Fault drops or holds chosen packets of every connection. Each fault isolates
// one way in which an answer can be lost. The zero value is NoFault.
type Fault uint8

// The closed set of faults. Faults documents each of them.
const (
	NoFault Fault = iota
	DropFirstResponse
	DropRST
	LateRequest
	LateResponse
)

// FaultInfo describes one fault.
type FaultInfo struct {
	Fault   Fault
	Name    string
	Summary string // one line
}

// Faults is the table of all faults; the index is the Fault.
var Faults = [...]FaultInfo{
	{NoFault, "none", "no packet is dropped or held"},
	{DropFirstResponse, "drop-first-response", "the first copy of every segment with data from the server is dropped; retransmissions pass"},
	{DropRST, "drop-rst", "every RST is dropped, in both directions"},
	{LateRequest, "late-request", "the client's data and FIN are held until the server's FIN or RST has passed, for at most a second"},
	{LateResponse, "late-response", "the server's data and FIN are held until its RST has passed, for at most a second"},
}

// String returns the fault's name.
func (f Fault) String() string {
	if int(f) < len(Faults) {
		return Faults[f].Name
	}
	return fmt.Sprintf("Fault(%d)", f)
}

// faultByName returns the fault called name.
func faultByName(name string) (Fault, error) {
	for _, f := range Faults {
		if f.Name == name {
			return f.Fault, nil
		}
	}
	return NoFault, fmt.Errorf("unknown fault: use one of %s", faultNames())
}
