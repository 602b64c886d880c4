package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
)

// kinds are all kinds of channels, in the order in which people are offered them.
var kinds = []deliver.Kind{
	deliver.Push, deliver.Email, deliver.Ntfy, deliver.Slack, deliver.Discord, deliver.Webhook, deliver.Post, deliver.Service,
}

// ownChannel is a channel as its owner sees it. Delivered and Failing are left
// out where there is no such time.
type ownChannel struct {
	ID        deliver.ChannelID `json:"id"`
	Kind      deliver.Kind      `json:"kind"`
	Name      string            `json:"name"`
	Address   string            `json:"address"`
	Enabled   bool              `json:"enabled"`
	Alerts    bool              `json:"alerts"`
	Messages  bool              `json:"messages"`
	Confirmed bool              `json:"confirmed"`
	Created   time.Time         `json:"created"`
	Version   int64             `json:"version"`
	Delivered time.Time         `json:"delivered,omitzero"`
	Failing   time.Time         `json:"failing,omitzero"`
	Error     string            `json:"error,omitempty"`
	Secret    string            `json:"secret,omitempty"` // a webhook's new one
}

func ownChannelOf(c deliver.Channel) ownChannel {
	return ownChannel{
		ID: c.ID, Kind: c.Kind, Name: c.Name, Address: c.Address, Enabled: c.Enabled, Alerts: c.Alerts, Messages: c.Messages,
		Confirmed: !c.Confirmed.IsZero(), Created: c.Created, Version: c.Version, Delivered: c.Delivered, Failing: c.Failing, Error: c.Error,
	}
}

// channelFields are what people set of a channel.
type channelFields struct {
	Kind     deliver.Kind    `json:"kind"`
	Name     *string         `json:"name"`
	Address  *string         `json:"address"`
	Keys     json.RawMessage `json:"keys"` // of a browser's push subscription
	Enabled  *bool           `json:"enabled"`
	Alerts   *bool           `json:"alerts"`
	Messages *bool           `json:"messages"`
}

// into sets what is given.
func (f *channelFields) into(c *deliver.Channel) {
	set(&c.Name, f.Name)
	set(&c.Address, f.Address)
	set(&c.Enabled, f.Enabled)
	set(&c.Alerts, f.Alerts)
	set(&c.Messages, f.Messages)
	c.Name, c.Address = strings.TrimSpace(c.Name), strings.TrimSpace(c.Address)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// sender delivers to channels of a kind; nil where there is none.
func (s *Server) sender(kind deliver.Kind) deliver.Sender { return s.Outbox.Senders()[kind] }

// notOffered says why there are no channels of a kind here, "" where there are.
func (s *Server) notOffered(kind deliver.Kind) string {
	switch {
	case s.sender(kind) != nil:
		return ""
	case kind == deliver.Email:
		return "This server sends no mail: its operator has not set it up."
	case kind == deliver.Service:
		return "This server's operator has set up no chat services."
	case slices.Contains(kinds, kind):
		return fmt.Sprintf("This server does not deliver by %s.", kind)
	}
	return fmt.Sprintf("There is no way of the kind %q; choose one of %s.", clip(string(kind)), kindNames())
}

// kindNames lists the kinds.
func kindNames() string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return strings.Join(names, ", ")
}

// channels answers with the caller's channels, and the kinds that there are.
func (s *Server) channels(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	s.personal(c)
	id, err := s.caller(c)
	if err != nil {
		return err
	}
	type offer struct {
		Kind    deliver.Kind `json:"kind"`
		Names   []string     `json:"names,omitempty"` // that an address may have
		Missing string       `json:"missing,omitempty"`
	}
	answer := struct {
		Channels []ownChannel `json:"channels"`
		Kinds    []offer      `json:"kinds"`
		Limit    int          `json:"limit"`
	}{[]ownChannel{}, nil, profile.MaxChannels}
	if id != 0 {
		list, err := s.Channels.Channels(c.Request().Context(), int64(id))
		if err != nil {
			return err
		}
		for _, channel := range list {
			answer.Channels = append(answer.Channels, ownChannelOf(channel))
		}
	}
	for _, kind := range kinds {
		o := offer{Kind: kind, Missing: s.notOffered(kind)}
		if named, ok := s.sender(kind).(deliver.Namer); ok {
			o.Names = named.Names()
		}
		answer.Kinds = append(answer.Kinds, o)
	}
	return s.renderJSON(c, answer)
}

// channel answers with one of the caller's channels.
func (s *Server) channel(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	channel, err := s.ownChannel(c)
	if err != nil {
		return err
	}
	s.personal(c)
	setETag(c, channel.Version)
	return c.JSON(http.StatusOK, ownChannelOf(channel))
}

