package web

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func mustNetworks(t *testing.T, list string) Networks {
	t.Helper()
	n, err := ParseNetworks(list)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func from(remote string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://quotes.example.com/", nil)
	r.RemoteAddr = remote
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestOnlyTrustedProxiesAreBelievedAboutTheClient(t *testing.T) {
	const xff = "X-Forwarded-For"
	for _, c := range []struct {
		name, proxies string
		request       *http.Request
		client        string
		counted       string // "" for none
	}{
		{"no proxy, no header", "", from("203.0.113.5:4000"), "203.0.113.5:4000", "203.0.113.5/32"},
		{"no proxy, forged", "", from("203.0.113.5:4000", xff, "127.0.0.1"), "203.0.113.5:4000", "203.0.113.5/32"},
		{"no proxy, forged otherwise", "", from("203.0.113.5:4000", "X-Real-Ip", "127.0.0.1", "Forwarded", "for=127.0.0.1"), "203.0.113.5:4000", "203.0.113.5/32"},
		{"unknown proxy", "192.0.2.1", from("203.0.113.5:4000", xff, "198.51.100.9"), "203.0.113.5", "203.0.113.5/32"},
		{"a private proxy that is not named", "192.0.2.1", from("10.0.0.3:4000", xff, "198.51.100.9"), "10.0.0.3", ""},
		{"this machine is not trusted by itself", "192.0.2.1", from("127.0.0.1:4000", xff, "198.51.100.9"), "127.0.0.1", ""},
		{"trusted", "192.0.2.1", from("192.0.2.1:4000", xff, "198.51.100.9"), "198.51.100.9", "198.51.100.9/32"},
		{"trusted network", "192.0.2.0/24", from("192.0.2.77:4000", xff, "198.51.100.9"), "198.51.100.9", "198.51.100.9/32"},
		{"trusted word", "loopback", from("[::1]:4000", xff, "2001:db8:1:2:3::4"), "2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		{"what the client put there itself", "private", from("10.1.2.3:4000", xff, "127.0.0.1, 10.0.0.1, 198.51.100.9"), "198.51.100.9", "198.51.100.9/32"},
		{"in a header of its own", "private", from("10.1.2.3:4000", xff, "10.0.0.1", xff, "198.51.100.9"), "198.51.100.9", "198.51.100.9/32"},
		{"two proxies", "private,192.0.2.1", from("10.1.2.3:4000", xff, "6.6.6.6, 198.51.100.9, 192.0.2.1"), "198.51.100.9", "198.51.100.9/32"},
		{"nonsense before the client", "private", from("10.1.2.3:4000", xff, "<script>, 198.51.100.9"), "198.51.100.9", "198.51.100.9/32"},
		{"nonsense from the proxy", "private", from("10.1.2.3:4000", xff, "198.51.100.9, unknown"), "10.1.2.3", ""},
		{"the proxy says nothing", "192.0.2.1", from("192.0.2.1:4000"), "192.0.2.1", ""},
		{"a proxy asks through another", "192.0.2.0/24", from("192.0.2.1:4000", xff, "192.0.2.2"), "192.0.2.2", ""},
		{"mapped IPv4", "", from("[::ffff:203.0.113.5]:4000"), "[::ffff:203.0.113.5]:4000", "203.0.113.5/32"},
		{"mapped IPv4 proxy", "192.0.2.1", from("[::ffff:192.0.2.1]:4000", xff, "198.51.100.9"), "198.51.100.9", "198.51.100.9/32"},
		{"this machine", "", from("127.8.9.1:4000"), "127.8.9.1:4000", ""},
		{"carrier's translation", "", from("100.64.0.1:4000"), "100.64.0.1:4000", ""},
		{"link-local with a zone", "", from("[fe80::1%eth0]:4000"), "[fe80::1%eth0]:4000", ""},
		{"unique local", "", from("[fd00::1]:4000"), "[fd00::1]:4000", ""},
		{"no address", "private", from("@", xff, "198.51.100.9"), "@", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			clients := newClients(mustNetworks(t, c.proxies))
			if got := clients.name(c.request); got != c.client {
				t.Errorf("client %s, want %s", got, c.client)
			}
			got := clients.counted(c.request)
			if want := c.counted; got.IsValid() != (want != "") || got.IsValid() && got.String() != want {
				t.Errorf("counted by %s, want %q", got, want)
			}
		})
	}
}

func TestNeighboursOfOneIPv6NetworkAreOneClient(t *testing.T) {
	c := newClients(nil)
	first, second := c.counted(from("[2001:db8:1:2::1]:1")), c.counted(from("[2001:db8:1:2:ffff::9]:2"))
	if other := c.counted(from("[2001:db8:1:3::1]:3")); first != second || first == other {
		t.Errorf("%s, %s, %s", first, second, other)
	}
}

func TestNetworksAreParsedOrRefusedWithAHint(t *testing.T) {
	if n := mustNetworks(t, " 192.0.2.7 , 10.1.2.3/8,2001:db8::/32,, loopback,::1"); !n.contain(netip.MustParseAddr("10.9.9.9")) ||
		!n.contain(netip.MustParseAddr("192.0.2.7")) || n.contain(netip.MustParseAddr("192.0.2.8")) || !n.contain(netip.MustParseAddr("127.0.0.2")) {
		t.Errorf("%v", n)
	}
	for _, bad := range []string{"proxy.example.com", "10.0.0.0/33", "10.0.0/8", "192.0.2.1:80", "fe80::1%eth0", "::ffff:10.0.0.0/104", "*", "all"} {
		if n, err := ParseNetworks("10.0.0.0/8," + bad); err == nil || !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), "10.0.0.0/8") {
			t.Errorf("%s: %v, %v", bad, n, err)
		}
	}
}

