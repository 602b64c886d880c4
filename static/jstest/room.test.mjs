import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Room } from '../js/share/room.js'
import { follow } from '../js/stream.js'
import { FakeHost, local, member, settle } from './fake.mjs'

/** A browser with a room, and a way to open tabs in it. */
function browser() {
	const host = new FakeHost()
	const room = new Room(host)
	return { host, room, tab: (symbols, options) => member(follow, host, [local(room)], symbols, options) }
}

const quote = (symbol, version) => ['stock_quote', { symbol, version }]

test('two tabs have one stream, with the symbols of both', async () => {
	const { host, tab } = browser()
	const one = tab(['AAPL', 'MSFT'])
	host.source.hello(['AAPL', 'MSFT'])
	const two = tab(['MSFT', 'TSLA'])
	await settle()
	assert.equal(host.sources.length, 1)
	assert.deepEqual(host.posts.map((p) => p.body), [{ add: ['TSLA'], remove: [] }])
	for (const s of ['AAPL', 'MSFT', 'TSLA']) host.source.emit(...quote(s, 5))
	assert.deepEqual(one.log.quotes.map((q) => q[0]), ['AAPL', 'MSFT'])
	assert.deepEqual(two.log.quotes.map((q) => q[0]), ['MSFT', 'TSLA'])
	one.stream.set(['AAPL'])
	await settle()
	assert.equal(host.posts.length, 1, 'the other tab still wants it')
	two.stream.close()
	await settle()
	assert.deepEqual(host.posts.at(-1).body, { add: [], remove: ['MSFT', 'TSLA'] })
	one.stream.close()
	assert.equal(host.source.closed, true)
})

test('a tab that joins has the newest quote of each of its symbols at once', () => {
	const { host, tab } = browser()
	tab(['AAPL'])
	host.source.hello(['AAPL'])
	host.source.emit(...quote('AAPL', 5))
	host.source.emit(...quote('AAPL', 6))
	const two = tab(['AAPL'])
	assert.deepEqual(two.log.quotes, [['AAPL', 6, true]])
	assert.equal(two.state().name, 'open')
	host.source.emit(...quote('AAPL', 7))
	assert.deepEqual(two.log.quotes.at(-1), ['AAPL', 7, false])
})

test('a quote that nobody wants any more is not kept', async () => {
	const { host, tab } = browser()
	const one = tab(['AAPL', 'MSFT'])
	host.source.hello(['AAPL', 'MSFT'])
	host.source.emit(...quote('MSFT', 5))
	one.stream.set(['AAPL'])
	await settle()
	assert.deepEqual(tab(['MSFT']).log.quotes, [])
})

test('a pause is one tab\'s own', async () => {
	const { host, tab } = browser()
	const one = tab(['AAPL']), two = tab(['AAPL'])
	host.source.hello(['AAPL'])
	one.stream.pause()
	await settle()
	assert.deepEqual(host.posts, [])
	host.source.emit(...quote('AAPL', 5))
	host.source.emit('notification', { id: 1 }, '1')
	assert.deepEqual([one.log.quotes, two.log.quotes], [[], [['AAPL', 5, true]]])
	assert.deepEqual([one.log.notes, two.log.notes], [[1], [1]])
	one.stream.resume()
	assert.deepEqual(one.log.quotes, [['AAPL', 5, true]])
})

test('the stream goes at the highest rate, each tab at its own', async () => {
	const { host, tab } = browser()
	const slow = tab(['AAPL']), fast = tab(['AAPL'])
	host.source.hello(['AAPL'])
	slow.stream.setRate(1)
	await settle()
	assert.deepEqual(host.posts, [])
	for (let i = 0; i < 40; i++) {
		host.source.emit(...quote('AAPL', 10 + i))
		await host.advance(100)
	}
	assert.equal(fast.log.quotes.length, 40)
	assert.ok(slow.log.quotes.length >= 4 && slow.log.quotes.length <= 6, `${slow.log.quotes.length} quotes in four seconds`)
	await host.advance(1000)
	assert.deepEqual(slow.log.quotes.at(-1).slice(0, 2), ['AAPL', 49], 'the newest comes')
	fast.stream.setRate(5)
	await settle()
	assert.deepEqual(host.posts.at(-1).body, { add: [], remove: [], max_rate: 5 })
	fast.stream.close()
	await settle()
	assert.deepEqual(host.posts.at(-1).body, { add: [], remove: [], max_rate: 1 })
})

