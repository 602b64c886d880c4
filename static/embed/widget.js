const root = document.querySelector('main')
const { decimals, stream, symbol, tz, worker } = root.dataset
let { locale } = root.dataset
try { new Intl.NumberFormat(locale) } catch { locale = 'en-US' }
const field = (name) => root.querySelector(`[data-field=${name}]`)
const put = (name, text) => { if (field(name).textContent !== text) field(name).textContent = text }
const format = (options, unit = '') => {
	const f = new Intl.NumberFormat(locale, options)
	return (n) => n == null ? '—' : f.format(String(n)).replace('-', '−') + unit
}
const places = (n) => ({ minimumFractionDigits: n, maximumFractionDigits: n })
const sign = { signDisplay: 'exceptZero' }
const price = format(places(+decimals))
const change = format({ ...places(+decimals), ...sign })
const percent = format({ ...places(2), ...sign }, '%')
const way = (n) => /[1-9]/.test(Number(n ?? 0).toFixed(decimals)) ? (n > 0 ? 'up' : 'down') : 'flat'
const clock = (time, more) => new Intl.DateTimeFormat(locale, { timeZone: tz, timeStyle: 'medium', hourCycle: 'h23', ...more }).format(new Date(time))
const day = (t) => new Intl.DateTimeFormat('en', { timeZone: tz }).format(t)

let version = +root.dataset.version, last = num(root.dataset.price), words = field('state').textContent
let source, heard = new Date(), fresh = false, flashed = 0, frame = 0, newest, silence, again, wait = 2000, heartbeat = 15
let shares = true, next = 0
const many = /^h[23]/.test(performance.getEntriesByType('navigation')[0]?.nextHopProtocol)

function num(text) { return text ? +text : undefined }

function state(q) {
	if (q.halted) return 'Halted'
	if (q.stale) return 'Stale since ' + clock(q.time)
	if (q.limited) return 'Limit state'
	if (q.session === 'closed') return 'Closed'
	if (q.timeliness === 'delayed') return q.delay >= 60 ? `Delayed ${Math.round(q.delay / 60)} min` : 'Delayed'
	return { live: 'Live', simulated: 'Simulated', replayed: 'Replayed' }[q.timeliness] ?? ''
}

function numbers(q) {
	put('price', price(q.price))
	put('change', change(q.change))
	put('change_percent', percent(q.change_percent))
	root.dataset.dir = way(q.change)
}

function more(q) {
	const n = q.extended_change, line = field('extended')
	line.hidden = q.extended_price == null || q.session === 'regular'
	line.dataset.way = way(n)
	put('extended', `${q.session === 'pre' ? 'Pre-market' : 'After hours'} ${price(q.extended_price)} ${change(n)} (${percent(q.extended_change_percent)}) ${q.extended_time ? clock(q.extended_time) : ''}`)
	put('basis', q.basis ?? '')
}

function when(time) {
	if (!time) return
	const t = new Date(time), el = field('time')
	el.dateTime = time
	put('time', clock(t, { timeStyle: 'long', dateStyle: day(t) === day(new Date()) ? undefined : 'medium' }))
}

function paint() {
	frame = 0
	const q = newest
	numbers(q)
	more(q)
	when(q.price_time ?? q.time)
	say(words = state(q))
	const cell = field('price'), now = Date.now()
	if (fresh && last != null && q.price !== last && now - flashed > 1000) {
		flashed = now
		cell.dataset.flash = q.price > last ? 'up' : 'down'
		setTimeout(() => { delete cell.dataset.flash }, 400)
	}
	fresh = true
	last = q.price
}

function say(text, lost) {
	put('state', text)
	root.dataset.state = text
	root.toggleAttribute('data-lost', !!lost)
}

function lose() { say('Stale since ' + clock(heard), true) }

function take(q) {
	if (q?.symbol !== symbol || q.version < version) return
	version = q.version
	newest = q
	const now = Date.now(), ms = Math.max(0, next - now)
	frame ||= setTimeout(() => requestAnimationFrame(paint), ms)
	next = now + ms + 900 / (rate.value || 100)
}

function hear() {
	heard = new Date()
	clearTimeout(silence)
	silence = setTimeout(() => { lose(); open() }, 2000 * heartbeat)
}

function open() {
	close();
	(shares ? share : many ? listen : poll)()
}

function share() {
	const apart = () => { shares = false; close(); follow() }
	try {
		const shared = new SharedWorker(worker, { type: 'module' })
		const { port } = shared
		const tell = (bye) => port.postMessage({ symbols: [symbol], rate: +rate.value || undefined, bye })
		shared.onerror = apart
		port.onmessage = ({ data: { state, quote, hello, anew, refused } }) => {
			if (refused) return apart()
			clearTimeout(silence)
			silence = setTimeout(open, 20000)
			if (hello || anew) fresh = false
			take(quote)
			if (state?.name === 'open') say(words)
			if (state?.retry || state?.name === 'silent') {
				heard = state.since
				lose()
			}
		}
		again = setInterval(tell, 5000)
		source = { close() { tell(true); port.close() } }
		silence = setTimeout(apart, 2000)
		tell()
	} catch { apart() }
}

function listen() {
	const url = new URL(stream, location.href)
	if (rate.value) url.searchParams.set('max_rate', rate.value)
	source = new EventSource(url)
	source.addEventListener('hello', (e) => { heartbeat = JSON.parse(e.data).heartbeat ?? 15; fresh = false; wait = 2000; hear(); say(words) })
	source.addEventListener('stock_quote', (e) => { hear(); take(JSON.parse(e.data)) })
	source.addEventListener('heartbeat', hear)
	source.onerror = () => {
		lose()
		if (source.readyState < 2) return
		again = setTimeout(open, wait * (1 + Math.random()))
		wait = Math.min(30000, wait * 2)
	}
	hear()
}

async function poll() {
	const mine = source = { close() {} }
	let q
	try {
		q = (await (await fetch('/api/v1/quotes?symbols=' + encodeURIComponent(symbol), { cache: 'no-cache', signal: AbortSignal.timeout(9000) })).json()).quotes[0]
	} catch {}
	if (mine !== source) return
	if (q) {
		heard = new Date()
		take(q)
	} else lose()
	again = setTimeout(poll, visible ? Math.max(2000, 1000 / (rate.value || 1)) : 15000)
}

function close() {
	clearTimeout(silence)
	clearTimeout(again)
	source?.close()
	source = undefined
}

const rate = root.querySelector('select')
let visible = true
function follow() {
	const wanted = (visible || !shares && !many) && !document.hidden && rate.value !== '0'
	if (!wanted) close()
	else if (!source) open()
	if (rate.value === '0') say('Paused ' + clock(heard))
}
rate.value = root.dataset.maxRate || ''
if (rate.selectedIndex < 0) {
	rate.add(new Option(rate.value = root.dataset.maxRate + '/s', root.dataset.maxRate), 1)
	rate.value = root.dataset.maxRate
}
rate.hidden = false
rate.onchange = () => { close(); next = 0; say(words); follow() }
numbers({ price: last, change: num(root.dataset.change), change_percent: num(root.dataset.percent) })
when(field('time').dateTime)
document.addEventListener('visibilitychange', follow)
const sight = new IntersectionObserver(([e]) => {
	if (!visible && e.isIntersecting) close()
	visible = e.isIntersecting
	follow()
})
sight.observe(root)
// Chromium does not always tell a frame that it has come into sight.
setInterval(() => {
	if (visible) return
	sight.unobserve(root)
	sight.observe(root)
}, 5000)
