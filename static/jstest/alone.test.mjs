import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alone } from '../js/share/alone.js'
import { follow } from '../js/stream.js'
import { FakeBrowser, FakeHost, member, settle } from './fake.mjs'

/** A browser in which nothing can be shared, on this protocol, with these answers. */
function browser(protocol = 'http/1.1', answers = {}) {
	const host = new FakeBrowser().furnish(new FakeHost())
	host.performance = { getEntriesByType: () => [{ nextHopProtocol: protocol }] }
	host.localStorage = { getItem: () => null }
	host.asked = []
	host.fetch = async (url) => {
		host.asked.push(url)
		const key = Object.keys(answers).find((k) => url.startsWith('/api/v1/' + k))
		return { ok: key != null, status: key ? 200 : 404, json: async () => structuredClone(answers[key]) }
	}
	return {
		host,
		async tab(symbols, options) {
			const tab = member(follow, host, [(receive) => alone(receive, host)], symbols, options)
			await settle()
			return tab
		},
	}
}

/** How many streams a browser has. */
const streams = (host) => host.sources.filter((s) => !s.closed).length

const nothing = { quotes: { quotes: [] }, notifications: { notifications: [], last_id: 0 } }

test('over HTTP/2 every tab has a stream', async () => {
	const { host, tab } = browser('h2')
	for (let i = 0; i < 8; i++) await tab(['AAPL'])
	assert.equal(host.sources.length, 8)
})

test('over HTTP/1.1 three tabs have a stream, the others ask', async () => {
	const { host, tab } = browser('http/1.1', nothing)
	for (let i = 0; i < 8; i++) {
		await tab(['AAPL'])
		await host.advance(1000)
	}
	assert.equal(host.sources.length, 3)
	assert.ok(host.asked.includes('/api/v1/quotes?symbols=AAPL'))
})

test('tabs that come all at once count each other', async () => {
	const { host, tab } = browser('http/1.1', nothing)
	let n = 0
	host.Math.random = () => n++ / 12
	await Promise.all(Array.from({ length: 12 }, () => tab(['AAPL'])))
	await host.advance(1000)
	assert.equal(host.sources.length, 3)
})

test('a tab that goes leaves its place', async () => {
	const { host, tab } = browser('http/1.1', nothing)
	const tabs = []
	for (let i = 0; i < 3; i++) {
		tabs.push(await tab(['AAPL']))
		await host.advance(1000)
	}
	tabs[0].stream.close()
	await tab(['AAPL'])
	await host.advance(1000)
	assert.equal(host.sources.length, 4)
	assert.equal(host.sources.filter((s) => !s.closed).length, 3)
})

test('a place that was left goes to a tab that asks, and nothing is lost or told twice', async () => {
	const answers = { quotes: { quotes: [{ symbol: 'AAPL', version: 5 }] }, notifications: { notifications: [{ id: 8 }], last_id: 8 } }
	const { host, tab } = browser('http/1.1', answers)
	const tabs = []
	for (let i = 0; i < 4; i++) {
		tabs.push(await tab(['AAPL'], { lastEventId: 7 }))
		await host.advance(1000)
	}
	const { log, stream } = tabs[3]
	assert.deepEqual(log.notes, [8])
	await host.advance(20_000)
	assert.equal(host.sources.length, 3, 'all places are taken')
	tabs[1].stream.close()
	await host.advance(12_000)
	assert.equal(streams(host), 3)
	assert.equal(host.source.url, '/events?symbols=AAPL&last_event_id=8')
	host.asked.length = 0
	host.source.hello(['AAPL'], { resumed: true }, '8')
	host.source.emit('stock_quote', { symbol: 'AAPL', version: 6 })
	host.source.emit('notification', { id: 9 })
	await host.advance(5000)
	assert.deepEqual(log.notes, [8, 9])
	assert.deepEqual(log.quotes.at(-1), ['AAPL', 6, true])
	assert.deepEqual(host.asked, [], 'who has a stream asks no more')
	tabs[0].stream.close()
	stream.close()
	assert.equal(streams(host), 1)
	await host.advance(60_000)
	assert.equal(streams(host), 1, 'who has gone looks no more')
})

test('a tab that nobody sees takes no place', async () => {
	const { host, tab } = browser('http/1.1', nothing)
	const tabs = []
	for (let i = 0; i < 4; i++) {
		tabs.push(await tab(['AAPL']))
		await host.advance(1000)
	}
	tabs[3].stream.hidden(true)
	tabs[0].stream.close()
	await host.advance(40_000)
	assert.equal(streams(host), 2)
	tabs[3].stream.hidden(false)
	await host.advance(16_000)
	assert.equal(streams(host), 3)
})

