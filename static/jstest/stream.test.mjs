import assert from 'node:assert/strict'
import { test } from 'node:test'
import { follow } from '../js/stream.js'
import { Room } from '../js/share/room.js'
import { FakeHost, local, member, settle } from './fake.mjs'

/** A page whose browser has no other. */
function start(symbols = ['AAPL', 'MSFT'], options = {}) {
	const host = new FakeHost()
	return { host, ...member(follow, host, [local(new Room(host))], symbols, options) }
}

test('the first request names the symbols and the last notification', () => {
	const { host } = start(['AAPL', 'BTC/USD'], { lastEventId: 41 })
	assert.equal(host.source.url, '/events?symbols=AAPL,BTC%2FUSD&last_event_id=41')
})

test('the first quote of a symbol is a snapshot, the next is a tick', () => {
	const { host, log } = start()
	host.source.hello(['AAPL', 'MSFT'])
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 5 })
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 6 })
	host.source.emit('stock_quote', { symbol: 'MSFT', version: 5 })
	assert.deepEqual(log.quotes, [['AAPL', 5, true], ['AAPL', 6, false], ['MSFT', 5, true]])
})

test('a quote older than the one shown is dropped, over a reconnect too', async () => {
	const { host, log } = start(['AAPL'], { versions: new Map([['AAPL', 10]]) })
	host.source.hello(['AAPL'])
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 9 })
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 11 })
	host.source.emit('error')
	await host.advance(2000)
	host.source.hello(['AAPL'])
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 10 })
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 11 })
	assert.deepEqual(log.quotes, [['AAPL', 11, true], ['AAPL', 11, true]])
})

test('two heartbeats of silence are said at once and the stream opens again', async () => {
	const { host, state } = start()
	host.source.hello(['AAPL', 'MSFT'])
	await host.advance(29_000)
	host.source.emit('heartbeat')
	const heard = host.time
	await host.advance(29_999)
	assert.equal(state().name, 'open')
	assert.equal(host.sources.length, 1)
	await host.advance(1)
	assert.equal(state().name, 'silent')
	assert.equal(+state().since, heard)
	assert.equal(host.sources.length, 2)
	assert.equal(host.sources[0].closed, true)
})

test('the heartbeat that hello names sets the watchdog', async () => {
	const { host, state } = start()
	host.source.hello(['AAPL', 'MSFT'], { heartbeat: 2 })
	await host.advance(4000)
	assert.equal(state().name, 'silent')
})

test('what a closed connection still says is not heard', () => {
	const { host, log, stream } = start()
	const first = host.source
	stream.close()
	first.emit('stock_quote', { symbol: 'AAPL', version: 5 })
	assert.deepEqual(log.quotes, [])
})

test('waits after errors grow, are jittered, and say when', async () => {
	const { host, state } = start()
	for (const [random, wait] of [[0, 2000], [0, 3000], [0, 4500], [1, 16875], [0, 10125], [0, 15000], [1, 37500]]) {
		host.Math.random = () => random
		host.source.emit('error')
		assert.equal(state().name, 'waiting')
		assert.equal(+state().retry, host.time + wait)
		const n = host.sources.length
		await host.advance(wait - 1)
		assert.equal(host.sources.length, n)
		await host.advance(1)
		assert.equal(host.sources.length, n + 1)
	}
})

test('a stream that lasted ends the growing', async () => {
	const { host, state } = start()
	for (let i = 0; i < 4; i++) {
		host.source.emit('error')
		await host.advance(20_000)
	}
	host.source.hello(['AAPL', 'MSFT'])
	await host.advance(11_000)
	host.source.emit('error')
	assert.equal(+state().retry - host.time, 2000)
})

test('busy waits long and says why', async () => {
	const { host, state } = start()
	host.source.emit('busy', { reason: 'too many streams' })
	assert.equal(state().reason, 'too many streams')
	assert.equal(+state().retry - host.time, 10_000)
	assert.equal(host.source.closed, true)
})

test('retry connects now', async () => {
	const { host, stream } = start()
	host.source.emit('error')
	stream.retry()
	assert.equal(host.sources.length, 2)
	await host.advance(2500)
	assert.equal(host.sources.length, 2)
})

test('a reconnect resumes after the last notification and with the symbols of now', async () => {
	const { host, log, stream } = start(['AAPL'], { lastEventId: 7 })
	host.source.hello(['AAPL'], {}, '7')
	host.source.emit('notification', { id: 8 }, '8')
	host.source.emit('notification', { id: 8 }, '8')
	stream.set(['AAPL', 'TSLA'])
	host.source.emit('bye', { reason: 'drain' }, '8')
	await host.advance(2000)
	assert.equal(host.source.url, '/events?symbols=AAPL,TSLA&last_event_id=8')
	assert.deepEqual(log.notes, [8])
})

