// Package results holds the records of a run: what was asked (Manifest), what
// each cell measured (Cell), and the latency histograms, with their readers
// and writers.
//
// A run is a folder: manifest.json, cells.jsonl with one Cell a line, written
// as each cell ends, and latency.hlog with every histogram in HdrHistogram's
// log format. Nothing in this package measures, judges or draws.
package results

import "time"

// Schema is the version of the record format this package writes and reads.
// It changes when a field's meaning changes or a field goes away; new fields
// do not change it.
const Schema = 1

// Cell is the record of one cell: one point of the grid in one round. Times
// are milliseconds unless the name says otherwise; shares are 0 to 1.
type Cell struct {
	Schema int `json:"schema"`
	// Point is where in the grid the cell lies; its fields are fields of the record.
	Point

	Round int `json:"round"` // from 0
	Try   int `json:"try"`   // 0, or how often the cell was run again because it was invalid
	// Twin is set in the second of two cells that a round holds of the same
	// point, as if they were different ones: what they differ by is noise. It
	// stays out of its point's figures.
	Twin    bool      `json:"twin,omitempty"`
	Started time.Time `json:"started"`

	Attempts  int64  `json:"attempts"`
	Outcomes  Counts `json:"outcomes"`
	Rejected  int64  `json:"rejected"` // in the server's ledger; see Counts.RejectedWithoutLedger for a server without one
	Delivered int64  `json:"delivered"`

	// The share of rejections whose 503 was delivered, with its 95% Wilson
	// interval; null when nothing was rejected.
	DeliveredShare *float64 `json:"delivered_share"`
	DeliveredLow   *float64 `json:"delivered_low"`
	DeliveredHigh  *float64 `json:"delivered_high"`

	// UnreadAtReset counts delivered answers whose connection had already been
	// reset before the client's first read: what a system that throws received
	// data away on a reset would have lost as well.
	UnreadAtReset int64 `json:"unread_at_reset"`

	// TLSEnds is how the attempts' TLS streams ended, as the client saw it; nil
	// without TLS, and for clients that do not tell.
	TLSEnds TLSCounts `json:"tls_ends,omitempty"`
	// Errors maps a library client's own words for what it met to how many
	// attempts met it, the most frequent ones; nil for the fleet's own clients.
	Errors map[string]int64 `json:"errors,omitempty"`

	// LatencyMs counts from the moment an attempt was due.
	LatencyMs Latency `json:"latency_ms"`
	// LatencyUncorrectedMs counts from the moment the attempt was started; only
	// an open loop has one.
	LatencyUncorrectedMs *Latency `json:"latency_uncorrected_ms,omitempty"`
	// HandshakeMs is the round trip of SYN and SYN-ACK by the client's kernel (TCP_INFO tcpi_rtt).
	HandshakeMs Percentiles `json:"handshake_ms"`

	TCP    map[string]int64 `json:"tcp"` // counter name to delta in the server's namespace
	Server Server           `json:"server"`
	Path   Path             `json:"path"`
	Ledger Ledger           `json:"ledger"`
	// Wire is what the path saw of the connections; nil where nothing on the
	// path keeps a record.
	Wire     *Wire    `json:"wire,omitempty"`
	TimeWait TimeWait `json:"time_wait"`

	Seconds       float64 `json:"seconds"` // from the first attempt due to the last ended
	Valid         bool    `json:"valid"`
	InvalidReason string  `json:"invalid_reason"` // empty when valid

	// Histograms maps "phase/outcome" (and "uncorrected/phase/outcome") to a
	// histogram of nanoseconds in HdrHistogram V2 compressed form, base64.
	Histograms map[string]string `json:"histograms,omitempty"`
}

// Latency is the three moments of an attempt that have a duration. With
// Cell.NthRequest above 1 response and end leave out the time that the requests
// before the measured one took; over TLS the handshake is part of both.
type Latency struct {
	Connect  Percentiles `json:"connect"`  // until connected
	Response Percentiles `json:"response"` // until the first byte of the answer
	End      Percentiles `json:"end"`      // until the attempt ended, whatever the outcome
}

// Percentiles summarises a histogram, in milliseconds; all zero when Count is 0.
type Percentiles struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// Server is what the rejections cost the server, by its own account.
type Server struct {
	Accepted          int64       `json:"accepted"`
	Admitted          int64       `json:"admitted"`
	Rejected          int64       `json:"rejected"`
	CPUUsPerRejection float64     `json:"cpu_us_per_rejection"` // user and system time of the server process
	HoldMs            Percentiles `json:"hold_ms"`              // accept to close of each rejection; from the request that is rejected where it is not the first
	PeakOpen          int         `json:"peak_open"`            // connections open at once
	BytesDrained      int64       `json:"bytes_drained"`        // bytes read from rejected connections
	UnreadAtClose     int64       `json:"unread_at_close"`      // rejections closed while received data was unread
	// Ends maps how a rejected connection was closed (EOF seen, time limit, ...) to how many were.
	Ends map[string]int64 `json:"ends"`
}

// Path is what lay between the fleet and the server, by its own account.
type Path struct {
	Kind        string      `json:"kind"`    // delayline, netem or loopback
	LateMs      Percentiles `json:"late_ms"` // release after due, per packet
	Packets     int64       `json:"packets"`
	Dropped     int64       `json:"dropped"`       // dropped on purpose: by loss, a full queue or a fault
	QueueDrops  int64       `json:"queue_drops"`   // of these, by a full queue
	FaultDrops  int64       `json:"fault_drops"`   // of these, by a fault
	Duplicated  int64       `json:"duplicated"`    // copies made on purpose
	Reordered   int64       `json:"reordered"`     // packets that overtook on purpose
	RingDrops   int64       `json:"ring_drops"`    // lost by the instrument; voids the cell
	SendErrors  int64       `json:"send_errors"`   // lost by the instrument; voids the cell
	CPUUsPacket float64     `json:"cpu_us_packet"` // CPU time of the path a packet
}

// Ledger is how the fleet's and the server's own lists of connections agree,
// joined by the client's address and port.
type Ledger struct {
	Matched    int64 `json:"matched"`
	FleetOnly  int64 `json:"fleet_only"`  // connected by the fleet's account, never accepted by the server's
	ServerOnly int64 `json:"server_only"` // accepted by the server's account, unknown to the fleet
}

// TimeWait is the number of TIME_WAIT sockets on each side at the cell's end.
type TimeWait struct {
	Client int64 `json:"client"`
	Server int64 `json:"server"`
}
