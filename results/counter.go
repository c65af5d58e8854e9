package results

// CounterInfo is the row of the vocabulary for one kernel counter.
type CounterInfo struct {
	Name    string // the kernel's name, and the name in records
	File    string // the file under /proc/net that holds it: netstat or snmp
	Summary string // what one event means here
}

// The counters of the kernel's two causes of a reset after a rejection (net/ipv4/tcp.c,
// __tcp_close and tcp_disconnect; net/ipv4/tcp_input.c, tcp_rcv_state_process).
const (
	AbortOnClose = "TCPAbortOnClose" // the socket was closed with unread data
	AbortOnData  = "TCPAbortOnData"  // data arrived after close, or SO_LINGER was 0
)

// Counters is the table of the kernel counters that a cell records, as increases
// in the server's network namespace. Sources: net/ipv4/tcp.c
// (__tcp_close, tcp_disconnect), net/ipv4/tcp_input.c, Documentation/networking/snmp_counter.rst.
var Counters = []CounterInfo{
	{AbortOnClose, "netstat", "reset because close met unread data"},
	{AbortOnData, "netstat", "reset because data came after close, or SO_LINGER was 0"},
	{"TCPAbortOnLinger", "netstat", "reset because TCP_LINGER2 was negative (not SO_LINGER 0)"},
	{"TCPAbortOnTimeout", "netstat", "connection given up after retransmissions"},
	{"TCPAbortOnMemory", "netstat", "reset because orphaned sockets ran out of memory"},
	{"OutRsts", "snmp", "segments sent with RST"},
	{"RetransSegs", "snmp", "segments sent again"},
	{"ListenOverflows", "netstat", "connections dropped because the accept queue was full"},
	{"ListenDrops", "netstat", "connections dropped by the listener for any reason"},
	{"TCPTimeWaitOverflow", "netstat", "TIME_WAIT sockets not kept because there were too many"},
}
