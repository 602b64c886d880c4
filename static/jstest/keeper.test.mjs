import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applied, arranged, changes, edited } from '../js/lists/changes.js'
import { ListServer, tab } from './listserver.mjs'

/** Lets answers come. */
const soon = () => new Promise((done) => setImmediate(() => setImmediate(() => setImmediate(done))))
const rest = async () => { for (let i = 0; i < 12; i++) await soon() }

const create = (list, name, symbols) => ({ kind: 'create', list, name, symbols })
const edit = (list, edit) => ({ kind: 'edit', list, edit })
const S = (text) => text ? text.split(' ') : []

/** A server with lists, and tabs that have loaded them. */
async function desk(lists, tabs = 1) {
	const server = new ListServer()
	for (const [name, symbols] of Object.entries(lists)) server.work('POST', '', '', {}, { name, symbols: S(symbols) })
	const all = Array.from({ length: tabs }, () => tab(server))
	for (const t of all) await t.keeper.load()
	server.log = []
	return { server, tabs: all }
}

test('a change is told in the fewest words', () => {
	const told = (from, to) => changes(1, S(from), S(to)).map((c) => c.edit ?? c.symbols)
	assert.deepEqual(told('A B C', 'A B C'), [])
	assert.deepEqual(told('A B C', 'A C'), [{ remove: ['B'] }])
	assert.deepEqual(told('A B', 'A B C D'), [{ add: ['C', 'D'] }])
	assert.deepEqual(told('A B', 'A C B'), [{ add: ['C'], before: 'B' }])
	assert.deepEqual(told('A B C D', 'D A B C'), [{ add: ['D'], before: 'A' }])
	assert.deepEqual(told('A B C D', 'B C D A'), [{ remove: ['A'], add: ['A'] }])
	assert.deepEqual(told('A B C D', 'D C B A'), [['D', 'C', 'B', 'A']])
})

test('whatever was done, telling it does it again', () => {
	let seed = 7
	const chance = (n) => (seed = seed * 16807 % 2147483647) % n
	const some = () => S('A B C D E F G').filter(() => chance(3)).sort(() => chance(3) - 1)
	for (let i = 0; i < 2000; i++) {
		const from = some(), to = some()
		const [list] = changes(1, from, to).reduce(applied, [{ id: 1, name: 'x', symbols: from, version: 1 }])
		assert.deepEqual(list.symbols, to, `${from} to ${to}`)
	}
})

test('an edit fits a list that others have changed', () => {
	assert.deepEqual(edited(S('A B'), { add: ['C'], before: 'GONE' }), S('A B C'))
	assert.deepEqual(edited(S('A B C'), { add: ['C'], before: 'A' }), S('C A B'))
	assert.deepEqual(edited(S('A B'), { add: ['B', 'C'] }), S('A B C'))
	assert.deepEqual(edited(S('A B'), { add: ['A'], remove: ['A'] }), S('B A'))
	assert.deepEqual(arranged(S('A N B M'), S('B A GONE')), S('B M A N'))
	assert.deepEqual(arranged(S('N A B'), S('B A')), S('N B A'))
})

test('a change shows at once and is sent in its turn', async () => {
	const { server, tabs: [t] } = await desk({ One: 'A B' })
	t.keeper.do(edit(1, { add: ['C'] }))
	t.keeper.do({ kind: 'rename', list: 1, name: 'First' })
	t.keeper.do(create(-1, 'Two', ['X']))
	t.keeper.do(edit(-1, { add: ['Y'] }))
	assert.deepEqual(t.names, ['First: A B C', 'Two: X Y'])
	await rest()
	assert.deepEqual(server.names, ['First: A B C', 'Two: X Y'])
	assert.deepEqual(t.names, server.names)
	assert.deepEqual(server.log, ['POST 1 symbols', 'PUT 1', 'POST', 'POST 2 symbols'])
	assert.deepEqual(t.said, ['created -1 2'])
	assert.deepEqual([...t.kept.values()], ['[]'])
})

