// The libraries of the field that tickboard is measured against. A module of
// its own, so that they are no dependencies of tickboard.
module github.com/tickboard/tickboard/e2e/load/field

go 1.26.0

require (
	github.com/r3labs/sse/v2 v2.10.0
	github.com/tickboard/tickboard v0.0.0
	github.com/tmaxmax/go-sse v0.11.0
)

require (
	golang.org/x/net v0.61.0 // indirect
	gopkg.in/cenkalti/backoff.v1 v1.1.0 // indirect
)

replace github.com/tickboard/tickboard => ../../..
