package targets_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/rejectbench/rejectbench/targets"
)

// A server with Limit 0 rejects every request and accounts for each connection.
// It reads the request first, since net/http drops an answer that comes before its request.
func ExampleListen() {
	ctx := context.Background()
	server, err := targets.Listen(ctx, targets.Config{Listen: "127.0.0.1:0", Strategy: "read-request"})
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()

	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post("http://"+server.Addr().String(), "text/plain", strings.NewReader("upload"))
	if err != nil {
		log.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	response.Body.Close()
	fmt.Printf("%s: %s", response.Status, body)

	server.Shutdown(5 * time.Second)
	if err := <-served; err != nil {
		log.Fatal(err)
	}
	totals := server.Report().Server
	fmt.Println("accepted", totals.Accepted, "rejected", totals.Rejected, "ends", totals.Ends)
	// Output:
	// 503 Service Unavailable: connection limit met
	// accepted 1 rejected 1 ends map[closed:1]
}
