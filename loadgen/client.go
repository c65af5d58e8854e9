package loadgen

import "fmt"

// Client is a client behaviour: the row of the vocabulary and what the engines
// need to know of it.
type Client struct {
	Name    string
	Summary string

	readsAfterFailedSend bool // reads what is there when a send has failed
	readsWhileSending    bool // reads while it sends, and stops sending once the answer is whole
	delaysRead           bool // waits Config.ReadDelay before it reads
	library              bool // is Go's net/http client, not the engines' own
}

// Clients is the one table that client names come from.
var Clients = []Client{
	{Name: "blocking", Summary: "sends the whole request, then reads; a failed send ends the attempt"},
	{Name: "tolerant", Summary: "as blocking, but reads what is there after a failed send", readsAfterFailedSend: true},
	{Name: "duplex", Summary: "reads while it sends, and stops sending once the answer is whole", readsAfterFailedSend: true, readsWhileSending: true},
	{Name: "slow-reader", Summary: "as blocking, but waits before it reads (--read-delay)", delaysRead: true},
	{Name: "nethttp", Summary: "Go's own net/http client, one connection an attempt, no retry", library: true},
}

// OneRequest tells that the client makes one request a connection, so that
// Config.Nth cannot be above 1.
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
