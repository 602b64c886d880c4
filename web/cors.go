package web

import (
	"net/http"
	"slices"
	"strings"
)

// corsPolicy says which origins may read streams and quotes. Never with
// credentials.
type corsPolicy struct {
	any     bool
	origins []string
}

func newCORSPolicy(origins []string) corsPolicy {
	if len(origins) == 0 || slices.Contains(origins, "*") {
		return corsPolicy{any: true}
	}
	if slices.Contains(origins, "none") {
		return corsPolicy{}
	}
	return corsPolicy{origins: origins}
}

// shared says that the policy governs a path.
func shared(path string) bool {
	for _, prefix := range []string{"/stream", "/api/v1/quotes", "/api/v1/symbols", openAPIPath, "/static"} {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return true
		}
	}
	return false
}

// allow sets the headers of an answer, and says whether the origin may read it.
func (p corsPolicy) allow(h http.Header, origin string) bool {
	switch {
	case p.any:
		h.Set("Access-Control-Allow-Origin", "*")
		return true
	case len(p.origins) == 0:
		return false
	}
	h.Add("Vary", "Origin")
	if origin == "" || !slices.Contains(p.origins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	return true
}

// preflight answers the question that a browser asks before a request that is
// not simple, and says whether r was one.
func (p corsPolicy) preflight(w http.ResponseWriter, r *http.Request, allowed bool) bool {
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	if allowed {
		w.Header().Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Last-Event-ID")
		w.Header().Set("Access-Control-Max-Age", "86400")
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}
