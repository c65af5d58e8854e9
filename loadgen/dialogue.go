package loadgen

import "github.com/rejectbench/rejectbench/results"

// AdmittedPath is the path of the requests before the measured one. The server
// under test answers it with 200 and keeps the connection open.
const AdmittedPath = "/admitted"

// MaxNth bounds Config.Nth. Servers close a connection after a number of requests
// (nginx's keepalive_requests is 1000), and the attempt must reach its n-th.
const MaxNth = 1000

// earlier returns the bytes of each request before the measured one.
func (t Target) earlier() []byte {
	t.Path = AdmittedPath
	return t.request(0)
}

// dialogue is an attempt's position in the requests of its connection.
type dialogue struct {
	answer   answer // to the current request
	began    int64  // start of the first request
	sent     int64  // bytes of the requests before the current one
	received int64  // bytes of the answers before the current one
	before   int32  // requests left before the measured one; 0 at the measured one
}

// advance proceeds to the next request after the answer to the current one is
// complete. surplus are the bytes read after that answer: the start of the next
// answer, from a server that rejects without reading the request. advance reports
// false if the attempt ends here: the answer did not admit and keep the connection
// open, or bytes followed it although the next request is not the measured one.
func (d *dialogue) advance(a *Attempt, surplus []byte, now int64) bool {
	status := d.answer.status()
	if status < 200 || status > 299 || d.answer.closes() || d.before > 1 && len(surplus) > 0 {
		return false
	}
	d.before--
	d.answer.reset()
	d.answer.feed(surplus)
	d.sent, d.received = a.Sent, a.Received-int64(len(surplus))
	if d.before == 0 {
		a.Earlier = now - d.began
	}
	return true
}

// answerRead returns the current answer as far as the client's code has read it,
// and the number of bytes. Before the first read of the measured answer that is
// nothing, even if bytes of it arrived together with the answer before.
func (d *dialogue) answerRead(a *Attempt) (*answer, int64) {
	if d.before == 0 && a.FirstByte == 0 {
		d.answer.reset()
		return &d.answer, 0
	}
	return &d.answer, a.Received - d.received
}

// outcome returns o, but bad-response if o is a complete answer to a request before
// the measured one.
func (d *dialogue) outcome(o results.Outcome) results.Outcome {
	if d.before > 0 && (o == results.Admitted || o.IsDelivered()) {
		return results.BadResponse
	}
	return o
}
