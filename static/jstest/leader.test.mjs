import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lead } from '../js/share/leader.js'
import { follow } from '../js/stream.js'
import { FakeBrowser, FakeHost, member, settle } from './fake.mjs'

/** A browser without shared workers. */
function browser() {
	const host = new FakeBrowser().furnish(new FakeHost())
	return {
		host,
		async tab(symbols, options) {
			const rung = (receive) => lead(receive, host)
			const tab = member(follow, host, [rung, () => { throw new Error('none') }], symbols, options)
			await settle()
			return tab
		},
	}
}

test('the first tab leads and the others share its stream', async () => {
	const { host, tab } = browser()
	const one = await tab(['AAPL'])
	host.source.hello(['AAPL'])
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 5 })
	const two = await tab(['AAPL', 'MSFT']), three = await tab(['MSFT'])
	assert.equal(host.sources.length, 1)
	assert.deepEqual(host.posts.map((p) => p.body), [{ add: ['MSFT'], remove: [] }])
	assert.deepEqual(two.log.quotes, [['AAPL', 5, true]])
	host.source.emit('stock_quote', { symbol: 'MSFT', version: 6 })
	host.source.emit('notification', { id: 1 }, '1')
	await settle()
	assert.deepEqual([one, two, three].map((t) => t.log.quotes), [[['AAPL', 5, true]], [['AAPL', 5, true], ['MSFT', 6, true]], [['MSFT', 6, true]]])
	assert.deepEqual([one, two, three].map((t) => t.log.notes), [[1], [1], [1]])
	two.stream.close()
	await settle()
	three.stream.close()
	await settle()
	assert.deepEqual(host.posts.at(-1).body, { add: [], remove: ['MSFT'] })
})

test('when the leader goes another leads, and goes on where it was', async () => {
	const { host, tab } = browser()
	const one = await tab(['AAPL'], { lastEventId: 3 }), two = await tab(['MSFT'], { lastEventId: 3 }), three = await tab(['TSLA'], { lastEventId: 4 })
	host.source.hello(['AAPL'], { resumed: true }, '3')
	for (const id of [4, 5]) host.source.emit('notification', { id }, String(id))
	await settle()
	const first = host.source
	one.stream.close()
	await settle()
	assert.equal(first.closed, true)
	assert.equal(host.source.url, '/events?symbols=MSFT&last_event_id=5')
	host.source.hello(['MSFT'], { resumed: true }, '5')
	await settle()
	assert.deepEqual(host.posts.at(-1).body, { add: ['TSLA'], remove: [] })
	host.source.emit('notification', { id: 6 }, '6')
	host.source.emit('stock_quote', { symbol: 'TSLA', version: 9 })
	await settle()
	assert.deepEqual([two, three].map((t) => t.log.notes), [[4, 5, 6], [5, 6]])
	assert.deepEqual(three.log.quotes, [['TSLA', 9, true]])
	assert.equal(three.state().name, 'open')
	assert.equal(host.sources.filter((s) => !s.closed).length, 1)
})

test('a new leader that is ahead of another tab goes back to where that is', async () => {
	const { host, tab } = browser()
	const one = await tab([], { lastEventId: 9 }), two = await tab([], { lastEventId: 9 }), three = await tab([], { lastEventId: 7 })
	one.stream.close()
	await settle()
	assert.equal(host.source.url, '/events?symbols=&last_event_id=7')
	host.source.hello([], { resumed: true }, '7')
	for (const id of [8, 9, 10]) host.source.emit('notification', { id }, String(id))
	await settle()
	assert.deepEqual([two, three].map((t) => t.log.notes), [[10], [8, 9, 10]])
})

test('the leader counts all tabs before it lets the symbols go', async () => {
	const { host, tab } = browser()
	const one = await tab(['AAPL'])
	await tab(['AAPL'])
	host.source.hello(['AAPL'])
	one.stream.hidden(true)
	for (let i = 0; i < 12; i++) {
		host.source.emit('heartbeat')
		await host.advance(10_000)
	}
	assert.deepEqual(host.posts, [])
})
