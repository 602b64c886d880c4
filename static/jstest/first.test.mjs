import assert from 'node:assert/strict'
import { test } from 'node:test'

let copies = 0
/** A page of its own. */
const page = () => import('../js/first.js?' + copies++)
/** Locks as browsers have them, of one name. */
function locks() {
	let last = Promise.resolve()
	return {
		request(_name, { signal }, act) {
			const mine = Promise.race([last, new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)))]).then(act)
			last = mine.catch(() => {})
			return mine
		},
	}
}
/** Has the pages' browser have locks, or none. */
const have = (value) => Object.defineProperty(globalThis, 'navigator', { value: { locks: value }, configurable: true })
/** A server that is slow, and counts who comes without a cookie. */
function server() {
	const s = { cookie: false, strangers: 0, under: 0, most: 0 }
	s.ask = async (ok = true) => {
		if (!s.cookie) s.strangers++
		s.most = Math.max(s.most, ++s.under)
		await new Promise((done) => setTimeout(done, 10))
		s.under--
		s.cookie ||= ok
		return { ok }
	}
	return s
}

for (const [browser, made, tabs] of [['with locks', locks, 2], ['without', () => undefined, 1]]) {
	test(`two first changes make one profile in a browser ${browser}`, async () => {
		have(made())
		const s = server(), one = await page(), two = tabs > 1 ? await page() : one
		await Promise.all([one.inTurn(() => s.ask()), two.inTurn(() => s.ask())])
		assert.equal(s.strangers, 1)
		s.most = 0
		await Promise.all([one.inTurn(() => s.ask()), one.inTurn(() => s.ask())])
		assert.equal(s.most, 2, 'later changes do not wait for each other')
	})
	test(`after a first change that was refused or failed the next has its turn ${browser}`, async () => {
		have(made())
		const s = server(), { inTurn } = await page()
		const [refused, failed, taken] = await Promise.allSettled([inTurn(() => s.ask(false)), inTurn(() => Promise.reject(new Error('away'))), inTurn(() => s.ask())])
		assert.deepEqual([refused.value.ok, failed.reason.message, taken.value.ok, s.most], [false, 'away', true, 1])
	})
}

test('who is known waits for nobody', async () => {
	have({ request() { throw new Error('asked for a turn') } })
	const s = server(), { inTurn } = await page()
	await Promise.all([inTurn(() => s.ask(), true), inTurn(() => s.ask(), true)])
	assert.equal(s.most, 2)
})

test('a tab that holds the turn for ever holds up nobody for long', async () => {
	have({ request: () => Promise.reject(new DOMException('', 'TimeoutError')) })
	const s = server(), { inTurn } = await page()
	assert.equal((await inTurn(() => s.ask())).ok, true)
})
