package deliver

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"testing"
)

// TestOnlyAddressesOfThePublicInternetAreAdmitted goes by IANA's registries of
// special-purpose addresses (RFC 6890, section 2.2) and the documents that each
// block names.
func TestOnlyAddressesOfThePublicInternetAreAdmitted(t *testing.T) {
	for address, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "100.63.255.255": true, "100.128.0.0": true, "172.15.255.255": true, "172.32.0.0": true,
		"11.0.0.0": true, "9.255.255.255": true, "192.0.1.0": true, "198.17.255.255": true, "198.20.0.0": true, "223.255.255.255": true,
		"2606:4700:4700::1111": true, "2001:4860:4860::8888": true, "2a00:1450:4001::1": true,
		"::ffff:8.8.8.8":   true,
		"64:ff9b::8.8.8.8": true,                    // how a network of IPv6 alone reaches it (RFC 6052)
		"0.0.0.0":          false, "0.1.2.3": false, // RFC 791
		"10.0.0.1": false, "10.255.255.255": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, // RFC 1918
		"100.64.0.1": false, "100.127.255.255": false, // RFC 6598
		"100.100.100.200": false,                           // Alibaba's metadata
		"127.0.0.1":       false, "127.255.255.254": false, // RFC 1122
		"169.254.0.1": false, "169.254.169.254": false, "169.254.170.2": false, // RFC 3927, metadata
		"168.63.129.16": false,                                             // Azure
		"192.0.0.1":     false, "192.0.0.192": false, "192.0.0.170": false, // RFC 6890, Oracle's metadata, RFC 7050
		"192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, // RFC 5737
		"192.88.99.1": false,                          // RFC 7526
		"198.18.0.1":  false, "198.19.255.255": false, // RFC 2544
		"224.0.0.1": false, "239.255.255.255": false, // multicast
		"240.0.0.1": false, "255.255.255.255": false, // RFC 1112, RFC 919
		"::": false, "::1": false, // RFC 4291
		"::127.0.0.1": false, "::8.8.8.8": false, // IPv4-compatible, deprecated (RFC 4291)
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, // IPv4-mapped
		"::ffff:0:127.0.0.1": false,                                                                // IPv4-translated (RFC 2765)
		"64:ff9b::127.0.0.1": false, "64:ff9b::10.0.0.1": false, "64:ff9b::169.254.169.254": false, // RFC 6052
		"64:ff9b:1::8.8.8.8": false,                                                // RFC 8215
		"100::1":             false,                                                // discard (RFC 6666)
		"2001::1":            false, "2001:0:4136:e378:8000:63bf:3fff:fdd2": false, // Teredo (RFC 4380)
		"2001:2::1":  false,                      // benchmarks (RFC 5180)
		"2001:10::1": false, "2001:20::1": false, // ORCHID (RFC 4843, RFC 7343)
		"2001:db8::1": false, "3fff::1": false, // documentation
		"2002:7f00:1::": false, "2002:808:808::1": false, // 6to4 (RFC 3056)
		"5f00::1": false,                                                // segment routing (RFC 9602)
		"fc00::1": false, "fd00:ec2::254": false, "fd20:ce::254": false, // RFC 4193; metadata of Amazon and Google
		"fe80::1": false, "fe80::1%eth0": false, "2606:4700:4700::1111%eth0": false, "fec0::1": false, // link-local, site-local
		"ff02::1": false, // multicast
	} {
		if got := Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

func TestAddressesAreRefusedByTheirForm(t *testing.T) {
	g, home := NewGuard(false), NewGuard(true)
	for address, want := range map[string][2]bool{ // for all, and at home
		"https://hooks.example.com/a?b=c": {true, true},
		"https://example.com:8443/":       {true, true},
		"https://1.1.1.1/":                {true, true},
		"https://[2606:4700:4700::1111]/": {true, true},
		"http://example.com/":             {false, true},
		"https://127.0.0.1/":              {false, true},
		"https://[::ffff:10.0.0.1]:80/":   {false, true},
		"https://169.254.169.254/latest":  {false, true},
		"":                                {},
		"example.com":                     {},
		"https:example.com":               {},
		"https:///path":                   {},
		"https://example.com:0/":          {},
		"https://example.com:65536/":      {},
		"https://example.com/#part":       {},
		"ftp://example.com/":              {},
		"file:///etc/passwd":              {},
		"gopher://example.com/":           {},
		"https://exa mple.com/":           {},
		"javascript:alert(1)":             {},
		"https://example.com/\x00":        {},
	} {
		for i, guard := range []*Guard{g, home} {
			_, err := guard.CheckURL(address)
			if (err == nil) != want[i] || err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("%q: %v", address, err)
			}
		}
	}
}

func mustURL(t *testing.T, host string) *url.URL {
	t.Helper()
	u, err := url.Parse("https://" + net.JoinHostPort(host, "443") + "/")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// FuzzPublic holds Public against what the standard library knows of addresses,
// in every clothing that an IPv4 address has.
func FuzzPublic(f *testing.F) {
	for _, a := range []string{"1.1.1.1", "10.0.0.1", "169.254.169.254", "::1", "64:ff9b::a00:1", "2001:db8::1", "::ffff:127.0.0.1", "fe80::1"} {
		f.Add(netip.MustParseAddr(a).AsSlice())
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		a, ok := netip.AddrFromSlice(bytes)
		if !ok {
			return
		}
		public := Public(a)
		plain := a.Unmap()
		if public && (plain.IsPrivate() || plain.IsLoopback() || plain.IsLinkLocalUnicast() || plain.IsMulticast() || plain.IsUnspecified() || !plain.IsGlobalUnicast()) {
			t.Errorf("%v is public", a)
		}
		if !plain.Is4() {
			return
		}
		v4 := plain.As4()
		mapped, translated := [16]byte{10: 0xff, 11: 0xff}, [16]byte{1: 0x64, 2: 0xff, 3: 0x9b}
		sixToFour := [16]byte{0x20, 0x02, v4[0], v4[1], v4[2], v4[3]}
		copy(mapped[12:], v4[:])
		copy(translated[12:], v4[:])
		if Public(netip.AddrFrom16(mapped)) != public || Public(netip.AddrFrom16(translated)) != public {
			t.Errorf("%v is public otherwise within an IPv6 address", plain)
		}
		if Public(netip.AddrFrom16(sixToFour)) {
			t.Errorf("%v is public by a tunnel", plain)
		}
	})
}

// FuzzCheckURL: what the guard takes is http(s) with a host, and an address that
// it takes by its digits is a public one.
func FuzzCheckURL(f *testing.F) {
	for _, a := range []string{"https://example.com/", "http://127.1/", "https://[::1]:8/", "https://user:pass@h/", "//x", "https://x#y", "https://0x7f.1/"} {
		f.Add(a)
	}
	g := NewGuard(false)
	f.Fuzz(func(t *testing.T, address string) {
		u, err := g.CheckURL(address)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Error(err)
			}
			return
		}
		if a, err := netip.ParseAddr(u.Hostname()); u.Scheme != "https" || u.Hostname() == "" || err == nil && !Public(a) {
			t.Errorf("%q is taken", address)
		}
		if again, err := g.CheckURL(u.String()); err != nil || again.Hostname() != u.Hostname() {
			t.Errorf("%q is taken and %q not: %v", address, u, err)
		}
	})
}
