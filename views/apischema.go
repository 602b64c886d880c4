package views

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// APISchema is one kind of thing that calls take and give.
type APISchema struct {
	Name, About string
	Type        APIType // what it is, where it has no fields
	Fields      []APIField
}

// APIField is one field of an object. The fields of an object within it follow, with
// its name before theirs: profile.id, symbols[].name.
type APIField struct {
	Name, About string
	Required    bool
	Type        APIType
}

// APIType is what a value is, as a person reads it: "list of ", the name of a
// schema, "; at most 500". Each may be "".
type APIType struct{ Text, Schema, More string }

// and says more of it.
func (t APIType) and(more string) APIType {
	if more != "" {
		t.More += "; " + more
	}
	return t
}

// needed says whether a field has to be there, "" where it has not.
func (f APIField) needed() string {
	if f.Required {
		return "required"
	}
	return ""
}

// schema is as much of a JSON Schema as a page shows.
type schema struct {
	Ref         string `json:"$ref"`
	Type        types
	Format      string
	Unit        string `json:"x-unit"`
	Description string
	Enum        []string
	Const       json.RawMessage
	Default     json.RawMessage
	Items       *schema
	OneOf       []schema
	Required    []string
	Properties  properties
	More        json.RawMessage `json:"additionalProperties"` // true, false, or the schema of each

	Minimum, Maximum               json.RawMessage
	MinLength, MaxLength, MaxItems int
}

// types are one type, or several of which each will do.
type types []string

func (t *types) UnmarshalJSON(data []byte) error {
	if data[0] != '[' {
		*t = make(types, 1)
		return json.Unmarshal(data, &(*t)[0])
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// properties are in the order of the document, which tells a reader what matters.
type properties []property

type property struct {
	name string
	schema
}

func (p *properties) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		next := property{name: fmt.Sprint(name)}
		if err := d.Decode(&next.schema); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*p = append(*p, next)
	}
	return nil
}

// list are all schemas of a document.
func (d *document) list() []APISchema {
	all := make([]APISchema, 0, len(d.Components.Schemas))
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		all = append(all, d.Components.Schemas[name].named(name))
	}
	return all
}

// named is a schema under its name.
func (s schema) named(name string) APISchema {
	return APISchema{Name: name, About: s.Description, Type: s.kind(), Fields: s.fields("")}
}

// resolve is a schema, or the one of the document that it refers to.
func (d *document) resolve(s schema) schema {
	if s.Ref != "" {
		return d.Components.Schemas[last(s.Ref)]
	}
	return s
}

// fields are those of an object and of the objects within it.
func (s schema) fields(prefix string) []APIField {
	var all []APIField
	for _, p := range s.Properties {
		f := APIField{Name: prefix + p.name, About: p.Description, Required: slices.Contains(s.Required, p.name), Type: p.kind()}
		all = append(all, f)
		all = append(all, p.within(f.Name)...)
	}
	return all
}

// within are the fields of the objects that a value is or holds.
func (s schema) within(name string) []APIField {
	switch {
	case s.Items != nil:
		return s.Items.within(name + "[]")
	case len(s.OneOf) > 0:
		var all []APIField
		for _, one := range s.OneOf {
			all = append(all, one.within(name)...)
		}
		return all
	}
	return s.fields(name + ".")
}

// kind is what a value is.
func (s schema) kind() APIType {
	of := s.of()
	for _, more := range s.limits() {
		of = of.and(more)
	}
	return of
}

// of is what a value is, without its limits.
func (s schema) of() APIType {
	switch {
	case s.Ref != "":
		return APIType{Schema: last(s.Ref)}
	case s.Items != nil:
		of := s.Items.kind()
		of.Text = "list of " + of.Text
		if slices.Contains(s.Type, "null") {
			of.More += ", or null"
		}
		return of
	case len(s.OneOf) > 0:
		var names []string
		for _, one := range s.OneOf {
			names = append(names, one.of().Text)
		}
		return APIType{Text: alternatives(names)}
	case len(s.Enum) > 0:
		return APIType{Text: "one of " + strings.Join(s.Enum, ", ")}
	case s.Const != nil:
		return APIType{Text: "always " + string(s.Const)}
	}
	return APIType{Text: s.plain()}
}

// plain is the name of a type that JSON has.
func (s schema) plain() string {
	switch each := new(schema); {
	case s.Format == "date-time":
		return "string, a time (RFC 3339)"
	case s.Format != "":
		return "string, a " + s.Format
	case len(s.Type) == 1 && s.Type[0] == "object" && json.Unmarshal(s.More, each) == nil && len(each.Type) > 0:
		return "object of " + each.plain() + "s by name"
	}
	return cmp.Or(alternatives(s.Type), "anything")
}

// alternatives are types of which each will do, null last.
func alternatives(names []string) string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(strings.Count(a, "null"), strings.Count(b, "null")) })
	return strings.Join(names, " or ")
}

// limits are the unit of a value, how great it may be, and what it is where it is
// left out.
func (s schema) limits() []string {
	var all []string
	if s.Unit != "" {
		all = append(all, s.Unit)
	}
	switch least, most := string(s.Minimum), string(s.Maximum); {
	case least != "" && most != "":
		all = append(all, least+" to "+most)
	case least != "":
		all = append(all, "at least "+least)
	case most != "":
		all = append(all, "at most "+most)
	}
	if s.MaxLength > 0 {
		all = append(all, fmt.Sprintf("%d to %d characters", s.MinLength, s.MaxLength))
	}
	if s.MaxItems > 0 {
		all = append(all, fmt.Sprintf("at most %d", s.MaxItems))
	}
	if s.Default != nil {
		all = append(all, strings.Trim(string(s.Default), `"`)+" if left out")
	}
	return all
}
