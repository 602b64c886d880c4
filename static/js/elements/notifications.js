// @ts-check
// <tick-notifications>: the panel. Says 'tick-unread' {count}.
import { announce } from '../announce.js'
import { shortTime, viewerTime } from '../format.js'
import { onPref, pref, setPref } from '../prefs.js'
import { ReadMarks } from '../readmarks.js'
import { toast } from './toast.js'

/** @typedef {import('../stream.js').Notification} Notification */

const labels = { success: 'Success: ', warning: 'Warning: ', error: 'Error: ' }

class Notifications extends HTMLElement {
	marks = new ReadMarks({ get: () => pref('notes', null), set: (marks) => setPref('notes', marks) })

	connectedCallback() {
		this.list = /** @type {HTMLElement} */ (this.querySelector('[data-notes]'))
		this.template = /** @type {HTMLTemplateElement} */ (this.querySelector('template'))
		this.filter = /** @type {HTMLSelectElement} */ (this.querySelector('[data-filter]'))
		this.older = /** @type {HTMLElement} */ (this.querySelector('[data-older]'))
		this.filter.value = pref('notes-filter', '')
		this.filter.addEventListener('change', () => { setPref('notes-filter', this.filter.value); this.show() })
		this.addEventListener('click', (e) => this.click(/** @type {Element} */ (e.target)))
		onPref((key) => { if (key === 'notes') this.show() })
		for (const item of this.items) this.time(item)
		this.show()
	}

	/** @returns {HTMLElement[]} */
	get items() { return /** @type {HTMLElement[]} */ ([...this.list.children]) }

	/** The newest number of all. */
	get last() { return Math.max(0, ...this.items.map((i) => Number(i.dataset.id))) }

	/** @param {Notification} n */
	take(n) {
		if (this.list.querySelector(`[data-id="${Number(n.id)}"]`)) return
		this.list.prepend(this.item(n))
		this.show()
		announce(n.message, n.rule != null)
	}

	/** @param {Notification} n */
	item(n) {
		const li = /** @type {HTMLElement} */ (document.importNode(this.template.content, true).querySelector('li'))
		const type = n.type in labels ? n.type : 'info'
		li.dataset.id = String(n.id)
		li.dataset.type = type
		li.querySelector('use')?.setAttribute('href', '#i-' + type)
		/** @param {string} selector @param {string} text */
		const put = (selector, text) => { const el = li.querySelector(selector); if (el) el.textContent = text }
		put('[data-note-type]', /** @type {any} */ (labels)[type] ?? '')
		put('[data-note-message]', n.message)
		li.querySelector('time')?.setAttribute('datetime', n.time)
		this.time(li)
		return li
	}

	/** Shows when in the viewer's zone. @param {HTMLElement} item */
	time(item) {
		const el = item.querySelector('time')
		if (!el?.dateTime) return
		const at = new Date(el.dateTime)
		el.textContent = shortTime(at, new Date())
		el.title = viewerTime(at)
	}

	show() {
		let unread = 0, visible = 0
		for (const item of this.items) {
			const id = Number(item.dataset.id)
			const cleared = this.marks.isCleared(id)
			const isUnread = !cleared && !this.marks.isRead(id)
			item.toggleAttribute('data-unread', isUnread)
			item.hidden = cleared || this.filter.value !== '' && item.dataset.type !== this.filter.value
			if (isUnread) unread++
			if (!item.hidden) visible++
		}
		for (const el of document.querySelectorAll('.badge')) {
			el.replaceChildren(unread > 99 ? '99+' : `${unread}`,
				Object.assign(document.createElement('span'), { className: 'hidden', textContent: ' unread' }))
			el.toggleAttribute('hidden', unread === 0)
		}
		const empty = /** @type {HTMLElement} */ (this.querySelector('[data-notes-empty]'))
		empty.hidden = visible > 0
		empty.textContent = this.filter.value ? 'No notifications of this type.' : 'No notifications. They appear here as they are published.'
	}

	/** @param {Element} target */
	click(target) {
		const button = /** @type {HTMLElement | null} */ (target.closest('button'))
		const item = /** @type {HTMLElement | null} */ (target.closest('[data-id]'))
		const data = button?.dataset ?? {}
		if (item && 'read' in data) this.marks.read(Number(item.dataset.id))
		else if ('readAll' in data) this.marks.readAll(this.last)
		else if ('clear' in data) this.clear()
		else if ('older' in data) return void this.more()
		else if ('close' in data) return void this.dispatchEvent(new Event('tick-close'))
		else return
		this.show()
	}

	clear() {
		const before = this.marks.marks.cleared
		if (this.last <= before) return
		this.marks.clear(this.last)
		this.older.hidden = true
		toast('Notifications are cleared.', 'Undo', () => { this.marks.clear(before); this.show() })
	}

	async more() {
		const first = Number(this.items.at(-1)?.dataset.id ?? 0)
		try {
			const { olderNotifications } = await import('../api.js')
			/** @type {Notification[]} */
			const older = await olderNotifications(first)
			this.list.append(...older.map((n) => this.item(n)))
			this.older.hidden = older.length < 50
			this.show()
		} catch {
			toast('Older notifications could not be fetched.', 'Try again', () => this.more())
		}
	}
}
customElements.define('tick-notifications', Notifications)