test('two tabs that edit at once lose nothing', async () => {
	const { server, tabs: [a, b] } = await desk({ One: 'A B C D' }, 2)
	a.keeper.do(edit(1, { add: ['D'], before: 'A' })) // D to the top
	b.keeper.do(edit(1, { remove: ['B'] }), edit(1, { add: ['N'] }))
	a.keeper.do({ kind: 'rename', list: 1, name: 'Ours' })
	b.keeper.do({ kind: 'arrange', list: 1, symbols: S('C A D') })
	a.keeper.do(edit(1, { add: ['M'] }))
	await rest()
	for (const t of [a, b]) t.keeper.heard(server.version)
	await rest()
	assert.equal(server.lists[0].name, 'Ours')
	assert.deepEqual([...server.lists[0].symbols].sort(), S('A C D M N'))
	assert.deepEqual(a.names, server.names)
	assert.deepEqual(b.names, server.names)
	assert.deepEqual([...a.said, ...b.said], [])
})

test('a refused version is loaded and the change made again', async () => {
	const { server, tabs: [a] } = await desk({ One: 'A' })
	server.work('POST', '1', 'symbols', {}, { add: ['Z'] }) // another's
	a.keeper.do({ kind: 'rename', list: 1, name: 'Mine' })
	await rest()
	assert.deepEqual(server.names, ['Mine: A Z'])
	assert.deepEqual(server.log, ['PUT 1', 'GET', 'PUT 1'])
	assert.deepEqual(a.said, [])
})

test('what cannot be sent stays in the page, is said once and sent later', async () => {
	const { server, tabs: [t] } = await desk({ One: 'A' })
	server.before = () => { throw new TypeError('Failed to fetch') }
	t.keeper.do(edit(1, { add: ['B'] }))
	await rest()
	t.keeper.do(edit(1, { add: ['C'] }))
	await t.host.advance(3000)
	await rest()
	assert.deepEqual(t.names, ['One: A B C'])
	assert.deepEqual(t.said, ['failing: The server does not answer.'])
	server.before = () => {}
	t.keeper.run() // back online
	await rest()
	assert.deepEqual(server.names, ['One: A B C'])
	assert.deepEqual(t.said, ['failing: The server does not answer.', 'saved'])
	assert.equal(t.host.timers.size, 0)
})

test('too many requests and a database that is away are waited for, as long as is asked', async () => {
	for (const status of [429, 503]) {
		const { server, tabs: [t] } = await desk({ One: 'A' })
		server.before = () => new Response('{"detail":"Wait a little."}', { status, headers: { 'Retry-After': '9' } })
		t.keeper.do(edit(1, { add: ['B'] }))
		await rest()
		assert.deepEqual(t.said, ['failing: Wait a little.'])
		server.before = () => {}
		await t.host.advance(8900)
		await rest()
		assert.deepEqual(server.names, ['One: A'])
		await t.host.advance(200)
		await rest()
		assert.deepEqual(server.names, ['One: A B'])
	}
})

test('a change that the server refuses is undone and said', async () => {
	const { server, tabs: [t] } = await desk({ One: 'A' })
	server.before = (method) => method === 'POST' && new Response('{"detail":"A list has at most 1 symbol."}', { status: 422 })
	t.keeper.do(edit(1, { add: ['B'] }))
	await rest()
	assert.deepEqual(t.names, ['One: A'])
	assert.deepEqual(t.said, ['refused: A list has at most 1 symbol.'])
})

test('what is done to a list that another tab has deleted goes with it', async () => {
	const { server, tabs: [t] } = await desk({ One: 'A', Two: 'B' })
	server.work('DELETE', '1', '', {}, {})
	t.keeper.do(edit(1, { add: ['X'] }), { kind: 'rename', list: 1, name: 'No' }, edit(2, { add: ['Y'] }))
	await rest()
	assert.deepEqual(server.names, ['Two: B Y'])
	assert.deepEqual(t.names, server.names)
	assert.deepEqual(t.said, ['refused: There is no such list.'])
})

