import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listQuery, Lists } from '../js/lists.js'
import { parseSymbols } from '../js/symbols.js'

function memory(value = null) {
	return { value, get() { return this.value }, set(v) { this.value = JSON.parse(JSON.stringify(v)) } }
}

test('a first visit has one list, which is kept only once it is changed', () => {
	const storage = memory()
	const lists = new Lists(storage)
	assert.equal(lists.identify(['AAPL']), 'Watchlist')
	assert.equal(storage.value, null)
	lists.save('Watchlist', ['AAPL', 'MSFT'])
	assert.deepEqual(storage.value, { current: 'Watchlist', lists: { Watchlist: ['AAPL', 'MSFT'] } })
})

test('an address is the list that has its symbols, else a shared one', () => {
	const lists = new Lists(memory({ current: 'B', lists: { A: ['X'], B: ['Y'], C: ['X'] } }))
	assert.equal(lists.identify(['Y']), 'B')
	assert.equal(lists.identify(['X']), 'A')
	assert.equal(lists.identify(['Z']), '')
	assert.equal(lists.identify([], ['Y']), 'B') // no source has it, or none yet
})

test('a list keeps its place when it is renamed', () => {
	const lists = new Lists(memory({ current: 'A', lists: { A: ['X'], B: ['Y'] } }))
	lists.rename('A', 'Z')
	assert.deepEqual(lists.names, ['Z', 'B'])
	assert.equal(lists.read().current, 'Z')
})

test('removing the current list makes another current', () => {
	const lists = new Lists(memory({ current: 'A', lists: { A: ['X'], B: ['Y'] } }))
	lists.remove('A')
	assert.deepEqual(lists.read(), { current: 'B', lists: Object.assign(Object.create(null), { B: ['Y'] }) })
})

test('storage that holds nonsense is an empty one', () => {
	for (const nonsense of [null, 3, { lists: 7 }, { lists: { A: 'x', B: [1, 'Y'] } }]) {
		const lists = new Lists(memory(nonsense))
		assert.ok(lists.names.every((n) => n === 'B'))
		assert.deepEqual(lists.symbols('A'), [])
	}
})

test('a list may be called anything', () => {
	const lists = new Lists(memory())
	lists.save('__proto__', ['X'])
	assert.deepEqual(lists.symbols('constructor'), [])
})

test('what is pasted is split at spaces, commas and line ends', () => {
	assert.deepEqual(parseSymbols('aapl, MSFT\nPETR4;btc/usd ^GSPC AAPL <b>'), ['AAPL', 'MSFT', 'PETR4', 'BTC/USD', '^GSPC'])
	assert.deepEqual(parseSymbols('  '), [])
})

test('an address can be read', () => {
	assert.equal(listQuery(['AAPL', 'BTC/USD', '^GSPC']), '?symbols=AAPL,BTC/USD,%5EGSPC')
	assert.equal(listQuery([], true), '?symbols=&view=ticker')
})
