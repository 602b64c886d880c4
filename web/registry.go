package web

import (
	"crypto/rand"
	"sync"
)

// registry are the open streams whose symbols can be changed, by their secret.
// The zero registry is ready; any number may use it at once.
type registry struct {
	mu      sync.Mutex
	streams map[string]*content
	node    string // how the secrets of this process begin
}

// secret draws a name for a stream: which process has it, and 128 random bits.
func (r *registry) secret() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.node == "" {
		r.node = rand.Text()[:6]
	}
	return r.node + "-" + rand.Text()
}

// add enters a stream under its secret.
func (r *registry) add(secret string, c *content) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.streams == nil {
		r.streams = make(map[string]*content)
	}
	r.streams[secret] = c
}

// find returns the stream of a secret, nil where there is none.
func (r *registry) find(secret string) *content {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.streams[secret]
}

func (r *registry) remove(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.streams, secret)
}