// addChannel adds a channel. One that must be confirmed is sent its code.
func (s *Server) addChannel(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	var fields channelFields
	if err := decodeJSON(c, &fields); err != nil {
		return err
	}
	now := time.Now()
	channel := deliver.Channel{Kind: fields.Kind, Enabled: true, Alerts: true, Created: now, Confirmed: now, Secret: string(fields.Keys)}
	fields.into(&channel)
	if why := s.notOffered(channel.Kind); why != "" {
		return refuse(http.StatusBadRequest, "%s", why)
	}
	if fields.Keys != nil && channel.Kind != deliver.Push {
		return refuse(http.StatusBadRequest, "Keys belong to a browser's push subscription alone.")
	}
	if err := s.prepare(c.Request().Context(), &channel); err != nil {
		return err
	}
	id, err := s.mustCaller(c)
	if err != nil {
		return err
	}
	channel.Profile = int64(id)
	code := s.unconfirm(&channel)
	if code != "" {
		if err := s.mayWrite(c, channel); err != nil {
			return err
		}
	}
	stored, err := s.Channels.AddChannel(c.Request().Context(), channel, profile.MaxChannels)
	if err != nil {
		return channelProblem(err)
	}
	if err := s.sendCode(c.Request().Context(), stored, code); err != nil {
		// The one who asked may be gone: what is of no use must not stay.
		return errors.Join(err, s.Channels.DeleteChannel(context.WithoutCancel(c.Request().Context()), stored.Profile, stored.ID))
	}
	s.profileChanged(id)
	answer := ownChannelOf(stored)
	if stored.Kind == deliver.Webhook {
		answer.Secret = stored.Secret
	}
	setETag(c, stored.Version)
	if stored.Version > 1 { // the browser's subscription was there
		return writeJSON(c, http.StatusOK, answer)
	}
	c.Response().Header().Set("Location", "/api/v1/channels/"+strconv.FormatInt(int64(stored.ID), 10))
	return writeJSON(c, http.StatusCreated, answer)
}

// renewSecret gives a webhook another secret, which the answer has, once. What is
// sent from then on is signed with it alone.
func (s *Server) renewSecret(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	channel, err := s.ownChannel(c)
	if err != nil {
		return err
	}
	if channel.Kind != deliver.Webhook {
		return refuse(http.StatusConflict, "Only webhooks have a secret that signs what they get.")
	}
	if err := s.mayChange(c, profile.ID(channel.Profile)); err != nil {
		return err
	}
	channel.Secret = deliver.NewSecret()
	stored, err := s.Channels.UpdateChannel(c.Request().Context(), channel)
	if err != nil {
		return channelProblem(err)
	}
	s.profileChanged(profile.ID(stored.Profile))
	setETag(c, stored.Version)
	answer := ownChannelOf(stored)
	answer.Secret = stored.Secret
	return writeJSON(c, http.StatusOK, answer)
}

// changeChannel changes what is given of a channel.
func (s *Server) changeChannel(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	var fields channelFields
	if err := decodeJSON(c, &fields); err != nil {
		return err
	}
	channel, err := s.ownChannel(c)
	if err != nil {
		return err
	}
	if err := ifMatch(c, channel.Version); err != nil {
		return err
	}
	before := channel.Address
	fields.into(&channel)
	switch {
	case fields.Kind != "" && fields.Kind != channel.Kind:
		return refuse(http.StatusBadRequest, "A channel stays of its kind; add another one.")
	case fields.Keys != nil, channel.Kind == deliver.Push && channel.Address != before:
		return refuse(http.StatusBadRequest, "A browser's subscription cannot be changed; delete the channel and add the new one.")
	}
	code := ""
	if channel.Address != before {
		if err := s.prepare(c.Request().Context(), &channel); err != nil {
			return err
		}
		code = s.unconfirm(&channel)
	} else if err := channel.Validate(); err != nil {
		return channelProblem(err)
	}
	if err := s.mayChange(c, profile.ID(channel.Profile)); err != nil {
		return err
	}
	if code != "" {
		if err := cmp.Or(s.mayWrite(c, channel), s.sendCode(c.Request().Context(), channel, code)); err != nil {
			return err
		}
	}
	return s.storeChannel(c, channel)
}

// storeChannel stores a change and answers with the channel as it is then.
func (s *Server) storeChannel(c echo.Context, channel deliver.Channel) error {
	stored, err := s.Channels.UpdateChannel(c.Request().Context(), channel)
	if err != nil {
		return channelProblem(err)
	}
	s.profileChanged(profile.ID(stored.Profile))
	setETag(c, stored.Version)
	return writeJSON(c, http.StatusOK, ownChannelOf(stored))
}

// deleteChannel removes a channel, and what waits for it.
func (s *Server) deleteChannel(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	channel, err := s.ownChannel(c)
	if err == nil && c.Request().Header.Get("If-Match") != "" {
		err = ifMatch(c, channel.Version)
	}
	if err == nil {
		err = s.mayChange(c, profile.ID(channel.Profile))
	}
	if err != nil {
		return err
	}
	if err := s.Channels.DeleteChannel(c.Request().Context(), channel.Profile, channel.ID); err != nil {
		return channelProblem(err)
	}
	s.profileChanged(profile.ID(channel.Profile))
	return c.NoContent(http.StatusNoContent)
}

// testText is what a test says.
const testText = "A test of tickboard: notifications arrive here."

