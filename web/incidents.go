package web

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes/alert"
)

const (
	// incidentLook is how often the sources are looked at.
	incidentLook = 5 * time.Second
	// incidentAfter is how long a source is down before all are told so.
	incidentAfter = 30 * time.Second
	// steadyAfter is how long it works before all are told that.
	steadyAfter = 10 * time.Second
	// incidentQuiet is the shortest time between two tellings that a source is down.
	incidentQuiet = 10 * time.Minute
	// incidentAgain is how often what was not news is asked anew.
	incidentAgain = time.Minute
)

// incidents tells all when a source is down for longer, or works again. That is
// remembered in the database: of several processes one tells it, and after a
// restart none tells it again.
type incidents struct {
	states func() []feed.State
	log    *alert.Log
	store  alert.IncidentStore
	logger *slog.Logger

	known map[string]news // by source
}

// news is what the database was last asked to tell of a source.
type news struct {
	down bool
	told bool // or was none
	at   time.Time
}

// run looks at the sources until ctx ends.
func (i *incidents) run(ctx context.Context) {
	i.known = make(map[string]news)
	ticker := time.NewTicker(incidentLook)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			for _, state := range i.states() {
				if n, found := incidentOf(state, now); found {
					i.tell(ctx, n, now)
				}
			}
		}
	}
}

// tell tells what is news. That a source is down, which was told a short while ago,
// is told when that while is over.
func (i *incidents) tell(ctx context.Context, n alert.Incident, now time.Time) {
	last, asked := i.known[n.Source]
	if asked && last.down == n.Down && (last.told || now.Sub(last.at) < incidentAgain) {
		return
	}
	told, err := i.log.Tell(ctx, i.store, n, incidentQuiet)
	if err != nil {
		if ctx.Err() == nil {
			i.logger.Warn("it cannot be told how a source is; trying again", "feed", n.Source, "down", n.Down, "error", err)
		}
		return
	}
	i.known[n.Source] = news{n.Down, told || !n.Down, now}
}

// incidentOf is what there is to tell of a source. Its beginning is none, nor is
// the end of what ends, as a replay.
func incidentOf(state feed.State, now time.Time) (alert.Incident, bool) {
	n := alert.Notification{Type: alert.Warning, Kind: alert.KindIncident, Time: now.UTC()}
	since := now.Sub(state.Since)
	found := since >= incidentAfter
	switch state.Phase {
	case feed.Waiting, feed.Silent:
		n.Message = fmt.Sprintf("%s is down since %s. Its prices are the last ones known; it is tried again.", state.Name, state.Since.UTC().Format("15:04 UTC"))
	case feed.Failed:
		n.Message = fmt.Sprintf("%s has failed and is not tried again. Its prices are the last ones known.", state.Name)
	case feed.Running:
		n.Type, n.Message = alert.Success, fmt.Sprintf("%s works again.", state.Name)
		found = since >= steadyAfter && !state.LastMessage.Before(state.Since)
	default:
		found = false
	}
	return alert.Incident{Source: state.Name, Down: n.Type == alert.Warning, Notification: n}, found
}