test('every tab gets each notification above its own number once', async () => {
	const { host, tab } = browser()
	const one = tab(['AAPL'], { lastEventId: 7 })
	host.source.hello(['AAPL'], { resumed: true }, '7')
	for (const id of [8, 9]) host.source.emit('notification', { id }, String(id))
	const two = tab(['AAPL'], { lastEventId: 8 })
	host.source.emit('notification', { id: 10 }, '10')
	assert.deepEqual([one.log.notes, two.log.notes], [[8, 9, 10], [9, 10]])
	// A page from further back than what is kept: the log is asked again.
	const three = tab(['AAPL'], { lastEventId: 5 })
	assert.equal(host.source.url, '/events?symbols=AAPL&last_event_id=5')
	host.source.hello(['AAPL'], { resumed: true }, '5')
	for (const id of [6, 7, 8, 9, 10, 11]) host.source.emit('notification', { id }, String(id))
	assert.deepEqual([one.log.notes, two.log.notes, three.log.notes], [[8, 9, 10, 11], [9, 10, 11], [6, 7, 8, 9, 10, 11]])
	// What came again is kept once.
	assert.deepEqual(tab([], { lastEventId: 9 }).log.notes, [10, 11])
	assert.equal(host.sources.length, 2)
})

test('a frame that wants no notifications does not hide those before it from a tab', () => {
	const { host, tab } = browser()
	tab(['AAPL'])
	host.source.hello(['AAPL'], { resumed: false }, '50')
	const page = tab(['AAPL'], { lastEventId: 48 })
	assert.equal(host.source.url, '/events?symbols=AAPL&last_event_id=48')
	host.source.hello(['AAPL'], { resumed: true }, '48')
	for (const id of [49, 50]) host.source.emit('notification', { id }, String(id))
	assert.deepEqual(page.log.notes, [49, 50])
})

test('what is kept of the log is bounded, and what is beyond is asked again', () => {
	const { host, room, tab } = browser()
	const one = tab([], { lastEventId: 0 })
	host.source.hello([], { resumed: true }, '0')
	for (let id = 1; id <= 600; id++) host.source.emit('notification', { id }, String(id))
	assert.equal(one.log.notes.length, 600)
	assert.equal(room.ring.length, 500)
	assert.equal(tab([], { lastEventId: 100 }).log.notes.length, 500)
	assert.equal(host.sources.length, 1)
	tab([], { lastEventId: 99 })
	assert.equal(host.source.url, '/events?symbols=&last_event_id=99')
})

test('all tabs are told of the connection', async () => {
	const { host, tab } = browser()
	const one = tab(['AAPL']), two = tab(['AAPL'])
	host.source.hello(['AAPL'])
	host.source.emit('error')
	for (const t of [one, two]) {
		assert.equal(t.state().name, 'waiting')
		assert.equal(+t.state().retry, host.time + 2000)
	}
	const late = tab(['AAPL'])
	assert.equal(late.state().name, 'waiting')
	late.stream.retry()
	host.source.hello(['AAPL'])
	host.source.emit(...quote('AAPL', 5))
	for (const t of [one, two, late]) {
		assert.equal(t.state().name, 'open')
		assert.deepEqual(t.log.quotes.at(-1), ['AAPL', 5, true])
	}
})

test('the symbols go when no tab is seen for a minute, not before', async () => {
	const { host, tab } = browser()
	const one = tab(['AAPL']), two = tab(['MSFT'])
	host.source.hello(['AAPL'])
	await settle()
	host.posts.length = 0
	const beating = async (ms) => {
		for (; ms > 0; ms -= 10_000) {
			host.source.emit('heartbeat')
			await host.advance(10_000)
		}
	}
	one.stream.hidden(true)
	await beating(120_000)
	assert.deepEqual(host.posts, [])
	two.stream.hidden(true)
	await beating(50_000)
	assert.deepEqual(host.posts, [])
	await beating(20_000)
	assert.deepEqual(host.posts.map((p) => p.body), [{ add: [], remove: ['AAPL', 'MSFT'] }])
	host.source.emit('notification', { id: 1 }, '1')
	assert.deepEqual(one.log.notes, [1])
	one.stream.hidden(false)
	await settle()
	assert.deepEqual(host.posts.at(-1).body, { add: ['AAPL', 'MSFT'], remove: [] })
})

