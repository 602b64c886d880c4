// @ts-check
// Runs before the first paint: the viewer's theme, and the list that the viewer
// had last when the address names none. Storage may throw.
(() => {
	const root = document.documentElement
	root.dataset.js = ''
	/** @param {string} key */
	const stored = (key) => {
		try { return JSON.parse(localStorage.getItem('tickboard.' + key) ?? 'null') } catch { return null }
	}
	for (const key of ['theme', 'palette', 'density', 'hide']) {
		const value = stored(key)
		if (value) root.dataset[key] = String(value)
	}
	const list = stored('list')
	if (list && location.pathname === '/' && !location.search) location.replace('/?list=' + Number(list) + location.hash)
})()