test('a log that began again below the last number is followed from there', () => {
	const { host, log } = start(['AAPL'], { lastEventId: 90 })
	host.source.hello(['AAPL'], { resumed: false }, '3')
	host.source.emit('notification', { id: 4 }, '4')
	assert.deepEqual(log.notes, [4])
})

test('hello with other symbols than those wanted is put right', async () => {
	const { host } = start(['AAPL', 'MSFT'])
	host.source.hello(['AAPL', 'XOM'], { unknown: ['MSFT'] })
	await settle()
	assert.deepEqual(host.posts, [{ url: '/events/S1/symbols', body: { add: [], remove: ['XOM'] } }])
})

test('changes go one call at a time, the last with all that came meanwhile', async () => {
	const { host, stream } = start(['AAPL'])
	host.source.hello(['AAPL'])
	let release
	host.answer = () => new Promise((r) => { release = () => r({ status: 200 }) })
	stream.set(['AAPL', 'MSFT'])
	stream.set(['AAPL', 'MSFT', 'TSLA'])
	stream.set(['MSFT', 'TSLA'])
	await settle()
	assert.equal(host.posts.length, 1)
	release()
	await settle()
	assert.deepEqual(host.posts.map((p) => p.body), [{ add: ['MSFT'], remove: [] }, { add: ['TSLA'], remove: ['AAPL'] }])
})

test('a stream that the node does not have is opened anew with the whole list', async () => {
	const { host, stream } = start(['AAPL'])
	host.source.hello(['AAPL'])
	host.answer = async () => ({ status: 404 })
	stream.set(['AAPL', 'MSFT'])
	await settle()
	assert.equal(host.source.url, '/events?symbols=AAPL,MSFT&last_event_id=0')
})

test('a refused change is said and not asked again', async () => {
	const { host, log, stream } = start(['AAPL'])
	host.source.hello(['AAPL'])
	host.answer = async () => ({ status: 400, detail: 'At most 1 symbol.' })
	stream.set(['AAPL', 'MSFT'])
	await settle()
	await host.advance(5000)
	assert.deepEqual(log.refused, ['At most 1 symbol.'])
	assert.equal(host.posts.length, 1)
})

test('a change that the network lost is sent again', async () => {
	const { host, stream } = start(['AAPL'])
	host.source.hello(['AAPL'])
	host.answer = async () => { throw new Error('network') }
	stream.set(['AAPL', 'MSFT'])
	await settle()
	host.answer = async () => ({ status: 200 })
	await host.advance(1000)
	assert.equal(host.posts.length, 2)
})

test('pause drops the symbols and keeps the notifications', async () => {
	const { host, log, stream } = start(['AAPL'])
	host.source.hello(['AAPL'])
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 1 })
	stream.pause()
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 2 })
	host.source.emit('notification', { id: 1 }, '1')
	await settle()
	stream.resume()
	await settle()
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 3 })
	assert.deepEqual(host.posts.map((p) => p.body), [{ add: [], remove: ['AAPL'] }, { add: ['AAPL'], remove: [] }])
	assert.deepEqual(log.quotes, [['AAPL', 1, true], ['AAPL', 3, true]])
	assert.deepEqual(log.notes, [1])
})

test('a minute hidden drops the symbols, coming back takes them up', async () => {
	const { host, stream } = start(['AAPL'])
	host.source.hello(['AAPL'])
	stream.hidden(true)
	for (let i = 0; i < 5; i++) {
		await host.advance(11_900)
		host.source.emit('heartbeat')
	}
	assert.equal(host.posts.length, 0)
	await host.advance(1000)
	assert.deepEqual(host.posts.at(-1).body, { add: [], remove: ['AAPL'] })
	stream.hidden(false)
	await settle()
	assert.deepEqual(host.posts.at(-1).body, { add: ['AAPL'], remove: [] })
})

test('a short look away changes nothing', async () => {
	const { host, stream } = start(['AAPL'])
	host.source.hello(['AAPL'])
	stream.hidden(true)
	await host.advance(20_000)
	stream.hidden(false)
	host.source.emit('heartbeat')
	await host.advance(20_000)
	assert.equal(host.posts.length, 0)
})

test('the rate changes in the stream, and the next one begins with it', async () => {
	const { host, stream } = start(['AAPL'])
	host.source.hello(['AAPL'])
	stream.setRate(0.2)
	await settle()
	assert.deepEqual(host.posts.at(-1).body, { add: [], remove: [], max_rate: 0.2 })
	host.source.emit('error')
	await host.advance(2000)
	assert.equal(host.source.url, '/events?symbols=AAPL&last_event_id=0&max_rate=0.2')
	host.source.hello(['AAPL'], { max_rate: 0.2 })
	stream.setRate(undefined)
	await settle()
	assert.deepEqual(host.posts.at(-1).body, { add: [], remove: [], max_rate: 10 })
})
