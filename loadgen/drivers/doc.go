// Package drivers is the catalogue of other people's HTTP clients: each is data
// (clients/NAME.yaml) and a small driver in the client's own language that makes
// attempts with it and says how each ended. The clients are used as they are; a
// driver adds no retry, no redirect and no second connection, and tells of an
// attempt what a program that uses the client would have seen.
//
// # The protocol between the tool and a driver
//
// A driver is a program. It is started at the client's end of the path, in a
// folder of its own that holds its files, with these variables in its
// environment beside those of the tool:
//
//	REJECTBENCH_URL          where to, such as http://10.0.0.2:8080/; with https it
//	                         speaks TLS, HTTP/1.1 within, and takes any certificate
//	REJECTBENCH_CONCURRENCY  attempts in flight at once, at least 1
//	REJECTBENCH_REQUESTS     attempts to make in all, at least 1
//	REJECTBENCH_BODY         bytes of the POST's body; 0 is a GET
//	REJECTBENCH_TIMEOUT      seconds, a decimal number; the client's own time limit,
//	                         of each call or of an attempt, as the client has it
//
// It makes its attempts in a closed loop, each on a new connection, and writes one
// JSON object a line to standard output for each attempt, once it has ended:
//
//	outcome      a name of results.Outcomes
//	response_ms  milliseconds from the attempt's start to the answer's first byte,
//	             or to the first the client lets a program know of the answer;
//	             0 or absent when there was none
//	end_ms       milliseconds from the attempt's start to its end
//	port         the attempt's local port; 0 or absent when the client does not tell
//	error        the client's own words, empty or absent when there was no error
//
// Then it ends with exit code 0. What it writes to standard error is shown when
// it fails. Fields besides these are ignored.
//
// # How an outcome is judged
//
// By the client's own error, and never by looking past the client: a 503 that
// lies in the receive buffer when a client reports a broken pipe is a
// broken-pipe. A client that returns a whole 503 has delivered it; none tells of a
// reset that came after it, so delivered-then-reset is not among a driver's
// outcomes. Where a client does not compare the length of an answer's body with
// its Content-Length the driver does, as a careful program would.
//
// # How an outcome is judged with TLS
//
// In the same way, by what the client's TLS library hands up. A whole 503 is
// delivered whether or not a close_notify came after it: no client asks for one
// behind a body whose length it knows. What ends a handshake is judged as what ends
// the wait for an answer: reset-receive, closed, timeout-receive, and bad-response
// for an alert or for what is not TLS. Where the libraries tell less than the system:
//
//   - Python's ssl (http.client, urllib3, requests, httpx) gives the end of the
//     stream for a close_notify, for an end without one and, with OpenSSL 3, for a
//     reset that it reads: each is closed, or truncated within an answer. An end
//     that it meets in a send is a broken-pipe.
//   - GnuTLS (wget) calls a reset an "error in the pull function", which is taken
//     for a reset-receive. Its words for a close_notify and for an end without one
//     differ; both are closed.
//   - OpenSSL (curl) calls an end without a close_notify an "unexpected eof": closed,
//     or truncated within an answer.
//   - Node.js gives "socket hang up", or "Client network socket disconnected before
//     secure TLS connection was established", for an end with or without a
//     close_notify: closed, or truncated within an answer. undici counts the
//     handshake as connecting and tells no port before its end, so that a time limit
//     that it meets there is a timeout-connect.
//   - Java's client calls an end in the handshake "Remote host terminated the
//     handshake": closed. Its limit for connecting includes the handshake: timeout-connect.
//   - Go's client takes an end without a close_notify for the end of the stream
//     where it falls between two records.
//
// # What is not known of a client's attempts
//
// Times of the handshake, bytes sent and read, and, with some clients, the
// attempt's port. The wire still has the first two; without ports the ledgers can
// be compared by their counts alone.
//
// # Concurrency
//
// Threads of an interpreter and a process an attempt need far more of a processor
// than the fleet's own clients do, and on a small machine the path has to share
// it. So each client has a concurrency of its own for runs that ask for none, and
// the tool runs drivers at a lower priority (nice) than path and server.
package drivers
