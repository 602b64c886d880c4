package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/web"
)

// check takes over the texts, each with an error that says what to write.
func (cfg *Config) check(t texts) (err error) {
	cfg.Feeds = t.feeds.values
	cfg.AllowedHosts, cfg.CORSOrigins, cfg.EmbedAncestors = split(t.allowedHosts), split(t.corsOrigins), split(t.embedAncestors)
	if cfg.Symbols, err = quotes.ParseSymbols(t.symbols); err != nil {
		return fmt.Errorf("--symbols: %w", err)
	}
	if t.publicURL != "" {
		if cfg.PublicURL, err = parsePublicURL(t.publicURL); err != nil {
			return err
		}
	}
	if cfg.TrustedProxies, err = web.ParseNetworks(t.trustedProxies); err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	if err := cfg.LogLevel.UnmarshalText([]byte(t.logLevel)); err != nil {
		return fmt.Errorf("--log-level %q: write debug, info, warn or error", t.logLevel)
	}
	for _, bad := range []struct {
		is   bool
		says string
	}{
		{len(cfg.Feeds) == 0, "--feed is empty: give one, as sim://"},
		{!(cfg.MaxRate >= 0.1 && cfg.MaxRate <= 50), "--max-rate is from 0.1 to 50"},
		{cfg.Heartbeat < 100*time.Millisecond, "--heartbeat is at least 100ms"},
		{cfg.WriteTimeout < 100*time.Millisecond, "--write-timeout is at least 100ms"},
		{cfg.MaxStreams < 0, "--max-streams is at least 1, or 0 to follow the file descriptors"},
		{cfg.MaxPerAddress < 0, "--max-streams-per-address is at least 1, or 0 for no limit"},
		{cfg.MaxPerSecond < 0, "--max-streams-per-second is at least 1, or 0 for no limit"},
		{cfg.Drain < 0 || cfg.Drain > time.Hour, "--drain is from 0s to 1h"},
		{cfg.SMTP == "" && cfg.MailFrom != "", "--mail-from is of no use without --smtp, the mail server"},
		{(cfg.TLSCert == "") != (cfg.TLSKey == ""), "--tls-cert and --tls-key are given both or neither"},
		{!isToken(cfg.AuthHeader), "--auth-header is the name of a header, as X-Forwarded-User"},
		{cfg.AuthHeader != "" && len(cfg.TrustedProxies) == 0, "--auth-header needs --trusted-proxies: name the proxies that are believed; they must replace what a client sends in that header"},
		{cfg.Keep < 0, "--keep-notifications is at least 1, or 0 for no limit"},
		{cfg.KeepFor < 0 || cfg.KeepFor > 0 && cfg.KeepFor < time.Minute, "--keep-notifications-for is at least 1m, or 0 for ever"},
		{cfg.MaxSymbols < 1, "--max-symbols is at least 1"},
		{cfg.LogFormat != "text" && cfg.LogFormat != "json", "--log-format is text or json"},
		{cfg.DataDir == "", "--data-dir is needed: there is no home directory to derive it from"},
		{len(cfg.Symbols) > cfg.MaxSymbols, "--symbols names more than --max-symbols allows"},
		{slices.ContainsFunc(slices.Concat(cfg.EmbedAncestors, cfg.CORSOrigins), unsafeSource), "--embed-ancestors and --cors-origins take origins, as https://example.com"},
	} {
		if bad.is {
			return errors.New(bad.says)
		}
	}
	return nil
}

// isToken says that a text can be the name of a header (RFC 9110, section 5.6.2),
// or is none.
func isToken(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// unsafeSource says that a text could end a header's directive.
func unsafeSource(s string) bool { return strings.ContainsAny(s, "; \t\r\n\"") }

func parsePublicURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("--public-url %q: write an address without a path, as https://quotes.example.com", s)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