test('where storage is denied tabs cannot count each other, and ask', async () => {
	const { host, tab } = browser('http/1.1', nothing)
	host.localStorage.getItem = () => { throw new Error('denied') }
	await tab(['AAPL'])
	await host.advance(1000)
	assert.equal(host.sources.length, 0)
	assert.ok(host.asked.length > 0)
})

/** A tab that asks. */
async function asking(answers, options) {
	const b = browser('http/1.1', answers)
	b.host.localStorage.getItem = () => { throw new Error('denied') }
	return { ...b, ...await b.tab(['AAPL', 'BTC/USD'], options) }
}

test('who asks has the quotes every two seconds and each notification once, in order', async () => {
	const answers = { quotes: { quotes: [{ symbol: 'AAPL', version: 5 }] }, notifications: { notifications: [{ id: 9 }, { id: 8 }, { id: 7 }], last_id: 9 } }
	const { host, log, state } = await asking(answers, { lastEventId: 7 })
	assert.equal(state().name, 'open')
	assert.ok(host.asked.includes('/api/v1/quotes?symbols=AAPL,BTC%2FUSD'))
	answers.quotes.quotes[0].version = 6
	answers.notifications.notifications.unshift({ id: 10 })
	await host.advance(1900)
	assert.deepEqual(log.quotes, [['AAPL', 5, true]])
	await host.advance(200)
	assert.deepEqual(log.quotes, [['AAPL', 5, true], ['AAPL', 6, false]])
	assert.deepEqual(log.notes, [8, 9, 10])
})

test('who asks hears once which versions their things have, and of every change', async () => {
	const answers = structuredClone(nothing)
	const { host, log, stream } = await asking(answers)
	assert.deepEqual(log.profiles, [], 'nobody has no versions')
	answers.notifications.versions = { lists: 1, alerts: 4, marks: 0, settings: 0 }
	await host.advance(2100)
	assert.deepEqual(log.profiles, [4])
	await host.advance(10_000)
	assert.deepEqual(log.profiles, [4])
	answers.notifications.versions.lists = 2
	await host.advance(2100)
	assert.deepEqual(log.profiles, [4, 4])
	stream.renew()
	await host.advance(2100)
	assert.deepEqual(log.profiles, [4, 4], 'it has them')
})

test('who asks goes back as far as it must', async () => {
	const all = Array.from({ length: 120 }, (_, i) => ({ id: 120 - i }))
	const { host } = browser()
	host.localStorage.getItem = () => { throw new Error('denied') }
	host.fetch = async (url) => {
		const before = Number(new URL(url, 'http://x').searchParams.get('before') ?? Infinity)
		return { ok: true, json: async () => ({ quotes: [], last_id: 120, notifications: all.filter((n) => n.id < before).slice(0, 50) }) }
	}
	const { log } = member(follow, host, [(receive) => alone(receive, host)], [], { lastEventId: 3 })
	await settle()
	await settle()
	assert.deepEqual(log.notes, Array.from({ length: 117 }, (_, i) => i + 4))
})

test('who asks and has no answer says so, and asks again', async () => {
	const answers = { ...nothing }
	const { host, state } = await asking(answers)
	delete answers.quotes
	await host.advance(2000)
	assert.equal(state().name, 'waiting')
	answers.quotes = { quotes: [] }
	await host.advance(15_000)
	assert.equal(state().name, 'open')
})

test('nobody who looks: who asks asks for no quotes, and seldom', async () => {
	const { host, stream } = await asking(nothing)
	stream.hidden(true)
	await host.advance(61_000)
	host.asked.length = 0
	await host.advance(60_000)
	assert.ok(!host.asked.some((url) => url.includes('quotes')))
	assert.ok(host.asked.length >= 3 && host.asked.length <= 5, `asked ${host.asked.length} times`)
})

test('who asks for a page without quotes asks as often, while somebody looks', async () => {
	const { host, stream } = await asking(nothing)
	stream.set([])
	await settle()
	await host.advance(2000)
	host.asked.length = 0
	await host.advance(10_000)
	assert.equal(host.asked.length, 5)
	stream.hidden(true)
	await host.advance(2000)
	host.asked.length = 0
	await host.advance(60_000)
	assert.ok(host.asked.length >= 3 && host.asked.length <= 5, `asked ${host.asked.length} times`)
})
