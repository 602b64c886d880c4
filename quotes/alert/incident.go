package alert

import (
	"context"
	"time"
)

// Incident is news of a source of quotes: that it is down, or works again.
type Incident struct {
	Source string
	Down   bool
	// Notification is what all are told.
	Notification Notification
}

// IncidentStore keeps what all were told of each source. Any number of
// processes may have it at once.
type IncidentStore interface {
	// TellIncident stores the notification of an incident if it is news: that a
	// source is down, where all were not told so and for the time quiet were not;
	// that it works again, where they were told that it is down. Of several that
	// tell the same at once one does.
	TellIncident(ctx context.Context, i Incident, quiet time.Duration) (told bool, err error)
}

// Tell stores the notification of an incident if it is news, at the present time
// where it has none, and tells the reader.
func (l *Log) Tell(ctx context.Context, store IncidentStore, i Incident, quiet time.Duration) (told bool, err error) {
	if i.Notification.Time.IsZero() {
		i.Notification.Time = time.Now()
	}
	told, err = store.TellIncident(ctx, i, quiet)
	switch {
	case err != nil:
		l.counts.sendErrors.Add(1)
	case told:
		l.counts.sent.Add(1)
		l.Hint()
	}
	return told, err
}
