package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// device is a browser as far as cookies go, or a person behind a proxy.
type device struct {
	*server
	cookie string   // "name=value", "" without
	header []string // that every request has
	set    []*http.Cookie
}

func (s *server) device(header ...string) *device { return &device{server: s, header: header} }

// ask is a request of the device, with a JSON body where that is not "".
func (d *device) ask(method, path, body string, headers ...string) answer {
	d.t.Helper()
	headers = append(slices.Clone(d.header), headers...)
	if d.cookie != "" {
		headers = append(headers, "Cookie", d.cookie)
	}
	if body != "" && !slices.Contains(headers, "Content-Type") {
		headers = append(headers, "Content-Type", "application/json")
	}
	a := d.do(method, path, body, headers...)
	d.set = (&http.Response{Header: a.header}).Cookies()
	for _, c := range d.set {
		if d.cookie = c.Name + "=" + c.Value; c.MaxAge < 0 {
			d.cookie = ""
		}
	}
	return a
}

// own is a profile as its owner reads it.
type own struct {
	Profile *struct {
		Created  time.Time
		Settings map[string]any
		Versions versions
		Devices  []struct {
			ID, Label string
			This      bool
		}
	}
	Limits map[string]int
}

type versions struct{ Lists, Alerts, Marks, Settings int64 }

func (d *device) own() (o own) {
	d.t.Helper()
	d.ask(http.MethodGet, "/api/v1/profile", "").want(d.t, http.StatusOK).decode(d.t, &o)
	return o
}

// ownList is one as it is on the wire.
type ownList struct {
	ID      int64
	Name    string
	Symbols []string
	Version int64
	Shared  string
}

func (d *device) addList(name string, symbols ...string) (l ownList) {
	d.t.Helper()
	body, err := json.Marshal(map[string]any{"name": name, "symbols": append([]string{}, symbols...)})
	if err != nil {
		d.t.Fatal(err)
	}
	a := d.ask(http.MethodPost, "/api/v1/lists", string(body)).want(d.t, http.StatusCreated)
	a.decode(d.t, &l)
	if at := a.header.Get("Location"); at != l.path() {
		d.t.Errorf("list %d is at %s", l.ID, at)
	}
	return l
}

func (l ownList) path() string { return fmt.Sprint("/api/v1/lists/", l.ID) }

// lists are the names of the device's lists with their symbols.
func (d *device) lists() (names []string, version int64) {
	d.t.Helper()
	var all struct {
		Lists   []ownList
		Version int64
	}
	d.ask(http.MethodGet, "/api/v1/lists", "").want(d.t, http.StatusOK).decode(d.t, &all)
	for _, l := range all.Lists {
		names = append(names, l.Name+":"+strings.Join(l.Symbols, ","))
	}
	return names, all.Version
}

func (d *device) wantLists(want ...string) {
	d.t.Helper()
	if got, _ := d.lists(); !slices.Equal(got, want) {
		d.t.Errorf("the lists are %q, want %q", got, want)
	}
}
