package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

// storeTime bounds what is stored of a try that was cut short by a stop.
const storeTime = 500 * time.Millisecond

// try takes a row by lease, tries it once and stores what became of it.
func (r *Runner) try(ctx context.Context, d Due) {
	if ctx.Err() != nil {
		return
	}
	now := time.Now()
	l, ok, err := r.outbox.Lease(ctx, d.ID, now, now.Add(r.opts.Lease), r.opts.Rate)
	if err != nil || !ok {
		return // a database that fails is told by the next look
	}
	err = r.send(ctx, l)
	if err != nil && ctx.Err() != nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
		defer cancel()
		_ = r.outbox.Free(bounded, l) // otherwise the lease passes
		r.count(func(s *Stats) { s.Cut++ })
		return
	}
	result := r.follow(l, time.Now(), err)
	if r.finish(ctx, l, result) {
		r.note(l, result)
	}
}

// send is the try itself.
func (r *Runner) send(ctx context.Context, l Lease) (err error) {
	sender := r.opts.Senders[l.Channel.Kind]
	if sender == nil {
		return errors.New("this server does not deliver to channels of this kind now")
	}
	m, err := r.message(l.Delivery)
	if err != nil {
		return Permanent(err)
	}
	if m.Notification.Expired(time.Now()) {
		return Permanent(errors.New("it had expired"))
	}
	ctx, cancel := context.WithTimeout(ctx, r.opts.TryTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil { // a library's: not to be met again by the next process
			r.opts.Logger.Error("a delivery failed in the program", "kind", l.Channel.Kind, "panic", p)
			err = Permanent(errors.New("the server failed at it"))
		}
	}()
	if err = sender.Send(ctx, l.Channel, m); errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("it does not answer in time")
	}
	return err
}

// message makes the message of a row.
func (r *Runner) message(d Delivery) (Message, error) {
	m := Message{Key: key(d), Title: "tickboard", Test: d.Notification == 0}
	if err := m.Notification.UnmarshalJSON(d.Payload); err != nil {
		return m, errors.New("the notification cannot be read any more")
	}
	n := &m.Notification
	n.Link = link(r.opts.PublicURL, n)
	m.Text, m.Link, m.Body = n.Message, n.Link, n.AppendJSON(nil)
	if !n.Symbol.IsZero() {
		m.Title = n.Symbol.String()
	}
	return m, nil
}

// key names a row towards its receiver, who may get messages of other servers too.
func key(d Delivery) string {
	hash := sha256.Sum256(fmt.Appendf(nil, "%d %d %d", d.ID, d.Channel, d.Created.UnixMicro()))
	return hex.EncodeToString(hash[:16])
}

// link is where a person reads more: where the notification says, or the page of
// its symbol.
func link(site *url.URL, n *alert.Notification) string {
	to := &url.URL{Path: "/q/" + n.Symbol.String()}
	switch {
	case n.Link != "":
		var err error
		if to, err = url.Parse(n.Link); err != nil {
			return ""
		}
	case n.Symbol.IsZero():
		return ""
	}
	if to.IsAbs() {
		return to.String()
	}
	if site == nil {
		return ""
	}
	return site.ResolveReference(to).String()
}

// follow decides what follows from a try.
func (r *Runner) follow(l Lease, now time.Time, err error) Result {
	if err == nil {
		return Result{State: Delivered}
	}
	v := VerdictOf(err)
	says := strings.TrimPrefix(err.Error(), ErrInvalid.Error()+": ") // the owner knows what it is of
	result := Result{State: Dead, Error: clip(says)}
	end := l.Delivery.Created.Add(r.opts.GiveUp)
	switch {
	case v.Gone && l.Channel.Kind == Push:
		result.Remove = true
	case v.Gone:
		result.Close = true
	case v.Permanent, l.Delivery.Notification == 0: // a test tells what happens now
	case !now.Before(end):
		result.Error = clip(fmt.Sprintf("given up after %v: %s", r.opts.GiveUp, says))
	default:
		result.State = Waiting
		if result.Due = now.Add(r.wait(l.Delivery.Tries, v.After)); result.Due.After(end) {
			result.Due = end // for the last time
		}
	}
	if since := l.Channel.Failing; !since.IsZero() && now.Sub(since) > r.opts.TurnOff && l.Channel.Enabled {
		result.Close = true
	}
	return result
}

// wait is the time until the next try after so many, longer where the receiver
// asks for it. A fifth more or less spreads those that failed together.
func (r *Runner) wait(tries int64, asked time.Duration) time.Duration {
	wait := r.opts.FirstWait
	for i := int64(1); i < tries && wait < r.opts.LastWait; i++ {
		wait *= 2
	}
	wait = min(wait, r.opts.LastWait)
	wait += time.Duration((rand.Float64()*0.4 - 0.2) * float64(wait))
	return max(wait, asked)
}

// maxError bounds what is kept of an error, in bytes.
const maxError = 300

func clip(text string) string {
	if len(text) <= maxError {
		return text
	}
	return strings.ToValidUTF8(text[:maxError], "") + "…"
}

// finish stores what became of a try; while the database does not answer it is
// asked again, as long as the lease lasts, because the alternative is a message
// that comes twice.
func (r *Runner) finish(ctx context.Context, l Lease, result Result) bool {
	for {
		ok, err := r.outbox.Finish(ctx, l, time.Now(), result)
		if err == nil {
			return ok
		}
		pause := time.NewTimer(r.opts.Poll)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
			defer cancel()
			ok, err = r.outbox.Finish(bounded, l, time.Now(), result)
			return err == nil && ok
		}
		if !time.Now().Before(l.Until) {
			return false
		}
	}
}

// note counts what became of a try.
func (r *Runner) note(l Lease, result Result) {
	r.count(func(s *Stats) {
		switch result.State {
		case Delivered:
			s.Delivered++
		case Dead:
			s.Failed++
			s.Dead++
		case Waiting:
			s.Failed++
		}
		if result.Close || result.Remove {
			s.Closed++
		}
	})
	if result.Close || result.Remove {
		r.opts.Logger.Info("a channel was turned off", "channel", l.Channel.ID, "kind", l.Channel.Kind, "failing_since", l.Channel.Failing, "error", result.Error)
	}
}
