package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// move makes a link on one device and opens it on another.
func (d *device) move(to *device) answer {
	d.t.Helper()
	var link struct {
		URL     string
		Expires time.Time
	}
	d.ask(http.MethodPost, "/api/v1/profile/move", "").want(d.t, http.StatusCreated).decode(d.t, &link)
	if left := time.Until(link.Expires); left < 9*time.Minute || left > 10*time.Minute {
		d.t.Errorf("the link is good for %s", left)
	}
	path, ok := strings.CutPrefix(link.URL, d.URL)
	if !ok {
		d.t.Fatalf("the link is %s", link.URL)
	}
	for range 2 { // to look uses nothing up
		if page := to.ask(http.MethodGet, path, "", "Accept", "text/html").want(d.t, http.StatusOK); !strings.Contains(page.body, `action="`+path+`"`) {
			d.t.Errorf("the page has no button:\n%s", clip(page.body))
		}
	}
	done := to.ask(http.MethodPost, path, "", "Accept", "text/html", "Sec-Fetch-Site", "same-origin").want(d.t, http.StatusOK)
	third := d.device()
	third.ask(http.MethodPost, path, "").problem(d.t, http.StatusNotFound)
	if page := third.ask(http.MethodGet, path, "", "Accept", "text/html").want(d.t, http.StatusNotFound); !strings.Contains(page.body, "of no use any more") || len(third.set) > 0 {
		d.t.Errorf("a used link: %s", clip(page.body))
	}
	return done
}

func TestALinkTakesAnotherDeviceIn(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--log-level", "debug")
	laptop, phone, tablet := s.device(), s.device("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1"), s.device()
	laptop.addList("Tech", "AAA")
	tablet.addList("Coins", "BTC/USD")
	laptop.move(phone)
	phone.wantLists("Tech:AAA")
	if c := phone.set; len(c) != 0 || phone.cookie == "" || phone.cookie == laptop.cookie {
		t.Errorf("the phone has the cookie %q", phone.cookie)
	}
	before := tablet.cookie
	if page := laptop.move(tablet); !strings.Contains(page.body, "1 list and 0 alerts") {
		t.Errorf("it is not said what was moved in:\n%s", page.body)
	}
	for _, d := range []*device{laptop, phone, tablet} {
		d.wantLists("Tech:AAA", "Coins:BTC/USD")
	}
	if tablet.cookie != before {
		t.Error("the tablet has another cookie")
	}
	o := phone.own().Profile
	if len(o.Devices) != 3 {
		t.Fatalf("%+v", o.Devices)
	}
	for _, device := range o.Devices {
		if device.This != (device.Label == "Safari on iPhone") {
			t.Errorf("%+v", device)
		}
		if device.This {
			laptop.ask(http.MethodDelete, "/api/v1/profile/devices/"+device.ID, "").want(t, http.StatusNoContent)
		}
	}
	phone.wantLists()
	if len(laptop.own().Profile.Devices) != 2 {
		t.Error("the phone is still among the devices")
	}
	laptop.ask(http.MethodDelete, "/api/v1/profile/devices/x", "").problem(t, http.StatusNotFound)
	if log := s.process.stderr.String(); regexp.MustCompile(`/move/[A-Z0-9]{5}`).MatchString(log) || !strings.Contains(log, "/move/…") {
		t.Error("the log has codes")
	}
	crossSite := s.device()
	crossSite.ask(http.MethodPost, "/move/x", "", "Sec-Fetch-Site", "cross-site").problem(t, http.StatusForbidden)
}

func TestARemovedDevicesStreamEnds(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	laptop, phone := s.device(), s.device()
	laptop.addList("Tech")
	laptop.move(phone)
	stays, ends := s.open("/events", "Cookie", laptop.cookie), s.open("/events", "Cookie", phone.cookie)
	stays.hello()
	ends.hello()
	for _, d := range phone.own().Profile.Devices {
		if d.This {
			laptop.ask(http.MethodDelete, "/api/v1/profile/devices/"+d.ID, "").want(t, http.StatusNoContent)
		}
	}
	ends.await("bye")
	laptop.addList("More")
	for stays.versions().Lists != 2 {
	}
}
