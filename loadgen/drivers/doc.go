// Package drivers is the catalogue of library clients: HTTP clients of other
// projects. Each has a data file (clients/NAME.yaml) and a small driver in the
// client's own language that makes attempts and reports how each ended. A driver
// uses the client with its defaults. It adds no retry, no redirect and no second
// connection, and reports what a program that uses the client would see.
//
// # The protocol between the tool and a driver
//
// A driver is a program. The tool starts it at the client's end of the path, in a
// folder with the driver's files, with these variables in addition to the tool's
// environment:
//
//	REJECTBENCH_URL          of the server, such as http://10.0.0.2:8080/; with https
//	                         the driver uses HTTP/1.1 over TLS and accepts any
//	                         certificate
//	REJECTBENCH_CONCURRENCY  most attempts in flight at once, at least 1
//	REJECTBENCH_REQUESTS     most attempts in all; 0 is unknown
//	REJECTBENCH_BODY         bytes of the POST's body; 0 is a GET
//	REJECTBENCH_TIMEOUT      the client's time limit in seconds, a decimal number, for
//	                         each call or for an attempt, as the client defines it
//
// The tool decides when each attempt starts. When the driver can make attempts, it
// writes the line "ready" to standard output; the schedule starts then, so that the
// start of an interpreter delays no attempt. Each line on its standard input is a
// decimal number, the attempt's index from 0, and means: start this attempt now, on a
// new connection. The tool never has more than REJECTBENCH_CONCURRENCY attempts in
// flight, so a driver needs no limit. For arrivals that are spread this is more than
// the concurrency, which is the mean. In a closed loop the tool writes the next line
// when an attempt has ended.
//
// When an attempt has ended, the driver writes one line with a JSON object to standard
// output:
//
//	attempt      the attempt's index
//	outcome      a name of results.Outcomes
//	started_ms   when the attempt started, in milliseconds since 1970 with a fraction,
//	             by the system's clock
//	response_ms  milliseconds from the attempt's start to the answer's first byte,
//	             or to when the client first tells a program of the answer;
//	             0 or absent without an answer
//	end_ms       milliseconds from the attempt's start to its end
//	port         the attempt's local port; 0 or absent if the client does not report it
//	error        the client's error text, empty or absent without an error
//
// At the end of its input the driver lets the attempts in flight end and exits with
// code 0. If it fails, the tool shows its standard error. The tool ignores other
// fields.
//
// # How late an attempt starts
//
// An attempt is due when the schedule says so, and starts at started_ms. The delay
// between the two includes the tool's timer, the pipe and the driver's wait for a
// CPU. It is the fleet's lag: it is part of the latencies, which count from when the
// attempt was due, and a cell with too much of it is invalid. A start that precedes
// the tool's line, or an end that follows the tool's reading of it, is a change of
// the system's clock, and the tool moves the start between the two. The programs
// curl and wget start an attempt with their process; curl's own figures, end_ms
// among them, begin when that has been loaded.
//
// # How the outcome is determined
//
// The client's own error determines the outcome; a driver never reads past the
// client. If a client reports a broken pipe while its receive buffer has a 503, the
// outcome is broken-pipe. If a client returns a whole 503, the outcome is delivered.
// No client reports a reset after it, so no driver reports delivered-then-reset. If
// a client does not compare the length of an answer's body with its Content-Length,
// the driver does, as a careful program would.
//
// # How the outcome is determined with TLS
//
// The rules are the same for the errors of the client's TLS library. A whole 503 is
// delivered with or without a close_notify after it: no client requires one after a
// body of known length. A failed handshake has the outcomes of a failed wait for the
// answer: reset-receive, closed, timeout-receive, and bad-response for an alert or
// for bytes that are not TLS. Some libraries report less than the system does:
//
//   - Python's ssl (http.client, urllib3, requests, httpx) reports the end of the
//     stream for a close_notify, for an end without one and, with OpenSSL 3, for a
//     reset that it reads: closed, or truncated within an answer. An end during a
//     send is a broken-pipe.
//   - GnuTLS (wget) reports a reset as an "error in the pull function":
//     reset-receive. It distinguishes a close_notify from an end without one; both
//     are closed.
//   - OpenSSL (curl) reports an end without a close_notify as "unexpected eof":
//     closed, or truncated within an answer.
//   - Node.js reports "socket hang up", or "Client network socket disconnected before
//     secure TLS connection was established", for an end with or without a
//     close_notify: closed, or truncated within an answer. undici includes the
//     handshake in connecting and reports no port before its end, so a timeout in the
//     handshake is a timeout-connect.
//   - Java's client reports an end in the handshake as "Remote host terminated the
//     handshake": closed. Its connect timeout includes the handshake: timeout-connect.
//   - Go's client does not distinguish an end without a close_notify from the end of
//     the stream if it is between two records.
//
// # Unknown figures
//
// A driver does not report the times of the handshake, the bytes sent and read and,
// with some clients, the attempt's port. The packets on the wire still show the
// first two. Without ports only the counts of the ledgers can be compared.
//
// # Concurrency
//
// Threads of an interpreter and one process per attempt need much more CPU time than
// the fleet's own clients. On a small machine the path shares the CPUs. So each
// client has its own default concurrency, and the tool runs drivers at a lower
// priority (nice) than the path and the server.
package drivers
