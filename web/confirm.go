package web

import (
	"cmp"
	"context"
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	// codeTime is how long a code may take on its way out.
	codeTime = 10 * time.Second
	// codeLife is how long it is good. Nobody guesses 40 bits in that time, at the
	// pace that a profile's changes have.
	codeLife = time.Hour
)

// codes limits the codes that are sent, which go to whatever address somebody
// has given: few for each who asks and each address, and not many altogether.
type codes struct {
	profiles  budgets[profile.ID]
	addresses budgets[string]
	all       *rate.Limiter
}

func newCodes() *codes {
	return &codes{
		profiles:  budgets[profile.ID]{pace: rate.Every(12 * time.Minute), burst: 5},
		addresses: budgets[string]{pace: rate.Every(20 * time.Minute), burst: 3},
		all:       rate.NewLimiter(rate.Every(time.Minute), 60),
	}
}

func (l *codes) take(owner profile.ID, address string) bool {
	return l.profiles.take(owner) && l.addresses.take(strings.ToLower(address)) && l.all.Allow()
}

// unconfirm gives a channel whose address must be confirmed a code, and returns
// it; "" for one that need not be.
func (s *Server) unconfirm(channel *deliver.Channel) (code string) {
	if _, ok := s.sender(channel.Kind).(deliver.Confirmer); !ok {
		return ""
	}
	code = newCode()
	channel.Confirmed, channel.CodeHash = time.Time{}, hashOf(code)+" "+strconv.FormatInt(time.Now().Add(codeLife).Unix(), 10)
	return code
}

// mayWrite counts a code against the limits.
func (s *Server) mayWrite(c echo.Context, channel deliver.Channel) error {
	if s.codes.take(profile.ID(channel.Profile), channel.Address) {
		return nil
	}
	c.Response().Header().Set("Retry-After", "1200")
	return refuse(http.StatusTooManyRequests, "Too many codes were sent. Look whether one has arrived; try again in twenty minutes.")
}

// sendCode sends the code that confirms a channel; "" is nothing to send.
func (s *Server) sendCode(ctx context.Context, channel deliver.Channel, code string) error {
	confirmer, ok := s.sender(channel.Kind).(deliver.Confirmer)
	if !ok || code == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, codeTime)
	defer cancel()
	if err := confirmer.SendCode(ctx, channel, code); err != nil {
		status := http.StatusServiceUnavailable
		if v := deliver.VerdictOf(err); v.Permanent || v.Gone {
			status = http.StatusUnprocessableEntity
		}
		return refuse(status, "The code could not be sent: %v.", err)
	}
	return nil
}

// resendCode sends another code; those before are of no use then.
func (s *Server) resendCode(c echo.Context) error {
	channel, err := s.unconfirmed(c)
	if err != nil {
		return err
	}
	code := s.unconfirm(&channel)
	if code == "" {
		return refuse(http.StatusConflict, "%s", s.notOffered(channel.Kind))
	}
	if err := cmp.Or(s.mayWrite(c, channel), s.sendCode(c.Request().Context(), channel, code)); err != nil {
		return err
	}
	return s.storeChannel(c, channel)
}

// confirmChannel takes the code that was sent to the address.
func (s *Server) confirmChannel(c echo.Context) error {
	var sent struct {
		Code string `json:"code"`
	}
	if err := decodeJSON(c, &sent); err != nil {
		return err
	}
	channel, err := s.unconfirmed(c)
	if err != nil {
		return err
	}
	hash, end, _ := strings.Cut(channel.CodeHash, " ")
	if until, err := strconv.ParseInt(end, 10, 64); err != nil || time.Now().Unix() >= until {
		return refuse(http.StatusUnprocessableEntity, "The code that was sent to %s is too old. Have another one sent.", channel.Address)
	}
	if subtle.ConstantTimeCompare([]byte(hashOf(sent.Code)), []byte(hash)) != 1 {
		return refuse(http.StatusUnprocessableEntity, "This is not the code that was sent to %s last. Type it as the letter has it, or have another one sent.", channel.Address)
	}
	channel.Confirmed, channel.CodeHash = time.Now(), ""
	return s.storeChannel(c, channel)
}

// unconfirmed is the caller's channel that the path names, which waits for its code.
func (s *Server) unconfirmed(c echo.Context) (deliver.Channel, error) {
	if err := bare(c); err != nil {
		return deliver.Channel{}, err
	}
	channel, err := s.ownChannel(c)
	if err == nil && !channel.Confirmed.IsZero() {
		err = refuse(http.StatusConflict, "The address is confirmed already.")
	}
	if err == nil {
		err = s.mayChange(c, profile.ID(channel.Profile))
	}
	return channel, err
}
