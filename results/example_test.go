package results_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/rejectbench/rejectbench/results"
)

func ExampleOpen() {
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "run")

	w, err := results.Create(dir, results.Manifest{Name: "small"})
	if err != nil {
		log.Fatal(err)
	}
	c := results.Cell{
		Point: results.Point{Strategy: "close", Client: "blocking", RTTMs: 20, Concurrency: 10},
		Valid: true, Attempts: 4, Rejected: 4, Delivered: 3,
	}
	c.Outcomes[results.Delivered], c.Outcomes[results.ResetSend] = 3, 1
	c.SetShare()
	if err := w.Append(c); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(nil); err != nil {
		log.Fatal(err)
	}

	run, err := results.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range run.Cells {
		fmt.Printf("%v: %d of %d delivered\n", c.Point, c.Delivered, c.Rejected)
	}
	// Output: close, blocking, rtt 20 ms, concurrency 10, body 0 B: 3 of 4 delivered
}
