package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// list is the symbols that the page shows, in their order.
const list = `[...document.querySelectorAll('tick-watchlist [data-symbol]')].map(r => r.dataset.symbol).join()`

// lists waits until the page shows these symbols, and says so in its address.
func (p *tab) lists(symbols string) {
	p.t.Helper()
	p.until("the list is "+symbols, list+" === "+literal(symbols))
	p.until("the address names it", `new URLSearchParams(location.search).get('symbols') === `+literal(symbols))
}

// board opens a list on a server of its own.
func board(t testing.TB, symbols string) (*server, *tab) {
	t.Helper()
	s := start(t, "--feed", brisk)
	p := open(t, s.URL+"/?symbols="+symbols)
	p.live()
	return s, p
}

func TestASymbolIsAddedBySearch(t *testing.T) {
	t.Parallel()
	_, p := board(t, "AAPL,MSFT")
	p.press("/")
	p.until("the search has the focus", `document.activeElement.matches('[role=combobox]')`)
	p.press("ibm" + keyEnter)
	p.lists("AAPL,MSFT,IBM")
	p.until("the new row is live", `document.querySelector('[data-symbol=IBM] [data-field=price]').textContent !== '—'`)
	before := p.text(`[data-symbol=IBM] [data-field=price]`)
	p.until("the new row moves", `document.querySelector('[data-symbol=IBM] [data-field=price]').textContent !== `+literal(before))

	p.click(`[role=combobox]`)
	p.write("coca")
	p.says(`[role=option]`, "The Coca-Cola Company")
	p.says(`[role=option]`, "XNYS")
	p.press(keyEnter)
	p.lists("AAPL,MSFT,IBM,KO")
	p.says("[data-count]", "4 symbols")
}

func TestPastedSymbolsAreAllAdded(t *testing.T) {
	t.Parallel()
	_, p := board(t, "AAPL")
	p.press("/")
	p.write("aapl, MSFT PETR4;btc/usd")
	p.press(keyEnter)
	p.lists("AAPL,MSFT,PETR4,BTC/USD")
	p.reload()
	p.lists("AAPL,MSFT,PETR4,BTC/USD")
}

func TestAnUnknownSymbolSaysSoAndSuggests(t *testing.T) {
	t.Parallel()
	_, p := board(t, "AAPL")
	p.press("/")
	p.write("MSFX")
	p.press(keyEnter)
	p.says("tick-search", "No source has MSFX")
	p.says("tick-search [role=option]", "MSFT")
	p.click("tick-search [role=option]")
	p.until("the suggestion is added", list+` !== 'AAPL'`)
}

func TestARemovedSymbolComesBackWithUndo(t *testing.T) {
	t.Parallel()
	_, p := board(t, "AAPL,MSFT,TSLA")
	p.click(`[aria-label="Remove MSFT"]`)
	p.lists("AAPL,TSLA")
	p.says("tick-toast", "MSFT is removed")
	p.click(`tick-toast button`)
	p.lists("AAPL,MSFT,TSLA")
	before := p.text(`[data-symbol=MSFT] [data-field=price]`)
	p.until("it is live again", `document.querySelector('[data-symbol=MSFT] [data-field=price]').textContent !== `+literal(before))
}

func TestRowsAreMovedByButtonsKeysAndMouse(t *testing.T) {
	t.Parallel()
	_, p := board(t, "AAPL,MSFT,TSLA,GOOGL")
	p.click(`[aria-label="Move MSFT up"]`)
	p.lists("MSFT,AAPL,TSLA,GOOGL")
	p.click(`[aria-label="Move MSFT down"]`)
	p.lists("AAPL,MSFT,TSLA,GOOGL")

	eval[any](p, `document.querySelector('[data-symbol=GOOGL] a').focus()`)
	p.press(keyUp, chromedp.ModifierAlt)
	p.press(keyUp, chromedp.ModifierAlt)
	p.lists("AAPL,GOOGL,MSFT,TSLA")
	if got := p.focused(); got != "GOOGL" {
		t.Errorf("the focus went to %q", got)
	}
	p.press(keyDown, chromedp.ModifierAlt)
	p.lists("AAPL,MSFT,GOOGL,TSLA")

	x, y := p.point(`[data-symbol=AAPL] [data-act=grip]`)
	_, below := p.point(`[data-symbol=GOOGL] [data-act=grip]`)
	p.mouse(chromedp.MouseMoved, x, y)
	p.mouse(chromedp.MousePressed, x, y)
	for i := range 10 {
		p.do(chromedp.MouseEvent(chromedp.MouseMoved, x, y+(below+8-y)*float64(i+1)/10, chromedp.ButtonLeft))
	}
	p.mouse(chromedp.MouseReleased, x, below+8)
	p.lists("MSFT,GOOGL,AAPL,TSLA")
	p.reload()
	p.lists("MSFT,GOOGL,AAPL,TSLA")
}

