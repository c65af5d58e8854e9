package loadgen

import "github.com/rejectbench/rejectbench/results"

// AdmittedPath is what the requests before the measured one ask for: a server under
// test answers it with 200 and keeps the connection open.
const AdmittedPath = "/admitted"

// MaxNth bounds Config.Nth: servers end a connection after some number of requests
// (nginx's keepalive_requests is 1000), and an attempt must come to its point.
const MaxNth = 1000

// earlier is the bytes of each request before the measured one.
func (t Target) earlier() []byte {
	t.Path = AdmittedPath
	return t.request(0)
}

// dialogue is where an attempt stands among the requests of its connection.
type dialogue struct {
	answer   answer // to the current request
	began    int64  // when the first request was
	sent     int64  // bytes of the requests before the current one
	received int64  // bytes of the answers before the current one
	before   int32  // requests that are left before the measured one; 0 is at it
}

// advance goes on to the next request, now that the answer to the current one is
// whole, and surplus came behind it: the beginning of the next answer, from a
// server that rejects without waiting for the request. It reports false if the
// attempt ends here, since the answer was no admission that keeps the connection
// open, or was followed by an answer to a request that such a server would read.
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

// answerRead returns what the client's code has read of the current answer, and how many
// bytes that was. It has read nothing of the measured one before its first read,
// whatever came along with the answer before it.
func (d *dialogue) answerRead(a *Attempt) (*answer, int64) {
	if d.before == 0 && a.FirstByte == 0 {
		d.answer.reset()
		return &d.answer, 0
	}
	return &d.answer, a.Received - d.received
}

// outcome is o, unless it is that of a whole answer to a request before the
// measured one: that is no answer to this one.
func (d *dialogue) outcome(o results.Outcome) results.Outcome {
	if d.before > 0 && (o == results.Admitted || o.IsDelivered()) {
		return results.BadResponse
	}
	return o
}
