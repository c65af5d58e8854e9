package loadgen

import "fmt"

// Client is a client behaviour.
type Client struct {
	Name    string
	Summary string

	readsAfterFailedSend bool // reads available data after a failed send
	readsWhileSending    bool // reads while it sends, and stops sending when the answer is complete
	delaysRead           bool // waits Config.ReadDelay before it reads
	library              bool // is Go's net/http client and not an engine's own client
}

// Clients is the one table of the client behaviours and their names.
var Clients = []Client{
	{Name: "blocking", Summary: "sends the whole request, then reads; a failed send ends the attempt"},
	{Name: "tolerant", Summary: "as blocking, but reads available data after a failed send", readsAfterFailedSend: true},
	{Name: "duplex", Summary: "reads while it sends, and stops sending when the answer is complete", readsAfterFailedSend: true, readsWhileSending: true},
	{Name: "slow-reader", Summary: "as blocking, but waits (--read-delay) before it reads", delaysRead: true},
	{Name: "nethttp", Summary: "Go's net/http client, one connection per attempt, no retry", library: true},
}

// OneRequest reports whether the client makes only one request per connection, so
// that Config.Nth cannot be above 1.
func (c Client) OneRequest() bool { return c.library }

// ClientByName returns the row of a client behaviour.
func ClientByName(name string) (Client, error) {
	for _, c := range Clients {
		if c.Name == name {
			return c, nil
		}
	}
	return Client{}, fmt.Errorf("unknown client %q", name)
}
