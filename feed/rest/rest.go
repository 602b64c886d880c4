// Package rest asks a vendor's plain HTTP interface: within a time, with an
// answer of bounded length, and with errors that say how to go on.
//
//   - rest.go     Get
//   - status.go   an answer that is no success, of this interface or of a socket
//   - refusal.go  what it means for the source
package rest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	timeout      = 30 * time.Second
	defaultLimit = 16 << 20
)

// Request is a question.
type Request struct {
	// URL is http or https. What is in its query may be secret: no error repeats
	// it.
	URL    string
	Header http.Header
	// Limit is the longest answer in bytes, 16 MiB when 0.
	Limit int64
	// Credentials says what to do where the vendor does not take ours: which
	// variable to set. "" is for vendors that ask for none.
	Credentials string
}

// Get returns the body of the answer. A status that is no success is the error
// of Refused. It takes 30 seconds at most, leaves no connection behind, and
// follows no redirect, so that no credentials travel to another host.
func Get(ctx context.Context, q Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := get(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", place(q.URL), err)
	}
	return body, nil
}

func get(ctx context.Context, q Request) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, q.URL, nil)
	if err != nil {
		return nil, errors.New("the address is malformed") // the error would repeat it
	}
	if q.Header != nil {
		req.Header = q.Header.Clone()
	}
	client := &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the address
		}
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode != http.StatusOK {
		return nil, Refused(ReadStatus(resp), q.Credentials)
	}
	limit := cmp.Or(q.Limit, defaultLimit)
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("the answer is longer than %d bytes", limit)
	}
	return body, nil
}

// place is what of an address may be shown.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "a malformed address"
	}
	return u.Host + u.Path
}
