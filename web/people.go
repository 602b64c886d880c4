package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/web/sse"
)

const (
	// lookEvery is the longest time between two looks for what other processes
	// have changed, while somebody follows; lookRest is the shortest between any two.
	lookEvery = time.Second
	lookRest  = 20 * time.Millisecond
	// changesAtATime bounds one read of changes.
	changesAtATime = 500
	// reasonProfile ends a stream whose client is somebody else from now on: it
	// comes back by itself, and is asked anew who it is.
	reasonProfile = "profile"
)

// people are the open streams of those who have a profile. It tells them what has
// changed, by whichever process. Any number may use it at once, but for run, which
// runs once.
type people struct {
	store  profile.Store
	logger *slog.Logger
	hints  chan struct{} // capacity 1

	mu     sync.Mutex
	each   map[profile.ID]*person // guarded by mu, as are those below
	away   map[*personal]struct{} // of whom it could not be told who they are
	newest int64                  // the number up to which changes were looked at; of no use while nobody follows
}

// person is a profile with open streams.
type person struct {
	versions profile.Versions // guarded by people.mu, as is streams
	streams  map[*personal]struct{}
	frame    atomic.Pointer[[]byte] // the event with the versions
	watched  atomic.Pointer[listed]
}

// listed are the symbols on the lists of a profile, as of their version.
type listed struct {
	version int64
	symbols map[quotes.Symbol]bool
}

// personal is a stream's part in people. Its carrier alone uses it, but for the
// person's frame.
type personal struct {
	id     profile.ID // 0 while it is not known
	key    profile.Key
	person *person
	stream stream
	given  *[]byte // what the turn under way has
	wrote  *[]byte // what the client has
}

func newPeople(store profile.Store, logger *slog.Logger) *people {
	return &people{
		store: store, logger: logger, hints: make(chan struct{}, 1),
		each: make(map[profile.ID]*person), away: make(map[*personal]struct{}),
	}
}

// follower is who opens a stream, and when that was looked up.
type follower struct {
	profile.Found
	key   profile.Key
	place int64 // in the changes; the versions found are not older
	away  bool  // the database could not tell
}

// follower is the caller of a stream. While the database is away it is not known
// yet: the stream has its quotes, and ends when the database answers again.
func (s *Server) follower(c echo.Context) (f follower, err error) {
	k, err := s.keyOf(c.Request())
	if err != nil || k.IsZero() {
		return f, err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), callerTime)
	defer cancel()
	if f.place, err = s.people.place(ctx); err == nil {
		f.key = k
		f.Found, err = s.identify(c)
	}
	if err != nil && c.Request().Context().Err() == nil {
		s.warnAway(c, err)
		return follower{away: true}, nil
	}
	return f, err
}

// profileChanged says that a change of a profile's things was stored.
func (s *Server) profileChanged(id profile.ID) {
	if s.people.follows(id) {
		s.people.hint()
	}
}

func (p *people) follows(id profile.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.each[id] != nil
}

// hint asks for a look. It never blocks.
func (p *people) hint() {
	select {
	case p.hints <- struct{}{}:
	default:
	}
}

// place is the number up to which changes were looked at, or when nobody follows
// the newest.
func (p *people) place(ctx context.Context) (int64, error) {
	p.mu.Lock()
	newest, alone := p.newest, len(p.each) == 0
	p.mu.Unlock()
	if !alone {
		return newest, nil
	}
	newest, err := p.store.NewestChange(ctx)
	if err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.each) == 0 {
		p.newest = max(p.newest, newest)
	}
	return newest, nil
}

// join adds a stream. What was changed since who opens it was looked up is told
// too.
func (p *people) join(ctx context.Context, f follower, st stream) (*personal, error) {
	member := &personal{id: f.ID, key: f.key, stream: st}
	if f.away {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.away[member] = struct{}{}
		return member, nil
	}
	c := profile.Change{ID: f.ID, Versions: f.Versions}
	if !p.enter(member, f) {
		now, err := p.store.Profile(ctx, f.ID)
		if err != nil {
			p.leave(member)
			return nil, err
		}
		c.Versions = now.Versions
	}
	w, err := p.lists(ctx, c, member.person)
	if err != nil {
		p.leave(member)
		return nil, err
	}
	p.tell(c, w, nil)
	return member, nil
}

// enter adds a stream, and says whether the versions that were found are the
// newest as far as it is known.
func (p *people) enter(member *personal, f follower) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	who := p.each[f.ID]
	if who == nil {
		who = &person{streams: make(map[*personal]struct{})}
		who.set(f.Versions)
		p.each[f.ID] = who
	}
	member.person = who
	who.streams[member] = struct{}{}
	return p.newest == f.place
}

func (p *people) leave(member *personal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.away, member)
	who := member.person
	if who == nil {
		return
	}
	delete(who.streams, member)
	if len(who.streams) == 0 && p.each[member.id] == who {
		delete(p.each, member.id)
	}
}

// set encodes the versions, once for all streams.
func (w *person) set(v profile.Versions) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // of four numbers
	}
	frame := sse.AppendEvent(nil, sse.Event{Name: "profile", Data: data})
	w.versions = v
	w.frame.Store(&frame)
}

