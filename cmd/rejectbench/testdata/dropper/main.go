// Command dropper is a limited server with a fault: it lingers over the connections
// that it rejects, except for a share of them. It counts which ones, instead of
// drawing them, so every run has the same number.
package main

import (
	"errors"
	"flag"
	"io"
	"log"
	"net"
	"time"
)

const (
	answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	linger = 30 * time.Second // how long a connection may go on sending
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	dropped := flag.Int("drop", 0, "connections of every 100 in a row that are closed without lingering")
	flag.Parse()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	for n := 0; ; n++ {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		// Evenly spread: the quotient grows by one at this connection.
		drop := (n+1)**dropped/100 > n**dropped/100
		go func() { _ = reject(c.(*net.TCPConn), drop) }()
	}
}

// reject answers and closes a connection. Unless it is to be dropped, it first ends the
// answer's direction and reads what the client still sends.
func reject(c *net.TCPConn, drop bool) error {
	_, err := io.WriteString(c, answer)
	if err == nil && !drop {
		err = errors.Join(c.CloseWrite(), c.SetReadDeadline(time.Now().Add(linger)))
		_, _ = io.Copy(io.Discard, c) // a client may reset the connection when it has the answer
	}
	return errors.Join(err, c.Close())
}
