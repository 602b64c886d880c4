// Package deliver brings notifications to people who have no page open: over the
// channels that they have set, from an outbox in the database. What is in the
// outbox is delivered at least once, to each channel in the order of the rows, or
// given up after a day and shown as such. It refuses to be used against the
// network that it runs in. It knows no database but its Store interface.
//
//   - channel.go   Channel, the kinds, and what may be set
//   - message.go   Message: what is delivered
//   - sender.go    Sender, and how it tells what became of a try
//   - store.go     Outbox and Channels: what a database must promise
//   - runner.go    Runner: it works on the outbox; beside it
//     try.go     one try, and what follows from it
//     upkeep.go  what is old, and the figures
//   - webhook.go   signed posts for programs
//   - hooks.go     posts for ntfy, Slack, Discord and whatever takes plain text
//   - guard.go     Guard: requests to addresses that people have given
//   - post.go      one request, and what its answer means
//   - addresses.go which addresses are of the public internet
//   - push.go      browsers, by Web Push
//   - vapid.go     the keys of that: the server's, and browsers'
//   - mail.go      mail addresses, and the link that ends letters
//   - smtp.go      the operator's mail server
//   - service.go   the operator's chat services
//   - chats.go     those that the library knows
package deliver