// tell rings the streams of a profile that has changed, or ends those of one that
// is gone, and of devices that are. The rest is what look has read of it.
func (p *people) tell(c profile.Change, w *listed, gone map[profile.Key]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.newest = max(p.newest, c.Number)
	who := p.each[c.ID]
	if who == nil {
		return
	}
	if old := who.watched.Load(); w != nil && (old == nil || old.version < w.version) {
		who.watched.Store(w)
	}
	changed := newer(c.Versions, who.versions)
	if changed {
		who.set(c.Versions)
	}
	for member := range who.streams {
		switch {
		case c.Gone, gone[member.key]:
			member.stream.End(reasonProfile)
		case changed:
			member.stream.Ring(true)
		}
	}
}

// lists reads what is on the lists of a profile, where it is not known yet; nil
// where it is.
func (p *people) lists(ctx context.Context, c profile.Change, who *person) (*listed, error) {
	if old := who.watched.Load(); c.Versions.Lists == 0 || old != nil && old.version >= c.Versions.Lists {
		return nil, nil
	}
	lists, version, err := p.store.Lists(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	w := &listed{version: version, symbols: make(map[quotes.Symbol]bool)}
	for _, l := range lists {
		for _, sym := range l.Symbols {
			w.symbols[sym] = true
		}
	}
	return w, nil
}

// gone are the keys of open streams that do not open the profile any more. They
// are part of its settings.
func (p *people) gone(ctx context.Context, c profile.Change, who *person) (map[profile.Key]bool, error) {
	p.mu.Lock()
	gone := make(map[profile.Key]bool)
	if c.Versions.Settings > who.versions.Settings {
		for member := range who.streams {
			gone[member.key] = true
		}
	}
	p.mu.Unlock()
	for k := range gone {
		found, err := p.store.Open(ctx, k, time.Now())
		if err != nil {
			return nil, err
		}
		gone[k] = found.ID != c.ID
	}
	return gone, nil
}

// newer says that something in a has changed after b.
func newer(a, b profile.Versions) bool {
	return a.Lists > b.Lists || a.Alerts > b.Alerts || a.Marks > b.Marks || a.Settings > b.Settings
}

// run looks for changes until ctx ends, while anybody follows.
func (p *people) run(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ticker.C:
		case <-p.hints:
		case <-ctx.Done():
			return
		}
		if !p.followed() {
			continue
		}
		switch err := p.look(ctx); {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			failing = true
			p.logger.Error("pages are not told what changes in others; trying again until the database answers", "error", err)
		case err == nil && failing:
			failing = false
			p.logger.Info("pages are told again what changes in others")
		}
		rest := time.NewTimer(lookRest)
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
			return
		}
	}
}

func (p *people) followed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.each)+len(p.away) > 0
}

// look reads what has changed, and tells it. Streams that the database could not
// tell whose they are end when it answers.
func (p *people) look(ctx context.Context) error {
	for more := true; more; {
		var err error
		if more, err = p.lookOn(ctx); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for member := range p.away {
		member.stream.End(reasonProfile)
	}
	return nil
}

// lookOn reads the next changes, and says whether there are more. What it has
// told before an error it does not read again.
func (p *people) lookOn(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	p.mu.Lock()
	after := p.newest
	p.mu.Unlock()
	list, err := p.store.Changes(ctx, after, changesAtATime)
	if err != nil {
		return false, err
	}
	for _, c := range list {
		if err := p.take(ctx, c); err != nil {
			return false, err
		}
	}
	return len(list) == changesAtATime, nil
}

// take tells a change, with what else is to be read of it.
func (p *people) take(ctx context.Context, c profile.Change) error {
	p.mu.Lock()
	who := p.each[c.ID]
	p.mu.Unlock()
	if who == nil || c.Gone {
		p.tell(c, nil, nil)
		return nil
	}
	w, err := p.lists(ctx, c, who)
	if errors.Is(err, profile.ErrNoProfile) { // since then; that is a change of its own
		return nil
	}
	if err != nil {
		return err
	}
	gone, err := p.gone(ctx, c, who)
	if err != nil {
		return err
	}
	p.tell(c, w, gone)
	return nil
}

// appendTo appends what the client does not have yet.
func (m *personal) appendTo(dst [][]byte) [][]byte {
	m.given = nil
	if m.person == nil {
		return dst
	}
	frame := m.person.frame.Load()
	if frame == m.wrote {
		return dst
	}
	m.given = frame
	return append(dst, *frame)
}

// left says how many frames of the turn are left for others, of n that have left.
func (m *personal) left(n int) int {
	if m.given == nil || n == 0 {
		return n
	}
	m.wrote, m.given = m.given, nil
	return n - 1
}

// watches says whether a symbol is on one of the caller's lists. Any number may
// ask at once.
func (m *personal) watches(sym quotes.Symbol) bool {
	if m == nil || m.person == nil {
		return false
	}
	w := m.person.watched.Load()
	return w != nil && w.symbols[sym]
}
