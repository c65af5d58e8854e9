// Package results holds the records of a run and reads and writes them. It does
// not measure, judge or draw.
//
// A run is a folder: manifest.json states what was asked for and on which machine
// (Manifest), cells.jsonl has one line per cell, written as the cell ends (Cell),
// and latency.hlog has every histogram in HdrHistogram's log format. Data passes
// through the package in this order:
//
//  1. Create makes the folder, and Writer.Append writes the cells.
//  2. Open reads the folder back as a Run.
//  3. Merge joins runs.
//
// Cells are addressed by their Point; the table Coordinates describes its fields.
// The names in records come from tables too: Outcomes, ResetCauses, Fates,
// TLSEnds, Counters, ScenarioRoles.
package results

import "time"

// Schema is the version of the record format that this package writes and reads.
// It changes when a field changes its meaning or is removed. New fields do not
// change it.
const Schema = 1

// Cell is the record of one cell: one point of the grid, measured in one round.
// Times are milliseconds unless the name says otherwise; shares are 0 to 1;
// counts are 0 or above.
type Cell struct {
	Schema int `json:"schema"` // version of the record format, see Schema
	// Point is the place of the cell in the grid. Its fields are fields of the record.
	Point

	Round int `json:"round"` // from 0
	Try   int `json:"try"`   // number of invalid tries of the same round before this one, from 0
	// Twin marks the second of two cells that measure the same point in the same
	// round. Their difference is noise. Twins are in no figure of their point.
	Twin    bool      `json:"twin,omitempty"`
	Started time.Time `json:"started"` // when the cell began

	Attempts int64  `json:"attempts"` // attempts that were made
	Outcomes Counts `json:"outcomes"` // number of attempts by outcome; adds up to attempts
	// Rejected is the number of rejections in the server's ledger. For a server
	// without a ledger it is attempts less admitted, refused and local-error.
	Rejected  int64 `json:"rejected"`
	Delivered int64 `json:"delivered"` // rejections whose whole 503 the client's code read

	DeliveredShare *float64 `json:"delivered_share"` // delivered / rejected, 0 to 1; null when nothing was rejected
	// DeliveredLow and DeliveredHigh are the 95% interval of the share, 0 to 1, as far
	// as the batches of the cell can tell: a Wilson interval of effective_n attempts. They are null where the
	// cell is too short to tell how far its attempts depend on each other: then only
	// several rounds can tell.
	DeliveredLow  *float64 `json:"delivered_low"`
	DeliveredHigh *float64 `json:"delivered_high"`
	// Dispersion is the variance of the delivered share between batches of successive
	// attempts, divided by that of independent attempts; null where the cell has too
	// few attempts for batches.
	Dispersion *float64 `json:"dispersion,omitempty"`
	// EffectiveN is the number of independent attempts that the cell's rejections are
	// worth; null as dispersion.
	EffectiveN *float64 `json:"effective_n,omitempty"`

	// UnreadAtReset is the number of delivered answers whose connection was already
	// reset before the client's first read. A system that discards received data on
	// a reset would have lost them too.
	UnreadAtReset int64 `json:"unread_at_reset"`

	// TLSEnds is the number of attempts by the end of their TLS stream, as the client
	// saw it, and by outcome; nil without TLS, and for clients that do not report it.
	TLSEnds TLSCounts `json:"tls_ends,omitempty"`
	// Errors is the number of attempts by the error text of a library client, for the
	// most frequent texts; nil for the fleet's own clients.
	Errors map[string]int64 `json:"errors,omitempty"`

	// LatencyMs is measured from the moment an attempt was due, in milliseconds.
	LatencyMs Latency `json:"latency_ms"`
	// LatencyUncorrectedMs is measured from the moment an attempt was started, in
	// milliseconds; nil in a closed loop.
	LatencyUncorrectedMs *Latency `json:"latency_uncorrected_ms,omitempty"`
	// HandshakeMs is the round trip of SYN and SYN-ACK as the client's kernel measured
	// it (TCP_INFO tcpi_rtt), in milliseconds.
	HandshakeMs Percentiles `json:"handshake_ms"`

	TCP    map[string]int64 `json:"tcp"`    // increase of each kernel counter in the server's network namespace, by name
	Server Server           `json:"server"` // what the rejections cost the server
	Path   Path             `json:"path"`   // what the path did to packets
	Ledger Ledger           `json:"ledger"` // how the fleet's and the server's lists of connections agree
	// Wire is what the path recorded of the connections; nil where the path keeps no record.
	Wire     *Wire    `json:"wire,omitempty"`
	TimeWait TimeWait `json:"time_wait"` // TIME_WAIT sockets at the end of the cell
	// CPU is what the cell could not use of the machine's CPUs; nil where the system
	// does not tell.
	CPU *CPU `json:"cpu,omitempty"`

	Seconds       float64 `json:"seconds"`        // from the first attempt due to the end of the last attempt
	Valid         bool    `json:"valid"`          // whether the conditions of the measurement held; only valid cells are in figures
	InvalidReason string  `json:"invalid_reason"` // empty when valid

	// Histograms maps "phase/outcome" (and "uncorrected/phase/outcome") to a histogram
	// of nanoseconds in HdrHistogram V2 compressed form, base64. The phases are connect,
	// response and end. Nil for a cell recorded without histograms.
	Histograms map[string]string `json:"histograms,omitempty"`
}

