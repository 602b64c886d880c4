package web

import (
	"cmp"
	"fmt"
	"syscall"
)

const (
	// minSpare is how many file descriptors are left for all that is no stream.
	minSpare = 100
	// maxDefault bounds what descriptors alone allow: beyond, memory does.
	maxDefault = 100_000
	// unknownDefault is for a system that does not tell.
	unknownDefault = 10_000
)

// StreamLimit is how many streams there may be at once.
type StreamLimit struct {
	Max     int
	Why     string // where the number comes from
	Warning string // "" or what an operator should know about it, and do
}

// LimitStreams takes the given limit, or with 0 follows the file descriptors that
// this process may open.
func LimitStreams(given int) StreamLimit {
	var limit syscall.Rlimit // the runtime has raised the soft limit to the hard one
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return limitStreams(given, 0)
	}
	return limitStreams(given, uint64(limit.Cur)) //nolint:unconvert // signed on some systems
}

// limitStreams is LimitStreams for so many descriptors, 0 for an unknown number.
func limitStreams(given int, descriptors uint64) StreamLimit {
	if descriptors == 0 {
		return StreamLimit{Max: cmp.Or(given, unknownDefault), Why: "this system does not tell how many file descriptors there are"}
	}
	spare := max(descriptors/20, minSpare)
	allowed := max(descriptors, spare+1) - spare
	switch {
	case given == 0 && allowed > maxDefault:
		return StreamLimit{Max: maxDefault, Why: fmt.Sprintf("the most that is not asked for, with %d file descriptors (ulimit -n)", descriptors)}
	case given == 0:
		return StreamLimit{Max: int(allowed), Why: fmt.Sprintf("%d file descriptors (ulimit -n), %d of them for other things", descriptors, spare)}
	case uint64(given) > allowed:
		needed := uint64(given) + max(uint64(given)/19+1, minSpare)
		return StreamLimit{Max: given, Why: "given", Warning: fmt.Sprintf(
			"--max-streams %d is more than %d file descriptors allow: raise them (ulimit -n %d, or LimitNOFILE= of a systemd unit), or lower --max-streams",
			given, descriptors, needed)}
	}
	return StreamLimit{Max: given, Why: "given"}
}
