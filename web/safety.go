package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// pagePolicy is the content security policy of every page but the widgets'.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const (
	// maxBody bounds what a request may send, in bytes.
	maxBody = 64 << 10
	// bodyTimeout is how long it may take over it.
	bodyTimeout = 10 * time.Second
)

// guard stands before all handlers of the main listener: it logs, asks whose
// name the request bears, sets the headers that every answer has, and refuses
// changes that another site's page asks for.
func (s *Server) guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	if s.PublicURL != nil {
		// The address was checked when it was configured.
		_ = crossOrigin.AddTrustedOrigin(s.PublicURL.Scheme + "://" + s.PublicURL.Host)
	}
	// Who knows a quote stream's secret may change it, wherever they are.
	crossOrigin.AddInsecureBypassPattern("POST /stream/")
	crossOrigin.AddInsecureBypassPattern("POST " + ingestPath) // needs a token that no browser keeps
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = writeProblem(w, &problem{http.StatusForbidden, "Forbidden", "Pages of other sites cannot change anything here. Ask from this site, or without a browser."})
	}))
	next = crossOrigin.Handler(next)
	return s.logRequests(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.setHeaders(w.Header(), r)
		allowed := shared(r.URL.Path) && s.cors.allow(w.Header(), r.Header.Get("Origin"))
		switch {
		case !s.hosts[hostname(r.Host)] && !isLocal(r.Host):
			_ = writeProblem(w, misdirected)
		case shared(r.URL.Path) && s.cors.preflight(w, r, allowed):
		case r.URL.Path == "/events" && r.Header.Get("Sec-Fetch-Site") == "cross-site":
			_ = writeProblem(w, &problem{http.StatusForbidden, "Forbidden", "/events is for this site's own pages; other sites follow /stream/{symbol}."})
		default:
			if s.Posts == nil || r.URL.Path != ingestPath {
				limitBody(w, r)
			}
			next.ServeHTTP(w, r)
		}
	}))
}

// limitBody bounds a body in size and time. Requests without one are left alone:
// they may be streams. Over HTTP/2 their Body is not http.NoBody, and a length of
// 0 is no proof that there will be an end; but nobody reads the body of a GET.
func limitBody(w http.ResponseWriter, r *http.Request) {
	if r.Body == http.NoBody || r.Method == http.MethodGet && r.ContentLength == 0 {
		return
	}
	// Where the writer has no deadlines the server's own remain.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
}

var misdirected = &problem{
	http.StatusMisdirectedRequest, "Misdirected Request",
	"This server does not go by that host name. Use its public address, or start it with the name in --allowed-hosts.",
}

// setHeaders sets what every answer has. Only widgets may be framed.
func (s *Server) setHeaders(h http.Header, r *http.Request) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if s.secure(r) && hostname(r.Host) != "localhost" { // which other programs serve without TLS
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/embed/"):
		h.Set("Content-Security-Policy", s.widget.policy)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	case strings.HasPrefix(r.URL.Path, "/static/"):
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if strings.HasSuffix(r.URL.Path, "/js/share/worker.js") { // a worker has the policy of its own script
			h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'")
			h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		}
	default:
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
}

// secure says that the client speaks TLS: with us, with a proxy that says so, or
// by the public address.
func (s *Server) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if scheme := s.clients.scheme(r); scheme != "" {
		return scheme == "https"
	}
	return s.PublicURL != nil && s.PublicURL.Scheme == "https"
}

// allowedHosts are the names that a request may bear, without ports.
func allowedHosts(public *url.URL, names []string) map[string]bool {
	hosts := make(map[string]bool)
	if public != nil {
		hosts[strings.ToLower(public.Hostname())] = true
	}
	for _, name := range names {
		hosts[hostname(name)] = true
	}
	return hosts
}

// isLocal says that a Host is an IP address or localhost: names that no
// attacker's DNS can rebind.
func isLocal(host string) bool {
	name := hostname(host)
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost"
}

// hostname is a Host header without its port and brackets, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// authorized says whether r bears the admin token. The comparison takes the
// same time for every wrong one.
func (s *Server) authorized(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && s.isAdminToken(token)
}

func (s *Server) isAdminToken(token string) bool {
	hash := sha256.Sum256([]byte(token))
	return s.AdminToken != "" && subtle.ConstantTimeCompare(hash[:], s.tokenHash[:]) == 1
}

// unauthorized refuses a script that does not bear the admin token.
func unauthorized(c echo.Context) error {
	c.Response().Header().Set("WWW-Authenticate", `Bearer realm="tickboard"`)
	return refuse(http.StatusUnauthorized, "Send the admin token: Authorization: Bearer …. The log says at the start where it is kept.")
}