func TestAChangedListIsThereOnAFreshVisit(t *testing.T) {
	t.Parallel()
	s, p := board(t, "")
	p.visit(s.URL + "/")
	p.live()
	first := eval[string](p, list)
	p.click(`[aria-label="Remove AAPL"]`)
	p.until("it is gone", list+` !== `+literal(first))
	kept := eval[string](p, list)
	p.visit(s.URL + "/embed")
	p.visit(s.URL + "/")
	p.lists(kept)
	other := open(t, s.URL+"/")
	other.until("somebody else has the first list", list+` === `+literal(first))
}

func TestASavedListKeepsWhatNoSourceHas(t *testing.T) {
	t.Parallel()
	s, p := board(t, "AAPL,MSFT")
	eval[any](p, `localStorage.setItem('tickboard.lists', JSON.stringify({current: 'One', lists: {One: ['AAPL', 'MSFT'], Two: ['TSLA', 'GONE1', 'KO']}}))`)
	p.visit(s.URL + "/?symbols=AAPL,MSFT")
	p.live()
	p.chosen("One")
	p.switchTo("Two")
	p.lists("TSLA,KO")
	p.press("/")
	p.press("ibm" + keyEnter)
	p.lists("TSLA,KO,IBM")
	p.kept("One: AAPL MSFT", "Two: TSLA GONE1 KO IBM")
}

func TestAListThatSomebodySharedDoesNotReplaceTheOwn(t *testing.T) {
	t.Parallel()
	s, p := board(t, "AAPL,MSFT")
	p.press("/")
	p.press("ibm" + keyEnter)
	p.lists("AAPL,MSFT,IBM")
	p.visit(s.URL + "/?symbols=TSLA")
	p.live()
	p.chosen("Shared list, not saved")
	p.press("/")
	p.press("ko" + keyEnter)
	p.lists("TSLA,KO")
	p.visit(s.URL + "/")
	p.lists("AAPL,MSFT,IBM")
}

func TestListsHaveNames(t *testing.T) {
	t.Parallel()
	_, p := board(t, "AAPL,MSFT")
	p.menu("save")
	p.until("it asks for a name", `document.querySelector('tick-lists dialog').open && document.activeElement.name === 'name'`)
	p.write("Tech")
	p.press(keyEnter)
	p.chosen("Tech")
	p.press("/")
	p.press("ibm" + keyEnter)
	p.lists("AAPL,MSFT,IBM")
	p.menu("new")
	p.until("it asks for a name", `document.querySelector('tick-lists dialog').open`)
	p.write("Brazil")
	p.press(keyEnter)
	p.lists("")
	p.says("main", "This list is empty")
	p.press("/")
	p.write("PETR4, VALE3")
	p.press(keyEnter)
	p.lists("PETR4,VALE3")
	p.switchTo("Tech")
	p.lists("AAPL,MSFT,IBM")
	p.menu("delete")
	p.lists("AAPL,MSFT")
	p.says("tick-toast", "Tech is deleted")
	p.click(`tick-toast button`)
	p.lists("AAPL,MSFT,IBM")
}

func TestTheThirdClickOnAHeaderEndsTheSorting(t *testing.T) {
	t.Parallel()
	_, p := board(t, "MSFT,AAPL,TSLA")
	header := `[data-sort=symbol]`
	sorted := func(want string) string {
		return `document.querySelector('` + header + `').closest('th').getAttribute('aria-sort') === ` + want
	}
	p.click(header)
	p.until("A to Z", list+` === 'AAPL,MSFT,TSLA' && `+sorted(`'ascending'`))
	p.click(header)
	p.until("Z to A", list+` === 'TSLA,MSFT,AAPL' && `+sorted(`'descending'`))
	if got := p.query("symbols"); got != "MSFT,AAPL,TSLA" {
		t.Errorf("sorting changed the list in the address to %q", got)
	}
	p.click(header)
	p.until("as it was", list+` === 'MSFT,AAPL,TSLA' && `+sorted(`null`))
	p.click(`[data-sort=last]`)
	p.until("the highest price first", `(n => n.every((x, i) => !i || n[i - 1] >= x))([...document.querySelectorAll('tr[data-symbol]')].map(r => Number(r.dataset.price)))`)
}

