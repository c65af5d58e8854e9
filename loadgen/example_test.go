package loadgen_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/rejectbench/rejectbench/loadgen"
)

// A fleet makes each attempt on a new connection and records how it ended.
func ExampleRun() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // unread data would cause a reset at the close
		http.Error(w, "busy", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	target, err := loadgen.ParseTarget(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	result, err := loadgen.Run(context.Background(), loadgen.Config{
		Target:      target,
		Client:      "blocking",
		Concurrency: 2,
		Requests:    10,
		BodyBytes:   1000,
	})
	if err != nil {
		log.Fatal(err)
	}
	report, err := result.Report()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Counts.Delivered(), "of", len(report.Attempts), "rejections delivered")
	fmt.Println("latencies of", report.Latency.Response.Count, "answers")
	// Output:
	// 10 of 10 rejections delivered
	// latencies of 10 answers
}
