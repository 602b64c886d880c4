//go:build !linux

package sse

// systemSockets is nil: every stream keeps its goroutine.
func systemSockets() sockets { return nil }