// Latency is the time from the start of an attempt to three later moments. Where
// the measured request is not the first of its connection (nth_request above 1),
// response and end exclude the time of the requests before it. Over TLS, response
// and end include the handshake.
type Latency struct {
	Connect  Percentiles `json:"connect"`  // until the connection was established
	Response Percentiles `json:"response"` // until the first byte of the answer
	End      Percentiles `json:"end"`      // until the end of the attempt, whatever its outcome
}

// Percentiles summarises a distribution. Values are milliseconds unless the field
// that holds them names another unit. All fields are 0 when count is 0.
type Percentiles struct {
	Count int64   `json:"count"` // number of values
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"` // 99.9th percentile
	Max   float64 `json:"max"`
}

// Server is what the rejections cost the server, as the server measured it. For
// a server without a ledger all but cpu_us_per_rejection are 0.
type Server struct {
	Accepted          int64   `json:"accepted"`             // connections accepted
	Admitted          int64   `json:"admitted"`             // connections whose measured request was served
	Rejected          int64   `json:"rejected"`             // connections whose measured request was rejected
	CPUUsPerRejection float64 `json:"cpu_us_per_rejection"` // user and system CPU time of the server process per rejection, in microseconds
	// HoldMs is the time from accept to close of a rejected connection, in
	// milliseconds. It starts at the rejected request where that is not the first.
	HoldMs        Percentiles `json:"hold_ms"`
	PeakOpen      int         `json:"peak_open"`       // the most connections open at once
	BytesDrained  int64       `json:"bytes_drained"`   // bytes read from rejected connections
	UnreadAtClose int64       `json:"unread_at_close"` // rejections closed while received data was unread
	// Ends is the number of rejected connections by the reason of their close (EOF
	// seen, time limit, ...).
	Ends map[string]int64 `json:"ends"`
}

// Path is what lay between the fleet and the server, and what it did to packets.
type Path struct {
	Kind        string      `json:"kind"`          // delayline, netem or loopback
	LateMs      Percentiles `json:"late_ms"`       // how much later than due a packet was released, in milliseconds
	Packets     int64       `json:"packets"`       // packets that entered the path
	Dropped     int64       `json:"dropped"`       // packets dropped on purpose: by loss, a full queue or a fault
	QueueDrops  int64       `json:"queue_drops"`   // packets dropped by a full queue; included in dropped
	FaultDrops  int64       `json:"fault_drops"`   // packets dropped by a fault; included in dropped
	Duplicated  int64       `json:"duplicated"`    // copies made on purpose
	Reordered   int64       `json:"reordered"`     // packets that overtook others on purpose
	RingDrops   int64       `json:"ring_drops"`    // packets lost by the instrument; above 0 makes the cell invalid
	SendErrors  int64       `json:"send_errors"`   // packets the instrument failed to send; above 0 makes the cell invalid
	CPUUsPacket float64     `json:"cpu_us_packet"` // CPU time of the path per packet, in microseconds
	// Frames is true where a delay line carried single frames of at most the MTU. Without,
	// packets cross it before they are segmented, as between devices with offloads. Shares
	// of races differ between the two.
	Frames bool `json:"frames,omitempty"`
}

// Ledger is the agreement of the fleet's and the server's lists of connections,
// joined by the client's port. The client has one address.
type Ledger struct {
	Matched    int64 `json:"matched"`     // connections in both lists
	FleetOnly  int64 `json:"fleet_only"`  // connections that the fleet established and the server never accepted
	ServerOnly int64 `json:"server_only"` // connections that the server accepted and the fleet does not know
}

// TimeWait is the number of TIME_WAIT sockets on each side at the end of the cell.
type TimeWait struct {
	Client int64 `json:"client"` // in the client's network namespace
	Server int64 `json:"server"` // in the server's network namespace
}