func TestColumnsAreChosenAndStayChosen(t *testing.T) {
	t.Parallel()
	_, p := board(t, "AAPL,MSFT")
	shown := func(column string) string {
		return `[...document.querySelectorAll('.c-` + column + `')].some(e => e.checkVisibility())`
	}
	p.until("volume is shown", shown("volume"))
	p.click(`[popovertarget=settings]`)
	p.click(`#settings input[name=column][value=volume]`)
	p.click(`#settings input[name=column][value=time]`)
	p.until("they are gone", `!`+shown("volume")+` && !`+shown("time")+` && `+shown("range"))
	p.reload()
	p.until("they stay away", `!`+shown("volume")+` && !`+shown("time")+` && `+shown("range"))
}

func TestThemesAndPalettesStayChosen(t *testing.T) {
	t.Parallel()
	_, p := board(t, "AAPL,MSFT,TSLA,GOOGL,PETR4,VALE3")
	const page = `getComputedStyle(document.body).backgroundColor`
	const dark = `rgb(19, 23, 34)`
	p.until("the page is light", page+` === 'rgb(255, 255, 255)'`)
	p.media("prefers-color-scheme", "dark")
	p.until("auto follows the system", page+` === '`+dark+`'`)
	p.press("t")
	p.until("light is chosen", page+` === 'rgb(255, 255, 255)'`)
	p.press("t")
	p.until("dark is chosen", page+` === '`+dark+`'`)
	p.media()
	p.click(`[popovertarget=settings]`)
	p.click(`#settings input[name=palette][value=blue-orange]`)
	const look = `(row => row.dataset.dir === 'flat' || getComputedStyle(row.querySelector('[data-field=change]')).color ===
		(row.dataset.dir === 'up' ? 'rgb(122, 162, 255)' : 'rgb(240, 160, 75)'))(document.querySelector('[data-symbol=AAPL]'))`
	p.until("up is blue and down is orange", look)
	p.reload()
	p.until("both stay", page+` === '`+dark+`' && `+look)
}

func TestTheKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	s, p := board(t, "AAPL,MSFT,TSLA")
	p.press("j")
	p.press("j")
	if got := p.focused(); got != "MSFT" {
		t.Errorf("j j: %q", got)
	}
	p.press("k")
	if got := p.focused(); got != "AAPL" {
		t.Errorf("k: %q", got)
	}
	p.press(keyDown)
	p.press(keyDelete)
	p.lists("AAPL,TSLA")
	if got := p.focused(); got != "TSLA" {
		t.Errorf("the focus after Delete is on %q", got)
	}
	p.press("p")
	p.says("[data-connection]", "Paused")
	p.press("p")
	p.says("[data-connection]", "Connected")
	p.press("?")
	p.says("dialog#help", "Search and add a symbol")
	p.press(keyEscape)
	p.until("the help is closed", `!document.querySelector('#help').open`)
	p.size(900, 800)
	p.press("n")
	p.until("the panel is open", `document.querySelector('#notifications').checkVisibility({ visibilityProperty: true })`)
	p.press(keyEscape)
	p.until("the panel is closed", `!document.querySelector('#notifications').checkVisibility({ visibilityProperty: true })`)
	eval[any](p, `document.querySelector('[data-symbol=AAPL] a').focus()`)
	p.press(keyEnter)
	p.until("Enter shows the details", `location.pathname === '/q/AAPL' && document.querySelector('h1').textContent.includes('Apple')`)
	p.visit(s.URL + "/")
	p.live()
	p.click(`[popovertarget=settings]`)
	p.click(`#settings input[name=letters]`)
	p.press(keyEscape)
	theme := eval[string](p, `document.documentElement.dataset.theme`)
	p.press("t")
	p.press("p")
	if got := eval[string](p, `document.documentElement.dataset.theme`); got != theme || !strings.Contains(p.text("[data-connection-text]"), "Connected") {
		t.Errorf("switched off, letters still act: theme %q, %q", got, p.text("[data-connection-text]"))
	}
}