test('a deleted list comes back with undo, sent or not', async () => {
	const { server, tabs: [t] } = await desk({ One: 'A', Two: 'B' })
	const was = t.keeper.list(1)
	const gone = { kind: 'delete', list: 1 }
	t.keeper.do(gone)
	assert.deepEqual(t.names, ['Two: B'])
	await rest()
	assert.equal(t.keeper.undo(gone), false)
	t.keeper.do({ kind: 'restore', list: 1, was, at: 0 })
	assert.deepEqual(t.names, ['One: A', 'Two: B'])
	await rest()
	assert.equal(server.lists.length, 2)
	const again = { kind: 'delete', list: 2 }
	server.before = () => { throw new TypeError() }
	t.keeper.do(edit(1, { add: ['X'] }), again)
	assert.equal(t.keeper.undo(again), true)
	await rest()
	server.before = () => {}
	t.keeper.run()
	await rest()
	assert.deepEqual([...server.names].sort(), ['One: A X', 'Two: B'])
})

test('lists keep an order that one tab chose while another makes one', async () => {
	const { server, tabs: [a, b] } = await desk({ One: '', Two: '', Three: '' }, 2)
	a.keeper.do({ kind: 'order', list: 0, ids: [3, 1, 2] })
	b.keeper.do(create(-1, 'Four', []))
	await rest()
	a.keeper.heard(server.version)
	await rest()
	assert.deepEqual(a.names, ['Three: ', 'One: ', 'Two: ', 'Four: '])
})

test('a list is made once, though the first answer got lost', async () => {
	const { server, tabs: [t] } = await desk({ One: 'A' })
	server.after = () => { throw new TypeError('the connection broke') }
	t.keeper.do(create(-1, 'Two', ['B']), edit(-1, { add: ['C'] }))
	await rest()
	server.after = () => {}
	await t.host.advance(3000)
	await rest()
	assert.deepEqual(server.names, ['One: A', 'Two: B C'])
	assert.deepEqual(t.names, server.names)
})

test('what was not sent outlives a reload', async () => {
	const server = new ListServer()
	const before = tab(server)
	server.before = () => { throw new TypeError() }
	before.keeper.do(create(-1, 'One', ['A']))
	await rest()
	before.keeper.do(edit(-1, { add: ['B'] }))
	const after = tab(server, before.kept)
	assert.deepEqual(after.names, ['One: A B'])
	server.before = () => {}
	await after.host.advance(0)
	await rest()
	assert.deepEqual(server.names, ['One: A B'])
	assert.deepEqual([...after.kept.values()], ['[]'])
	assert.deepEqual(after.said, ['created -1 1'])
})

test('of several moves of one symbol only the last is sent', async () => {
	const { server, tabs: [t] } = await desk({ One: 'A B C D' })
	server.before = () => { throw new TypeError() }
	t.keeper.do(edit(1, { add: ['X'] }))
	await rest()
	for (const before of ['C', 'B', 'A']) t.keeper.do(edit(1, { add: ['D'], before }))
	t.keeper.do(edit(1, { remove: ['C'], add: ['C'] }))
	server.before = () => {}
	server.log = []
	t.keeper.run()
	await rest()
	assert.deepEqual(server.names, ['One: D A B X C'])
	assert.deepEqual(server.log, ['POST 1 symbols', 'POST 1 symbols', 'POST 1 symbols'])
})

test('a change of another tab is seen while one\'s own is on its way', async () => {
	const { server, tabs: [t] } = await desk({ One: 'A' })
	let let_go
	server.before = (method) => method === 'POST' && new Promise((done) => { let_go = done })
	t.keeper.do(edit(1, { add: ['B'] }))
	await rest()
	server.work('POST', '1', 'symbols', {}, { add: ['Z'] })
	t.keeper.heard(server.version)
	server.before = () => {}
	let_go()
	await rest()
	assert.deepEqual(t.names, ['One: A Z B'])
	assert.deepEqual(server.names, ['One: A Z B'])
	const asked = server.log.length
	t.keeper.heard(server.version)
	await rest()
	assert.equal(server.log.length, asked, 'what is known is not loaded again')
})
