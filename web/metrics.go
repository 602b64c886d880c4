package web

import (
	"maps"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/web/sse"
)

// metrics is a registry of its own with the figures of all parts, asked for when
// somebody looks.
func (s *Server) metrics() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tickboard_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": s.Version, "go": runtime.Version()},
	})
	build.Set(1)
	reg.MustRegister(build, s.latency, figures{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
}

// figures collects what the parts return. Its metrics are not fixed beforehand:
// feeds and reasons become labels.
type figures struct{ s *Server }

// Describe implements prometheus.Collector as an unchecked one.
func (figures) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (f figures) Collect(out chan<- prometheus.Metric) {
	f.streams(out)
	f.hub(out)
	f.notifications(out)
	if f.s.Alerts != nil {
		f.alerts(out)
	}
	f.deliveries(out)
	f.feeds(out)
	if f.s.Certificate != nil {
		gauge(out, "tickboard_tls_certificate_expiry_timestamp_seconds", "When the TLS certificate expires, in seconds since 1970.",
			float64(f.s.Certificate.Expires().Unix()), nil)
	}
}

func (f figures) streams(out chan<- prometheus.Metric) {
	st := f.s.streams.Stats()
	gauge(out, "tickboard_streams", "Open streams.", float64(st.Open), nil)
	gauge(out, "tickboard_streams_limit", "Streams that may be open at once.", float64(f.s.MaxStreams), nil)
	gauge(out, "tickboard_streams_per_address_limit", "Streams that one address may have at once; 0 is no limit.", float64(f.s.MaxStreamsPerAddress), nil)
	gauge(out, "tickboard_streams_per_second_limit", "Streams that may be opened in a second; 0 is no limit.", float64(f.s.MaxStreamsPerSecond), nil)
	gauge(out, "tickboard_stream_addresses", "Addresses with streams that are counted for the limit per address.", float64(st.Addresses), nil)
	counter(out, "tickboard_streams_opened_total", "Streams that were opened.", float64(st.Opened), nil)
	// A limit is there to be seen before anybody meets it.
	refused := map[string]int64{sse.ReasonLimit: 0, sse.ReasonAddress: 0, sse.ReasonRate: 0}
	maps.Copy(refused, st.Refused)
	for reason, n := range refused {
		counter(out, "tickboard_streams_refused_total", "Streams that were told to come back later.", float64(n), labels{"reason": reason})
	}
	for reason, n := range st.Ended {
		counter(out, "tickboard_streams_ended_total", "Streams that have ended.", float64(n), labels{"reason": reason})
	}
	counter(out, "tickboard_events_written_total", "Events written to streams, without heartbeats.", float64(st.Events), nil)
	counter(out, "tickboard_heartbeats_written_total", "Heartbeats written to streams.", float64(st.Heartbeats), nil)
	counter(out, "tickboard_writes_total", "Turns in which events were written.", float64(st.Turns), nil)
	counter(out, "tickboard_bytes_written_total", "Bytes written to streams.", float64(st.Bytes), nil)
}

func (f figures) hub(out chan<- prometheus.Metric) {
	st := f.s.Hub.Stats()
	gauge(out, "tickboard_symbols", "Symbols with a quote or a reader.", float64(st.Keys), nil)
	counter(out, "tickboard_quotes_published_total", "Quotes published to the hub.", float64(st.Published), nil)
	counter(out, "tickboard_quotes_conflated_total", "Quotes that a stream has skipped for a newer one of the same symbol.", float64(st.Conflated), nil)
}

func (f figures) notifications(out chan<- prometheus.Metric) {
	st := f.s.Log.Stats()
	gauge(out, "tickboard_notifications_newest", "Number of the newest notification.", float64(st.Newest), nil)
	counter(out, "tickboard_notifications_sent_total", "Notifications stored by this process.", float64(st.Sent), nil)
	counter(out, "tickboard_notifications_send_errors_total", "Notifications that could not be stored.", float64(st.SendErrors), nil)
	counter(out, "tickboard_notifications_read_errors_total", "Looks into the database that failed.", float64(st.ReadErrors), nil)
}

func (f figures) alerts(out chan<- prometheus.Metric) {
	st := f.s.Alerts.Stats()
	gauge(out, "tickboard_alerts", "Alerts that may fire.", float64(st.Rules), nil)
	gauge(out, "tickboard_alerts_waiting", "Alerts whose new state is not stored yet.", float64(st.Waiting), nil)
	counter(out, "tickboard_alerts_quotes_total", "Quotes that the alerts were compared with.", float64(st.Quotes), nil)
	counter(out, "tickboard_alerts_older_quotes_total", "Quotes that were left out, for a newer one of their symbol had come before them.", float64(st.Older), nil)
	counter(out, "tickboard_alerts_fired_total", "Alerts that fired and were stored by this process.", float64(st.Fired), nil)
	counter(out, "tickboard_alerts_left_out_total", "Alerts that were changed or deleted before they were stored.", float64(st.LeftOut), nil)
	counter(out, "tickboard_alerts_store_errors_total", "Tries to store alerts that failed and were made again.", float64(st.Errors), nil)
}

func (f figures) deliveries(out chan<- prometheus.Metric) {
	st := f.s.Outbox.Stats()
	gauge(out, "tickboard_deliveries_waiting", "Notifications that wait to be delivered to a channel, of all processes on the database.", float64(st.Waiting), nil)
	gauge(out, "tickboard_deliveries_oldest_timestamp_seconds", "When the oldest of them was made, in seconds since 1970; 0 is none.", unix(st.Oldest), nil)
	gauge(out, "tickboard_deliveries_running", "Tries that are under way.", float64(st.Running), nil)
	counter(out, "tickboard_deliveries_total", "Notifications that a channel has taken.", float64(st.Delivered), nil)
	counter(out, "tickboard_delivery_failures_total", "Tries that failed.", float64(st.Failed), nil)
	counter(out, "tickboard_deliveries_dead_total", "Notifications that were given up.", float64(st.Dead), nil)
	counter(out, "tickboard_deliveries_cut_total", "Tries that a stop cut short; they come again.", float64(st.Cut), nil)
	counter(out, "tickboard_channels_closed_total", "Channels that were turned off because they took nothing, or removed because they are gone.", float64(st.Closed), nil)
}

func (f figures) feeds(out chan<- prometheus.Metric) {
	for _, st := range f.s.Market.States() {
		for outcome, n := range st.Updates {
			counter(out, "tickboard_feed_updates_total", "Updates of a feed by what became of them.", float64(n),
				labels{"feed": st.Name, "outcome": feed.Outcome(outcome).String()})
		}
		with := labels{"feed": st.Name}
		counter(out, "tickboard_feed_messages_total", "Messages that came from a feed's vendor.", float64(st.Messages), with)
		gauge(out, "tickboard_feed_last_message_timestamp_seconds", "When a feed last said anything, in seconds since 1970; 0 is never.", unix(st.LastMessage), with)
		gauge(out, "tickboard_feed_last_update_timestamp_seconds", "When a feed last said anything of a symbol, in seconds since 1970; 0 is never.", unix(st.LastUpdate), with)
		gauge(out, "tickboard_feed_state_timestamp_seconds", "Since when a feed is in its state, in seconds since 1970.", unix(st.Since), with)
		for _, phase := range []feed.Phase{feed.Starting, feed.Running, feed.Waiting, feed.Silent, feed.Finished, feed.Failed} {
			gauge(out, "tickboard_feed_state", "1 for the state that a feed is in.", one(st.Phase == phase), labels{"feed": st.Name, "state": string(phase)})
		}
		gauge(out, "tickboard_feed_instruments", "Instruments that a feed has listed.", float64(st.Listed), with)
		gauge(out, "tickboard_feed_subscriptions_asked", "Symbols that a feed has asked its vendor for; 0 where the vendor sends all.", float64(st.Asked), with)
		gauge(out, "tickboard_feed_subscriptions_confirmed", "Symbols that the vendor has confirmed.", float64(st.Got), with)
		gauge(out, "tickboard_feed_subscriptions_refused", "Symbols that a feed cannot send, counted up to a hundred.", float64(len(st.Refused)), with)
		gauge(out, "tickboard_feed_symbols_restored", "Symbols that began with a stored quote.", float64(st.Restored), with)
		counter(out, "tickboard_feed_restarts_total", "How often a feed failed and was called again.", float64(st.Restarts), with)
		gauge(out, "tickboard_feed_symbols", "Symbols that a feed has given a quote of.", float64(st.Symbols), with)
		gauge(out, "tickboard_feed_running", "1 while a feed runs.", one(st.Phase == feed.Running), with)
	}
}

// unix is a moment as Prometheus has it, 0 for none.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

type labels = prometheus.Labels

func gauge(out chan<- prometheus.Metric, name, help string, value float64, with labels) {
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, with), prometheus.GaugeValue, value)
}

func counter(out chan<- prometheus.Metric, name, help string, value float64, with labels) {
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, with), prometheus.CounterValue, value)
}
