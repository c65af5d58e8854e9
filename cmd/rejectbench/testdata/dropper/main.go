// Command dropper is a limited server with a fault: it lingers over the connections
// that it rejects, except for a share of them. It counts which ones, instead of
// drawing them, so every run has the same number.
package main

import (
	"flag"
	"log"
	"net"
	"time"

	"github.com/rejectbench/rejectbench/targets"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	drop := flag.Int("drop", 0, "connections of every 100 in a row that are closed without lingering")
	flag.Parse()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	bounds := targets.Bounds{LingerIdle: 5 * time.Second, LingerTotal: 30 * time.Second}
	for n := 0; ; n++ {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		reject := targets.LingeringClose
		// Evenly spread: the quotient grows by one at this connection.
		if (n+1)**drop/100 > n**drop/100 {
			reject = targets.Close
		}
		go func() { _ = reject(c.(*net.TCPConn), bounds) }()
	}
}
