// Command dropper is a limited server with a fault: it lingers over all but a
// few of the connections it rejects. Which ones is counted, not drawn, so that
// every run has exactly so many.
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
	drop := flag.Int("drop", 0, "of 100 connections in a row, how many are closed without lingering")
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
		// Spread evenly: a whole number more than before with this connection.
		if (n+1)**drop/100 > n**drop/100 {
			reject = targets.Close
		}
		go func() { _ = reject(c.(*net.TCPConn), bounds) }()
	}
}
