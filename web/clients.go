package web

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

var (
	loopback = networks("127.0.0.0/8", "::1/128")
	// private are networks that no packet from the internet comes from: RFC 1918,
	// RFC 3927 and 4291 (link-local), RFC 4193, and RFC 6598 (behind a carrier's
	// translation, and inside clouds).
	private = networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10")
)

// Networks are ranges of addresses.
type Networks []netip.Prefix

func networks(texts ...string) Networks {
	list := make(Networks, 0, len(texts))
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// ParseNetworks reads a comma list of addresses, networks (192.0.2.0/24), and the
// words loopback and private.
func ParseNetworks(list string) (Networks, error) {
	var parsed Networks
	for text := range strings.SplitSeq(list, ",") {
		switch text = strings.TrimSpace(text); text {
		case "":
		case "loopback":
			parsed = append(parsed, loopback...)
		case "private":
			parsed = append(parsed, private...)
		default:
			network, err := parseNetwork(text)
			if err != nil {
				return nil, err
			}
			parsed = append(parsed, network)
		}
	}
	return parsed, nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if addr, addrErr := netip.ParseAddr(text); addrErr == nil && addr.Zone() == "" {
		network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	if err != nil || network.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is no network: write addresses as 192.0.2.7, networks as 10.0.0.0/8, or the words loopback and private", text)
	}
	return network.Masked(), nil
}

func (n Networks) contain(addr netip.Addr) bool {
	return slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// clients tells who asks. Only the proxies are believed when they say whom they
// ask for; who else sends the headers of a proxy is taken for itself.
type clients struct {
	proxies Networks
	extract echo.IPExtractor
}

func newClients(proxies Networks) clients {
	if len(proxies) == 0 {
		return clients{extract: echo.ExtractIPDirect()}
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return clients{proxies: proxies, extract: echo.ExtractIPFromXFFHeader(trust...)}
}

// name is the client's address for the log: without a port where a proxy told it.
func (c clients) name(r *http.Request) string {
	if len(c.proxies) == 0 {
		return r.RemoteAddr
	}
	return cmp.Or(c.extract(r), r.RemoteAddr)
}

// address is the client's, the zero Addr where it is not known.
func (c clients) address(r *http.Request) netip.Addr { return parseAddress(c.extract(r)) }

func parseAddress(text string) netip.Addr {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{} // as of a socket in the file system
	}
	return addr.Unmap().WithZone("")
}

// counted is what the limit per address counts a request by: an IPv4 address, or
// the network of 64 bits that an IPv6 client has to itself. The zero Prefix stands
// for those that are not counted: this machine, private networks, where many may
// share an address, and proxies.
func (c clients) counted(r *http.Request) netip.Prefix {
	addr := c.address(r)
	if !addr.IsValid() || loopback.contain(addr) || private.contain(addr) || c.proxies.contain(addr) {
		return netip.Prefix{}
	}
	network, err := addr.Prefix(min(addr.BitLen(), 64))
	if err != nil {
		panic(err) // only for lengths that there are not
	}
	return network
}

// scheme is what a trusted proxy says the client speaks, "" where none does.
func (c clients) scheme(r *http.Request) string {
	scheme := strings.ToLower(r.Header.Get("X-Forwarded-Proto"))
	if scheme == "" || !c.proxied(r) {
		return ""
	}
	return scheme
}

// proxied says that it is a trusted proxy that asks.
func (c clients) proxied(r *http.Request) bool {
	if len(c.proxies) == 0 {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && c.proxies.contain(peer.Addr().Unmap().WithZone(""))
}
