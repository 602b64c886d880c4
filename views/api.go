package views

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// APIPage is "/api": what can be called.
type APIPage struct {
	Site
	Document string // the path of the OpenAPI document
	API
}

// API is an OpenAPI document as people read it.
type API struct {
	About   []string // paragraphs
	Groups  []APIGroup
	Schemas []APISchema
}

// APIGroup are the calls with one tag.
type APIGroup struct {
	Name, About string
	Calls       []APICall
}

// APICall is one operation.
type APICall struct {
	ID, Method, Path, Summary, About string
	Needs                            string // what the caller has to show, "" for nothing
	Parameters                       []APIParameter
	Body                             []APIBody // a call takes one of them
	Answers                          []APIAnswer
	flags                            []string // of the curl example, before the address
	query                            string   // of the example's address
	examplePath                      string
}

// APIParameter is one parameter of a call.
type APIParameter struct {
	In string // where it goes: path, query or header
	APIField
}

// APIBody is what is sent or answered, of one media type.
type APIBody struct {
	Kind string // the media type
	Type APIType
	APISchema
}

// json says that it is one JSON document, so that its type says all of it.
func (b APIBody) json() bool {
	return strings.HasSuffix(b.Kind, "/json") || strings.HasSuffix(b.Kind, "+json")
}

// APIAnswer is what a call may answer.
type APIAnswer struct {
	Status, About string
	Body          []APIBody
	Events        []APIEvent // of a stream
}

// APIEvent is an event of a stream.
type APIEvent struct {
	Name string
	Type APIType
}

// document is as much of an OpenAPI document as a page shows.
type document struct {
	Info  struct{ Description string }
	Tags  []struct{ Name, Description string }
	Paths map[string]map[string]operation

	Components struct {
		Parameters      map[string]parameter
		Responses       map[string]response
		Schemas         map[string]schema
		SecuritySchemes map[string]struct{ Type, Description string }
	}
}

type operation struct {
	OperationID string
	Tags        []string
	Summary     string
	Description string
	Security    []map[string][]string
	Parameters  []parameter
	RequestBody struct{ Content content }
	Responses   map[string]response
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name, In string
	Required bool

	Description, Example string

	Schema schema
}

type response struct {
	Ref         string `json:"$ref"`
	Description string
	Content     content
}

// content is by media type.
type content map[string]struct {
	Schema  schema
	Example json.RawMessage
	Events  properties `json:"x-events"`
}

// methods are in the order in which people read them.
var methods = []string{"get", "post", "put", "patch", "delete"}

// ReadAPI reads an OpenAPI document, whose parameters and responses may be among
// its components.
func ReadAPI(text []byte) (api API, err error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return api, fmt.Errorf("read the API's description: %w", err)
	}
	api.About = strings.Split(d.Info.Description, "\n\n")
	for _, tag := range d.Tags {
		group := APIGroup{Name: tag.Name, About: tag.Description}
		for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
			for _, method := range methods {
				if o, ok := d.Paths[path][method]; ok && slices.Contains(o.Tags, tag.Name) {
					group.Calls = append(group.Calls, d.call(strings.ToUpper(method), path, o))
				}
			}
		}
		api.Groups = append(api.Groups, group)
	}
	api.Schemas = d.list()
	return api, nil
}

func (d *document) call(method, path string, o operation) APICall {
	c := APICall{ID: o.OperationID, Method: method, Path: path, Summary: o.Summary, About: o.Description, examplePath: path}
	if method != "GET" {
		c.flags = append(c.flags, "-X "+method)
	}
	d.secure(&c, o.Security)
	for _, p := range o.Parameters {
		if p.Ref != "" {
			p = d.Components.Parameters[last(p.Ref)]
		}
		c.add(p)
	}
	c.Body = d.bodies(o.RequestBody.Content)
	if len(c.Body) > 0 {
		c.send(c.Body[0].Kind, o.RequestBody.Content[c.Body[0].Kind].Example)
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		r := o.Responses[status]
		if r.Ref != "" {
			r = d.Components.Responses[last(r.Ref)]
		}
		d.answer(&c, status, r)
	}
	return c
}

// secure says what a call needs, and how curl brings it.
func (d *document) secure(c *APICall, ways []map[string][]string) {
	free := len(ways) == 0
	for _, way := range ways {
		free = free || len(way) == 0
		for name := range way {
			switch d.Components.SecuritySchemes[name].Type {
			case "http":
				c.Needs = "Needs the token " + name + "."
				c.flags = append(c.flags, fmt.Sprintf(`-H "Authorization: Bearer $%s_TOKEN"`, strings.ToUpper(name)))
			default:
				c.Needs = "Needs the cookie of a device."
				c.flags = append(c.flags, "-b cookies -c cookies")
			}
		}
	}
	if free && c.Needs != "" {
		c.Needs = "Takes the cookie of a device."
	}
}

// add adds a parameter, to the example where it must be there or there is an
// example of it.
func (c *APICall) add(p parameter) {
	c.Parameters = append(c.Parameters, APIParameter{In: p.In, APIField: APIField{Name: p.Name, About: p.Description, Required: p.Required, Type: p.Schema.kind()}})
	switch {
	case p.In == "path":
		c.examplePath = strings.ReplaceAll(c.examplePath, "{"+p.Name+"}", p.Example)
	case p.In == "query" && p.Example != "":
		separator := "?"
		if c.query != "" {
			separator = "&"
		}
		c.query += separator + p.Name + "=" + p.Example
	case p.In == "header" && p.Required:
		c.flags = append(c.flags, fmt.Sprintf("-H '%s: %s'", p.Name, p.Example))
	}
}

// send adds the example's body.
func (c *APICall) send(kind string, example json.RawMessage) {
	text := string(example)
	var plain string
	if json.Unmarshal(example, &plain) == nil {
		text = strings.TrimSpace(plain)
	} else if tight := new(bytes.Buffer); json.Compact(tight, example) == nil {
		text = tight.String()
	}
	c.flags = append(c.flags, fmt.Sprintf("-H 'Content-Type: %s'", kind), fmt.Sprintf("-d '%s'", text))
}

// answer adds an answer.
func (d *document) answer(c *APICall, status string, r response) {
	a := APIAnswer{Status: status, About: r.Description, Body: d.bodies(r.Content)}
	if status == "default" {
		a.Status = "others"
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Content)) {
		for _, event := range r.Content[kind].Events {
			a.Events = append(a.Events, APIEvent{Name: event.name, Type: event.kind()})
		}
	}
	if len(a.Events) > 0 {
		c.flags = append([]string{"-N"}, c.flags...)
	}
	c.Answers = append(c.Answers, a)
}

// usualProblem is what errors are, which the page says once.
const usualProblem = "Problem"

// bodies are what may be sent or answered, by media type.
func (d *document) bodies(of content) []APIBody {
	var all []APIBody
	for _, kind := range slices.Sorted(maps.Keys(of)) {
		if s := of[kind].Schema; last(s.Ref) != usualProblem {
			all = append(all, APIBody{Kind: kind, Type: s.kind(), APISchema: d.resolve(s).named(last(s.Ref))})
		}
	}
	return all
}

// Curl is an example of the call, at this site.
func (c APICall) Curl(site Site) string {
	flags := ""
	for _, f := range c.flags {
		flags += f + " "
	}
	return "curl " + flags + "'" + site.PublicURL + c.examplePath + c.query + "'"
}

// last is the end of a reference.
func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
