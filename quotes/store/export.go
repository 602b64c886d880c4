package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes/profile"
)

// kind is how a column's value is written for a person to keep.
type kind int

const (
	plainText kind = iota
	whole
	exact // a decimal as a number, null for none
	yesNo
	date    // null for none
	span    // microseconds, as 1h30m
	object  // JSON already
	symbols // with commas between them
	masked  // an address, of whose URL only the host is told
)

// column is one of a table, with its name for the person.
type column struct {
	name, sql string
	kind      kind
}

// exports are the things of a profile. Secrets are not among them: not what signs
// webhooks, no codes, no keys of devices, and of URLs only the host.
var exports = []struct {
	name, from string
	columns    []column
}{
	{"lists", `lists WHERE profile = $1 AND deleted = 0 ORDER BY position, id`, []column{
		{"name", "name", plainText}, {"symbols", "symbols", symbols}, {"created", "created", date},
	}},
	{"alerts", `rules WHERE profile = $1 ORDER BY id`, []column{
		{"id", "id", whole}, {"symbol", "symbol", plainText}, {"condition", "condition", plainText}, {"level", "level", exact},
		{"window", "time_window", span}, {"hysteresis", "hysteresis", exact}, {"repeat", "repeats", plainText}, {"cooldown", "cooldown", span},
		{"sessions", "sessions", plainText}, {"note", "note", plainText}, {"expires", "expires", date}, {"paused", "paused", yesNo},
		{"deliver", "deliver", plainText}, {"created", "created", date}, {"fired", "fired", date}, {"count", "count", whole},
	}},
	{"history", `firings WHERE profile = $1 ORDER BY id`, []column{
		{"id", "id", whole}, {"alert", "rule", whole}, {"message", "message", plainText}, {"time", "time", date},
		{"price", "price", exact}, {"late", "late", yesNo}, {"quote", "quote", object},
	}},
	{"notifications", `notifications WHERE profile = $1 ORDER BY id`, []column{
		{"id", "id", whole}, {"type", "type", plainText}, {"kind", "kind", plainText}, {"message", "message", plainText}, {"time", "time", date},
		{"symbol", "symbol", plainText}, {"price", "price", exact}, {"link", "link", plainText}, {"expires", "expires", date},
	}},
	{"channels", `channels WHERE profile = $1 ORDER BY id`, []column{
		{"kind", "kind", plainText}, {"name", "name", plainText}, {"address", "address", masked}, {"enabled", "enabled", yesNo},
		{"alerts", "alerts", yesNo}, {"messages", "messages", yesNo}, {"confirmed", "confirmed", date}, {"created", "created", date},
	}},
}

// Export implements profile.Store. All of it is of one moment.
func (d *DB) Export(ctx context.Context, id profile.ID) (map[string]any, error) {
	bounded, end, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	all, err := d.export(bounded, id)
	return all, fault(ctx, "export a profile", err)
}

func (d *DB) export(ctx context.Context, id profile.ID) (map[string]any, error) {
	tx, err := d.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // it only reads
	p, err := readProfile(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	devices, err := readDevices(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	labels := make([]map[string]any, 0, len(devices))
	for _, device := range devices {
		labels = append(labels, map[string]any{"label": device.Label, "created": device.Created, "seen": device.Seen})
	}
	all := map[string]any{"profile": map[string]any{"created": p.Created, "settings": p.Settings, "devices": labels}}
	for _, e := range exports {
		names := make([]string, len(e.columns))
		for i, c := range e.columns {
			names[i] = c.sql
		}
		list, err := query(ctx, tx, func(rows *sql.Rows) (map[string]any, error) { return scanExport(rows, e.columns) },
			`SELECT `+strings.Join(names, ", ")+` FROM `+e.from, int64(id))
		if err != nil {
			return nil, err
		}
		if list == nil {
			list = []map[string]any{}
		}
		all[e.name] = list
	}
	return all, nil
}

// scanExport reads a row of these columns.
func scanExport(rows *sql.Rows, columns []column) (map[string]any, error) {
	texts, numbers := make([]string, len(columns)), make([]int64, len(columns))
	into := make([]any, len(columns))
	for i, c := range columns {
		if into[i] = &texts[i]; c.kind == whole || c.kind == yesNo || c.kind == date || c.kind == span {
			into[i] = &numbers[i]
		}
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	row := make(map[string]any, len(columns))
	for i, c := range columns {
		row[c.name] = exported(c.kind, texts[i], numbers[i])
	}
	return row, nil
}

// exported is a value as it is written.
func exported(k kind, text string, number int64) any {
	switch k {
	case whole:
		return number
	case yesNo:
		return number != 0
	case span:
		return (time.Duration(number) * time.Microsecond).String()
	case date:
		if number == 0 {
			return nil
		}
		return moment(number)
	case exact:
		if text == "" {
			return nil
		}
		return json.Number(text)
	case object:
		return json.RawMessage(text)
	case symbols:
		return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
	case masked:
		if u, err := url.Parse(text); err == nil && u.Host != "" {
			return u.Scheme + "://" + u.Host + "/…"
		}
	}
	return text
}
