package league

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/rejectbench/rejectbench/analysis/internal/figure"
	"github.com/rejectbench/rejectbench/analysis/internal/words"
	"github.com/rejectbench/rejectbench/analysis/stats"
	"github.com/rejectbench/rejectbench/results"
	"github.com/rejectbench/rejectbench/results/units"
)

// Page is a league's section of the report.
type Page struct {
	Conditions string
	Servers    []serverRow
	Clock      string // the client whose times to the answer are shown
	Ends       []string
	Scale      []heatCell
	Overall    heatTable
	Fields     []heatTable
	Rest       string
	Likeness   []likenessRow
	Unseen     string // the difference that the comparison can miss
	Caveats    []string
}

// serverRow is a server with the costs of its rejections.
type serverRow struct {
	Name, Version, Setting string
	Share                  heatCell
	CPU                    string
	Times                  []string // p50 and p99 under each of Page.Ends
}

// heatTable is a heat map as a table.
type heatTable struct {
	Title   string
	Clients []string
	Rows    []heatRow
}

type heatRow struct {
	Server string
	Total  bool // whether it is the row of all servers together
	Cells  []heatCell
}

// heatCell is a share as a number on its colour. Its interval is below the number,
// and its n where that differs between cells. The title has all three.
type heatCell struct {
	Text, Interval, N, Title string
	Style                    template.CSS
	Class                    string
}

// likenessRow compares a library client with the fleet's behaviours.
type likenessRow struct {
	Client, Verdict string
	Cells           []string
}

// maxHeatTables bounds the tables of single conditions.
const maxHeatTables = 24

// Page lays out the league's section.
func (l *League) Page() *Page {
	p := &Page{Conditions: l.conditionsText(), Clock: l.referenceClient(), Overall: l.overallTable(), Caveats: l.caveats()}
	ends := l.ends()
	for _, condition := range ends {
		p.Ends = append(p.Ends, conditionText(condition))
	}
	for _, server := range l.servers {
		p.Servers = append(p.Servers, l.serverRow(server, p.Clock, ends))
	}
	for _, condition := range l.conditions[:min(len(l.conditions), maxHeatTables)] {
		p.Fields = append(p.Fields, l.heatTable(condition))
	}
	if more := len(l.conditions) - len(p.Fields); more > 0 {
		p.Rest = fmt.Sprintf("The first %d of %d conditions: the table of all points has the others.", len(p.Fields), len(l.conditions))
	}
	for _, share := range scaleShares() {
		p.Scale = append(p.Scale, heatCell{Text: units.Number(share*100) + "%", Style: heatStyle(share)})
	}
	all := l.likenesses()
	for _, k := range all {
		p.Likeness = append(p.Likeness, newLikenessRow(k))
	}
	if len(all) > 0 {
		n, unseen := coarsest(all)
		p.Unseen = fmt.Sprintf("At n=%d a field can miss a difference of %s points near one half.", n, words.Points(unseen))
	}
	return p
}

// serverRow gives a server's share, its costs, and its times to the answer to one
// client under some conditions.
func (l *League) serverRow(server, client string, conditions []results.Point) serverRow {
	s := l.overall(server)
	row := serverRow{Name: server, Version: l.version(server), Setting: l.setting(server), Share: pooledHeatCell(s.Delivered, server), CPU: words.None}
	if s.CPUUs > 0 {
		row.CPU = units.Number(s.CPUUs)
	}
	for _, condition := range conditions {
		p50, p99 := words.None, words.None
		if timed := l.field(server, client, condition); timed != nil && timed.Response.Count > 0 {
			p50, p99 = units.Number(timed.Response.P50), units.Number(timed.Response.P99)
		}
		row.Times = append(row.Times, p50, p99)
	}
	return row
}

// overallTable is the heat map over all conditions.
func (l *League) overallTable() heatTable {
	t := heatTable{Title: "Over all round trips and bodies together", Clients: l.clients}
	for _, server := range l.servers {
		row := heatRow{Server: server}
		for _, client := range l.clients {
			row.Cells = append(row.Cells, pooledHeatCell(l.comparedShare(server, client), server+", "+client))
		}
		t.Rows = append(t.Rows, row)
	}
	if total := l.clientsRow(); total != nil {
		t.Rows = append(t.Rows, *total)
	}
	return t
}

func newLikenessRow(k likeness) likenessRow {
	row := likenessRow{Client: k.client, Verdict: k.verdict()}
	for _, of := range []prediction{k.after, k.meanwhile} {
		low, high := of.theirs.DifferenceFrom(of.ours)
		row.Cells = append(row.Cells, fmt.Sprintf("%d of %d", of.differ, of.fields), words.Points(of.distance),
			fmt.Sprintf("%s [%s, %s]", words.Points(of.theirs.Value-of.ours.Value), words.Points(low), words.Points(high)))
	}
	return row
}

// clientsRow returns each client's share against all servers together. It is nil if no
// conditions are common to the clients.
func (l *League) clientsRow() *heatRow {
	standings := l.clientStandings()
	if len(standings) < 2 {
		return nil
	}
	row := &heatRow{Server: "all of them", Total: true}
	for _, client := range l.clients {
		var share stats.Share
		for _, s := range standings {
			if s.Name == client {
				share = s.Delivered
			}
		}
		row.Cells = append(row.Cells, pooledHeatCell(share, "all servers, "+client))
	}
	return row
}

// ends returns the first and the last condition: the smallest body with the shortest
// round trip, and the largest body with the longest. It returns a single condition
// once.
func (l *League) ends() []results.Point {
	return slices.Compact([]results.Point{l.conditions[0], l.conditions[len(l.conditions)-1]})
}

// heatTable is the heat map of one condition.
func (l *League) heatTable(condition results.Point) heatTable {
	t := heatTable{Title: conditionText(condition), Clients: l.clients}
	for _, server := range l.servers {
		row := heatRow{Server: server}
		for _, client := range l.clients {
			s := l.field(server, client, condition)
			who := server + ", " + client
			switch {
			case s == nil:
				row.Cells = append(row.Cells, heatCell{Text: words.None, Interval: "not measured", Title: who + ": not measured"})
			case !s.Valid():
				row.Cells = append(row.Cells, heatCell{Text: words.None, Interval: "invalid", Title: who + ": " + s.Invalid[0].Reason, Class: "hatched"})
			default:
				row.Cells = append(row.Cells, newHeatCell(s.Delivered, who))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func newHeatCell(s stats.Share, who string) heatCell {
	if !s.Known() {
		return heatCell{Text: words.None, Interval: "no share", Title: who + ": no share", Class: "hatched"}
	}
	interval := ""
	if s.HasInterval() {
		_, low, high := words.Bounds(s)
		interval = low + "–" + high
	}
	return heatCell{Text: figure.HeatNumber(s), Interval: interval, Title: who + ": " + words.Share(s), Style: heatStyle(s.Value)}
}

// pooledHeatCell shows n as well, which differs between pooled cells.
func pooledHeatCell(s stats.Share, who string) heatCell {
	c := newHeatCell(s, who)
	if s.Known() {
		c.N = fmt.Sprintf("n=%d", s.N)
	}
	return c
}

func heatStyle(share float64) template.CSS {
	field, on := figure.HeatColor(share)
	return template.CSS("background:" + figure.Hex(field) + ";color:" + figure.Hex(on))
}