// testChannel puts a test into the outbox; what became of it is among the
// channel's deliveries.
func (s *Server) testChannel(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	channel, err := s.ownChannel(c)
	if err != nil {
		return err
	}
	if channel.Confirmed.IsZero() {
		return refuse(http.StatusConflict, "Confirm the address first, with the code that was sent there.")
	}
	if err := s.mayChange(c, profile.ID(channel.Profile)); err != nil {
		return err
	}
	now := time.Now().UTC()
	n := alert.Notification{Type: alert.Info, Kind: alert.KindMessage, Message: testText, Time: now}
	row, err := s.Channels.AddTest(c.Request().Context(), channel.Profile, channel.ID, n.AppendJSON(nil), now)
	if err != nil {
		return channelProblem(err)
	}
	return writeJSON(c, http.StatusAccepted, struct {
		Delivery deliver.RowID `json:"delivery"`
	}{row})
}

// ownDelivery is a row of the outbox as the channel's owner sees it.
type ownDelivery struct {
	ID           deliver.RowID   `json:"id"`
	Test         bool            `json:"test,omitempty"`
	State        deliver.State   `json:"state"`
	Tries        int64           `json:"tries"`
	Error        string          `json:"error,omitempty"`
	Created      time.Time       `json:"created"`
	Due          time.Time       `json:"due,omitzero"` // when it is tried next
	Ended        time.Time       `json:"ended,omitzero"`
	Notification json.RawMessage `json:"notification"`
}

// deliveries answers with what was and is to be brought to a channel.
func (s *Server) deliveries(c echo.Context) error {
	values, err := query(c)
	if err == nil {
		err = knownOnly(values, "before", "limit")
	}
	if err != nil {
		return err
	}
	limit, err := intParam(values, "limit", 20, 100)
	if err != nil {
		return err
	}
	before, err := intParam(values, "before", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	channel, err := s.ownChannel(c)
	if err != nil {
		return err
	}
	list, err := s.Channels.Deliveries(c.Request().Context(), channel.Profile, channel.ID, deliver.RowID(before), int(limit))
	if err != nil {
		return err
	}
	answer := struct {
		Deliveries []ownDelivery `json:"deliveries"`
	}{[]ownDelivery{}}
	for _, d := range list {
		own := ownDelivery{
			ID: d.ID, Test: d.Notification == 0, State: d.State, Tries: d.Tries, Error: d.Error, Created: d.Created, Ended: d.Ended, Notification: d.Payload,
		}
		if d.State == deliver.Waiting {
			own.Due = d.Due
		}
		answer.Deliveries = append(answer.Deliveries, own)
	}
	s.personal(c)
	return s.renderJSON(c, answer)
}

// ownChannel is the caller's channel that the path names.
func (s *Server) ownChannel(c echo.Context) (deliver.Channel, error) {
	owner, err := s.ownerOnly(c)
	if err != nil {
		return deliver.Channel{}, err
	}
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return deliver.Channel{}, channelProblem(deliver.ErrNoChannel)
	}
	channel, err := s.Channels.Channel(c.Request().Context(), int64(owner), deliver.ChannelID(id))
	return channel, channelProblem(err)
}

// prepare checks a channel's name and address.
func (s *Server) prepare(ctx context.Context, channel *deliver.Channel) error {
	if err := channel.Validate(); err != nil {
		return channelProblem(err)
	}
	p, ok := s.sender(channel.Kind).(deliver.Preparer)
	if !ok {
		return nil
	}
	err := p.Prepare(ctx, channel)
	if err != nil && !errors.Is(err, deliver.ErrInvalid) {
		return refuse(http.StatusServiceUnavailable, "The address cannot be checked: %v. Try again in a moment.", err)
	}
	return channelProblem(err)
}

// channelProblem says what a refusal of a channel means for the one who asked,
// and leaves a fault as it is.
func channelProblem(err error) error {
	for _, p := range []struct {
		is     error
		status int
	}{
		{deliver.ErrNoChannel, http.StatusNotFound}, {deliver.ErrChannelChanged, http.StatusPreconditionFailed},
		{deliver.ErrTooMany, http.StatusUnprocessableEntity}, {deliver.ErrTestWaits, http.StatusConflict},
	} {
		if errors.Is(err, p.is) {
			return refuse(p.status, "%s", sentence(p.is.Error()))
		}
	}
	if errors.Is(err, deliver.ErrInvalid) {
		return refuse(http.StatusBadRequest, "%s", sentence(strings.TrimPrefix(err.Error(), deliver.ErrInvalid.Error()+": ")))
	}
	return err
}

// bare refuses query parameters.
func bare(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	return knownOnly(values)
}

// hashOf is a code as it is stored. Codes are read off a letter: case and spaces
// do not matter.
func hashOf(code string) string {
	sum := sha256.Sum256([]byte(strings.ToUpper(strings.Join(strings.Fields(code), ""))))
	return hex.EncodeToString(sum[:])
}

// newCode draws a code that people can type: 40 random bits.
func newCode() string { return rand.Text()[:8] }
