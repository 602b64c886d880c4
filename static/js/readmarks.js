// @ts-check
// Which notifications were read, and up to which they were cleared.

/** @typedef {{upTo: number, ids: number[], cleared: number}} Marks */

const most = 500

export class ReadMarks {
	/** @param {{get(): Partial<Marks> | null, set(marks: Marks): void}} storage */
	constructor(storage) { this.storage = storage }

	/** @returns {Marks} */
	get marks() { return { upTo: 0, ids: [], cleared: 0, ...this.storage.get() } }

	/** @param {number} id */
	isRead(id) {
		const { upTo, ids } = this.marks
		return id <= upTo || ids.includes(id)
	}

	/** @param {number} id */
	isCleared(id) { return id <= this.marks.cleared }

	/** @param {number} id */
	read(id) {
		const marks = this.marks
		if (!this.isRead(id)) this.storage.set({ ...marks, ids: [...marks.ids, id].slice(-most) })
	}

	/** @param {number} id all up to it */
	readAll(id) {
		const marks = this.marks
		this.storage.set({ ...marks, upTo: Math.max(id, marks.upTo), ids: marks.ids.filter((n) => n > id) })
	}

	/** Hides all up to a number; undo with the number before. @param {number} id */
	clear(id) { this.storage.set({ ...this.marks, cleared: id }) }
}
