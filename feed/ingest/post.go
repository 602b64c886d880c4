package ingest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tickboard/tickboard/feed"
)

const (
	// maxRejected is how many refused lines an answer tells of.
	maxRejected = 100
	// reportEvery is how often the operator is told of one.
	reportEvery = time.Minute
	// startTime is how long a post waits for the feed, which starts beside the
	// server.
	startTime = time.Second
	// answerTime is how long a client may take over its answer.
	answerTime = 5 * time.Second
	// lingerTime is how long what a client still sends is read after an answer
	// that came early: a connection that is closed with something unread is
	// reset, which takes the answer with it.
	lingerTime = 50 * time.Millisecond
)

// posts is the handler of POST: a stream of lines, each taken as it comes.
type posts struct {
	source *Source
	token  [sha256.Size]byte
}

func newPosts(source *Source, token string) *posts {
	return &posts{source, sha256.Sum256([]byte(token))}
}

// rejection is a line that was refused.
type rejection struct {
	Line  int    `json:"line"`
	Error string `json:"error"`
}

// receipt says what became of the lines of a post.
type receipt struct {
	Accepted int `json:"accepted"`
	// Dropped counts those of the accepted that left the quote as it was, by why.
	Dropped      map[string]int `json:"dropped,omitempty"`
	Rejected     []rejection    `json:"rejected"`
	RejectedMore int            `json:"rejected_more"` // how many there are beside
}

// problem is the answer to a post that was not taken, or not to its end (RFC
// 9457), with what was taken before.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	*receipt
}

// ServeHTTP takes a post for as long as it lasts. It ends with the source's Run,
// and with the request's context when that has a cause of its own: the server's
// own end of it, with any error of the connection, is no reason not to answer.
func (p *posts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn := http.NewResponseController(w)
	// Otherwise the server would read on before it sends an early answer.
	_ = conn.EnableFullDuplex()
	// A post may last: deadlines are for answers.
	_ = conn.SetReadDeadline(time.Time{})
	coding := r.Header.Get("Content-Encoding")
	switch {
	case !p.authorized(r):
		w.Header().Set("WWW-Authenticate", `Bearer realm="tickboard ingest"`)
		refuse(w, r, http.StatusUnauthorized, "Send the token of this feed: Authorization: Bearer …. It is what the server has in TICKBOARD_"+tokenSetting+".", nil)
	case coding != "" && !strings.EqualFold(coding, "identity"):
		refuse(w, r, http.StatusUnsupportedMediaType, "Send the lines as they are, without Content-Encoding.", nil)
	default:
		if run := p.source.session(r.Context(), startTime); run != nil {
			p.serve(w, r, run)
			return
		}
		refuse(w, r, http.StatusServiceUnavailable, "The feed does not run at the moment. Send everything again in a second.", nil)
	}
	linger(conn)
	_, _ = io.Copy(io.Discard, r.Body) // until the client has stopped, or the deadline
}

// serve takes the lines and answers.
func (p *posts) serve(w http.ResponseWriter, r *http.Request, run *session) {
	lines, body := io.Pipe()
	done, gone := make(chan struct{}), make(chan struct{})
	var helpers sync.WaitGroup
	helpers.Go(func() { interrupt(r.Context(), run, done, body) })
	helpers.Go(func() { defer close(gone); pump(body, r.Body) })
	taken, err := p.read(lines, run)
	close(done)
	if errors.Is(err, errNotRunning) {
		_ = body.CloseWithError(err) // what is still sent is read and dropped
		refuse(w, r, http.StatusServiceUnavailable, "The feed has stopped. Send what comes after the lines that were accepted and rejected again in a second.", taken)
		linger(http.NewResponseController(w))
	} else { // also when the client has stopped in the middle
		<-gone
		answer(w, http.StatusOK, "application/json", taken)
	}
	helpers.Wait()
}

// interrupt ends the lines of a post when the feed stops, or the server does,
// unless the post is done before.
func interrupt(ctx context.Context, run *session, done <-chan struct{}, body *io.PipeWriter) {
	select {
	case <-done:
		return
	case <-run.ended:
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), context.Canceled) {
			return // the body tells why
		}
	}
	_ = body.CloseWithError(errNotRunning)
}

// pump copies a body no faster than it is read. When nobody reads any more it
// drops what comes, until the client has stopped or a deadline.
func pump(into *io.PipeWriter, body io.Reader) {
	_, err := io.Copy(into, body)
	if errors.Is(err, io.ErrClosedPipe) {
		_, _ = io.Copy(io.Discard, body)
	}
	_ = into.CloseWithError(err)
}

// read takes lines until the body ends. Its only error is errNotRunning.
func (p *posts) read(lines io.Reader, run *session) (*receipt, error) {
	taken := &receipt{Rejected: []rejection{}}
	var l line
	for body := newLines(lines); ; {
		text, err := body.next()
		switch {
		case errors.Is(err, errNotRunning):
			return taken, err
		case err != nil && !errors.Is(err, errTooLong):
			return taken, nil // whatever has ended the body
		}
		now := time.Now().UTC()
		var outcome feed.Outcome
		if err == nil {
			outcome, err = p.take(&l, text, now, run)
		}
		switch {
		case errors.Is(err, errNotRunning):
			return taken, err
		case err != nil:
			taken.reject(body.number, err)
			run.report(reportEvery, now, "line %d of a post was refused: %v; its sender has the answer, mend what it sends", body.number, err)
		default:
			taken.accept(outcome)
		}
	}
}

func (p *posts) take(l *line, text []byte, now time.Time, run *session) (feed.Outcome, error) {
	u, err := l.decode(text, now)
	if err != nil {
		return 0, err
	}
	return run.take(u)
}

func (t *receipt) accept(outcome feed.Outcome) {
	t.Accepted++
	if !outcome.Dropped() {
		return
	}
	if t.Dropped == nil {
		t.Dropped = make(map[string]int)
	}
	t.Dropped[outcome.String()]++
}

func (t *receipt) reject(number int, err error) {
	if len(t.Rejected) == maxRejected {
		t.RejectedMore++
		return
	}
	t.Rejected = append(t.Rejected, rejection{number, err.Error()})
}

// authorized compares in the same time for every wrong token.
func (p *posts) authorized(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	hash := sha256.Sum256([]byte(token))
	return ok && subtle.ConstantTimeCompare(hash[:], p.token[:]) == 1
}

// refuse answers before the client has sent everything, and ends the connection.
func refuse(w http.ResponseWriter, r *http.Request, status int, detail string, taken *receipt) {
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	answer(w, status, "application/problem+json", problem{status, http.StatusText(status), detail, taken})
}

// linger lets a body be read for a moment longer.
func linger(conn *http.ResponseController) {
	_ = conn.SetReadDeadline(time.Now().Add(lingerTime))
}

func answer(w http.ResponseWriter, status int, kind string, document any) {
	conn := http.NewResponseController(w)
	_ = conn.SetWriteDeadline(time.Now().Add(answerTime)) // without one the server's own remains
	defer func() { _ = conn.SetWriteDeadline(time.Time{}) }()
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that is gone does not get its answer.
	_ = json.NewEncoder(w).Encode(document)
	_ = conn.Flush()
}