func FuzzForwardedForCountsNoUntrustedPeerByAnythingButItsAddress(f *testing.F) {
	f.Add("203.0.113.5, 10.0.0.1", "https")
	f.Add("::ffff:127.0.0.1", ",")
	untrusted, trusted := newClients(nil), newClients(networks("192.0.2.0/24"))
	f.Fuzz(func(t *testing.T, header, proto string) {
		r := from("203.0.113.5:4000", "X-Forwarded-For", header, "X-Forwarded-Proto", proto)
		for _, c := range []clients{untrusted, trusted} {
			if got := c.counted(r); got.String() != "203.0.113.5/32" || c.scheme(r) != "" {
				t.Errorf("counted by %s, scheme %q", got, c.scheme(r))
			}
		}
		r.RemoteAddr = "192.0.2.1:80" // must not panic, whatever it is
		if got := trusted.counted(r); got.IsValid() && got.Bits() != 32 && got.Bits() != 64 {
			t.Errorf("counted by %s", got)
		}
	})
}

func TestTransportSecurityIsSaidToWhoSpeaksTLS(t *testing.T) {
	const proto = "X-Forwarded-Proto"
	local := from("192.0.2.1:1")
	local.Host, local.TLS = "localhost:8443", &tls.ConnectionState{}
	direct := from("203.0.113.5:1", proto, "http")
	direct.TLS = &tls.ConnectionState{}
	for _, c := range []struct {
		name, public string
		request      *http.Request
		want         bool
	}{
		{"plain", "http://quotes.example.com", from("203.0.113.5:1"), false},
		{"forged", "http://quotes.example.com", from("203.0.113.5:1", proto, "https"), false},
		{"own TLS, whatever a header says", "http://quotes.example.com", direct, true},
		{"proxy with TLS", "http://quotes.example.com", from("192.0.2.1:1", proto, "https"), true},
		{"in other letters", "http://quotes.example.com", from("192.0.2.1:1", proto, "HTTPS"), true},
		{"proxy without TLS", "https://quotes.example.com", from("192.0.2.1:1", proto, "http"), false},
		{"proxy that does not say", "https://quotes.example.com", from("192.0.2.1:1"), true},
		{"public address", "https://quotes.example.com", from("203.0.113.5:1", proto, "http"), true},
		{"localhost has other programs", "https://quotes.example.com", local, false},
	} {
		public, err := url.Parse(c.public)
		if err != nil {
			t.Fatal(err)
		}
		s := &Server{Options: Options{PublicURL: public}, clients: newClients(networks("192.0.2.1/32"))}
		h := make(http.Header)
		s.setHeaders(h, c.request)
		if got := h.Get("Strict-Transport-Security") != ""; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
