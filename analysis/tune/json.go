package tune

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/rejectbench/rejectbench/results"
)

// plain is a tuning whose JSON lacks the point.
type plain Tuning

// MarshalJSON writes the coordinates of the point as fields of the tuning: those that
// are always named or set, and the loss. Clients has the client.
func (t Tuning) MarshalJSON() ([]byte, error) {
	head, err := json.Marshal(struct {
		Strategy string   `json:"strategy"`
		Setting  string   `json:"setting"`
		Clients  []Client `json:"clients"`
	}{t.Point.Strategy, t.Setting, t.Clients})
	if err != nil {
		return nil, fmt.Errorf("encode the setting: %w", err)
	}
	b := bytes.TrimSuffix(head, []byte("}"))
	for i := range results.Coordinates {
		c := &results.Coordinates[i]
		if c.Name == "strategy" || c.Name == "client" || !c.Always && c.Name != "loss" && !c.Set(&t.Point) {
			continue
		}
		value, err := json.Marshal(c.Value(&t.Point))
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", c.Name, err)
		}
		b = fmt.Appendf(b, ",%q:%s", c.JSON, value)
	}
	t.Setting, t.Clients = "", nil // are in the head
	rest, err := json.Marshal(plain(t))
	if err != nil {
		return nil, fmt.Errorf("encode the tuning: %w", err)
	}
	b = append(b, ',')
	return append(b, bytes.TrimPrefix(rest, []byte("{"))...), nil
}
