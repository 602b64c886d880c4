package deliver

import "net/netip"

// special are the blocks of addresses that are not, or not only, of the public
// internet: IANA's registries of special-purpose addresses (iana.org/assignments/
// iana-ipv4-special-registry and iana-ipv6-special-registry), multicast, and what
// clouds keep for themselves. IPv6 beyond 2000::/3 is refused anyway.
var special = prefixes(
	"0.0.0.0/8",        // this network (RFC 791, section 3.2)
	"10.0.0.0/8",       // private (RFC 1918)
	"100.64.0.0/10",    // shared, carrier-grade NAT (RFC 6598); 100.100.100.200 is Alibaba's metadata
	"127.0.0.0/8",      // loopback (RFC 1122, section 3.2.1.3)
	"168.63.129.16/32", // Azure's services to its machines (learn.microsoft.com: what is IP address 168.63.129.16)
	"169.254.0.0/16",   // link-local (RFC 3927); 169.254.169.254 is most clouds' metadata
	"172.16.0.0/12",    // private (RFC 1918)
	"192.0.0.0/24",     // protocol assignments (RFC 6890); 192.0.0.192 is Oracle's metadata
	"192.0.2.0/24",     // documentation (RFC 5737)
	"192.31.196.0/24",  // AS112 (RFC 7535)
	"192.52.193.0/24",  // automatic multicast tunnels (RFC 7450)
	"192.88.99.0/24",   // relays of 6to4, deprecated (RFC 7526)
	"192.168.0.0/16",   // private (RFC 1918)
	"192.175.48.0/24",  // AS112 (RFC 7534)
	"198.18.0.0/15",    // benchmarks (RFC 2544)
	"198.51.100.0/24",  // documentation (RFC 5737)
	"203.0.113.0/24",   // documentation (RFC 5737)
	"224.0.0.0/4",      // multicast (RFC 1112)
	"240.0.0.0/4",      // reserved, and the broadcast (RFC 1112, RFC 919)

	"2001::/23",         // protocol assignments (RFC 2928), among them Teredo 2001::/32 (RFC 4380), which has an IPv4 address within
	"2001:db8::/32",     // documentation (RFC 3849)
	"2002::/16",         // 6to4 (RFC 3056), which has an IPv4 address within
	"2620:4f:8000::/48", // AS112 (RFC 7534)
	"3fff::/20",         // documentation (RFC 9637)
)

var (
	unicast6 = netip.MustParsePrefix("2000::/3")     // all that is given out of IPv6 (RFC 4291, section 2.4)
	nat64    = netip.MustParsePrefix("64:ff9b::/96") // an IPv4 address within (RFC 6052)
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, text := range list {
		parsed[i] = netip.MustParsePrefix(text)
	}
	return parsed
}

// Public says that an address is one of the public internet. An IPv4 address
// within an IPv6 one counts as itself where a translator or the system makes it
// one again, and is refused where only a tunnel would.
func Public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap() // ::ffff:0:0/96 (RFC 4291, section 2.5.5.2)
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsValid() || a.Is6() && !unicast6.Contains(a) {
		return false
	}
	for _, block := range special {
		if block.Contains(a) {
			return false
		}
	}
	return true
}
