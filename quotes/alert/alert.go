// Package alert holds the rules that people set, the engine that watches every
// quote for them, and the notifications: what one is, the log that they form, and
// the node's one reader of that log, which every stream follows. It knows no wire
// but the notification's JSON, and no database but its Store and RuleStore
// interfaces.
//
//   - notification.go  Notification and what it may hold
//   - json.go          the notification on the wire
//   - store.go         Store: what a database must promise of the log
//   - log.go           Log: sending, resuming, pages
//   - tail.go          the reader: it keeps the ring at the log's end
//   - ring.go          the newest entries, encoded once
//   - audience.go      Audience: for whom a notification is
//   - follower.go      Follower: a stream's place in the log
//   - rule.go          Rule, its conditions and its State; beside it
//     rule_valid.go  what may be set, and what to say of it
//     rule_offer.go  what there is to set
//     rule_line.go   the bounds that a rule waits for, and what happens there
//     rule_text.go   a rule and its firing in words
//     span.go        times as people write them
//     rule_store.go  RuleStore: what a database must promise of the rules
//   - engine.go        Engine: rules in, quotes in, firings out; beside it
//     engine_book.go    a symbol with its rules: from one quote to the next
//     engine_rules.go   rules that come and go
//     engine_day.go     a new day, and what happened while nobody looked
//     engine_commit.go  the way of a firing into the database
//     engine_follow.go  rules that others have changed
//     engine_expiry.go  rules that expire
//     engine_demand.go  the symbols that the feeds are asked for
//   - index.go         which rules a value reaches, without looking at the others
//     index_series.go  the rows of values that rules watch
//     index_window.go  the extremes of a span of time
package alert
