// Package alert holds the notifications: what one is, the log that they form,
// and the node's one reader of that log, which every stream follows. It knows
// no wire but the notification's JSON, and no database but its Store interface.
//
//   - notification.go  Notification and what it may hold
//   - json.go          the notification on the wire
//   - store.go         Store: what a database must promise
//   - log.go           Log: sending, resuming, pages
//   - tail.go          the reader: it keeps the ring at the log's end
//   - ring.go          the newest entries, encoded once
//   - follower.go      Follower: a stream's place in the log
package alert