test('a tab that says nothing any more leaves the union', async () => {
	const { host, room, tab } = browser()
	tab(['AAPL'])
	const port = { postMessage() {} }
	room.take(port, { symbols: ['TSLA'] })
	host.source.hello(['AAPL', 'TSLA'])
	for (let i = 0; i < 14; i++) {
		host.source.emit('heartbeat')
		await host.advance(10_000)
	}
	assert.deepEqual(host.posts, [])
	for (let i = 0; i < 3; i++) {
		host.source.emit('heartbeat')
		await host.advance(10_000)
	}
	assert.deepEqual(host.posts.map((p) => p.body), [{ add: [], remove: ['TSLA'] }])
})

test('a tab with which all would have too many symbols is on its own', () => {
	const host = new FakeHost()
	const room = new Room(host), own = new Room(host)
	const tab = (symbols) => member(follow, host, [local(room), local(own)], symbols, { most: 2 })
	tab(['AAPL', 'MSFT'])
	const two = tab(['TSLA'])
	assert.equal(host.source.url, '/events?symbols=TSLA')
	host.source.hello(['TSLA'])
	host.source.emit(...quote('TSLA', 5))
	assert.deepEqual(two.log.quotes, [['TSLA', 5, true]])
	assert.deepEqual([...room.union], ['AAPL', 'MSFT'])
	assert.deepEqual(two.log.refused, [])
})

test('a rung that throws, fails or does not answer leads to the next', async () => {
	for (const rung of [
		() => { throw new Error('denied') },
		(_, fail) => { setTimeout(fail); return { postMessage() {}, close() {} } },
		() => ({ postMessage() {}, close() {} }),
		async () => { throw new Error('no module') },
	]) {
		const host = new FakeHost()
		const { state } = member(follow, host, [rung, local(new Room(host))], ['AAPL'])
		await new Promise((r) => setTimeout(r, 5))
		await host.advance(2000)
		assert.equal(host.sources.length, 1)
		host.source.hello(['AAPL'])
		assert.equal(state().name, 'open')
	}
})

test('an answer that comes too late is not heard', async () => {
	const host = new FakeHost()
	let say
	const late = (receive) => { say = receive; return { postMessage() {}, close() {} } }
	const { log } = member(follow, host, [late, local(new Room(host))], ['AAPL'])
	await host.advance(2000)
	say({ quote: { symbol: 'AAPL', version: 1 } })
	assert.deepEqual(log.quotes, [])
})

test('a room that dies is looked for again', async () => {
	const host = new FakeHost()
	let alive = true, joined = 0
	const rung = (receive) => {
		joined++
		return { postMessage: (want) => { if (alive && !want.bye) receive({}) }, close() {} }
	}
	const { state } = member(follow, host, [rung, () => { throw new Error('none') }], ['AAPL'])
	await host.advance(100_000)
	const died = host.time
	assert.equal(joined, 1)
	alive = false
	await host.advance(12_100)
	assert.equal(state().name, 'silent')
	assert.ok(+state().since > died - 3100 && +state().since <= died)
	assert.ok(joined > 1, `joined ${joined} times`)
})

test('every tab hears which versions the viewer\'s things have, at once when it joins', () => {
	const { host, tab } = browser()
	const one = tab(['AAPL'])
	host.source.hello(['AAPL'])
	assert.deepEqual(one.log.profiles, [])
	host.source.emit('profile', { alerts: 3 })
	const two = tab(['AAPL'])
	assert.deepEqual([one.log.profiles, two.log.profiles], [[3], [3]])
	host.source.emit('profile', { alerts: 4 })
	assert.deepEqual([one.log.profiles, two.log.profiles], [[3, 4], [3, 4]])
})

test('the stream begins again for a viewer who has got a profile, once and after the last notification', () => {
	const { host, tab } = browser()
	const one = tab(['AAPL'], { lastEventId: 7 })
	const two = tab(['AAPL'], { lastEventId: 7 })
	host.source.hello(['AAPL'], { resumed: true }, '7')
	host.source.emit('notification', { id: 8 }, '8')
	one.stream.renew()
	assert.equal(host.sources.length, 2)
	assert.match(host.source.url, /last_event_id=8/)
	host.source.hello(['AAPL'], { resumed: true }, '8')
	host.source.emit('profile', { alerts: 1 })
	two.stream.renew()
	assert.equal(host.sources.length, 2, 'it has the profile already')
	assert.deepEqual([one.log.notes, two.log.notes, two.log.profiles], [[8], [8], [1]])
})
