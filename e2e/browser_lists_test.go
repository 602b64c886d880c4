package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// atOnce is how soon an open tab shows what another one changed.
const atOnce = time.Second

// menu does what the menu of the lists offers.
func (p *tab) menu(what string) {
	p.t.Helper()
	p.click(`[popovertarget=list-menu]`)
	p.click(`#list-menu [data-list="` + what + `"]`)
}

// chosen waits until the list of that name is shown.
func (p *tab) chosen(name string) {
	p.t.Helper()
	p.until("the list is called "+name, `document.querySelector('tick-lists select').selectedOptions[0]?.text === `+literal(name))
}

// switchTo shows the list of that name.
func (p *tab) switchTo(name string) {
	p.t.Helper()
	p.until("there is a list "+name, `[...document.querySelectorAll('tick-lists option')].some(o => o.text === `+literal(name)+`)`)
	eval[any](p, `{ const s = document.querySelector('tick-lists select'); s.value = [...s.options].find(o => o.text === `+literal(name)+`).value; s.dispatchEvent(new Event('change', { bubbles: true })) }`)
	p.chosen(name)
}

// named answers the dialog that asks for a name.
func (p *tab) named(name string) {
	p.t.Helper()
	p.until("it asks for a name", `document.querySelector('dialog[open]') && document.activeElement.name === 'name'`)
	p.write(name)
	p.press(keyEnter)
}

// onServer is the viewer's lists as the server has them, a line each.
const onServer = `fetch('/api/v1/lists').then(r => r.json()).then(d => d.lists.map(l => l.name + ': ' + l.symbols.join(' ')).join('\n'))`

// kept waits until the server has these lists of the viewer's, in their order.
func (p *tab) kept(lists ...string) {
	p.t.Helper()
	want, last := strings.Join(lists, "\n"), ""
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		if got, err := tryEval[string](p, onServer); err == nil && got == want {
			return
		} else if err == nil {
			last = got
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the server has %q, want %q", last, want)
		}
	}
}

// follows waits until the rows are these, no longer than another tab may take to
// follow.
func (p *tab) follows(symbols string) {
	p.t.Helper()
	p.within(atOnce, "the rows are "+symbols, list+" === "+literal(symbols))
}

func TestAFirstVisitMakesNoProfile(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := open(t, s.URL+"/")
	p.live()
	p.moves(patience)
	p.visit(s.URL + "/?symbols=AAPL,MSFT")
	p.live()
	p.click(`[popovertarget=list-menu]`)
	p.press(keyEscape)
	for _, r := range p.asked() {
		if r.Cookies || r.Method != http.MethodGet && r.Method != "" || strings.Contains(r.URL, "/lists") && !strings.Contains(r.URL, "/js/") {
			t.Errorf("before any change the page asks %s %s (cookie set: %t)", r.Method, r.URL, r.Cookies)
		}
	}
	p.click(`[aria-label="Remove AAPL"]`)
	p.kept("Watchlist: MSFT")
	p.reload()
	p.lists("MSFT")
	p.chosen("Watchlist")
}

func TestTabsFollowWhatOneOfThemChanges(t *testing.T) {
	for name, early := range map[string]string{"worker": "", "no worker": noWorker} {
		t.Run(name, func(t *testing.T) {
			s := start(t, "--feed", brisk, "--symbols", "AAPL,MSFT,TSLA,GOOGL")
			all := tabs(t, 2, s.URL+"/", early)
			a, b := all[0], all[1]
			for _, p := range all {
				p.live()
				p.moves(patience)
			}
			a.click(`[aria-label="Remove TSLA"]`)
			a.lists("AAPL,MSFT,GOOGL")
			b.until("the tab has become the list's", list+` === 'AAPL,MSFT,GOOGL'`)
			b.lists("AAPL,MSFT,GOOGL")

			eval[any](b, `document.querySelectorAll('tr[data-symbol]').forEach(r => { r.same = true }); document.querySelector('[data-symbol=MSFT] a').focus()`)
			a.press("/")
			a.press("ibm" + keyEnter)
			a.lists("AAPL,MSFT,GOOGL,IBM")
			b.follows("AAPL,MSFT,GOOGL,IBM")
			a.click(`[aria-label="Move GOOGL up"]`)
			b.follows("AAPL,GOOGL,MSFT,IBM")
			a.click(`[aria-label="Move AAPL down"]`)
			b.follows("GOOGL,AAPL,MSFT,IBM")
			a.click(`[aria-label="Remove AAPL"]`)
			b.follows("GOOGL,MSFT,IBM")
			if got := b.focused(); got != "MSFT" {
				t.Errorf("the focus went to %q", got)
			}
			if !eval[bool](b, `[...document.querySelectorAll('tr[data-symbol]')].every(r => r.same || r.dataset.symbol === 'IBM')`) {
				t.Error("rows were replaced")
			}
			before := b.text(`[data-symbol=IBM] [data-field=price]`)
			b.until("the new row moves", `document.querySelector('[data-symbol=IBM] [data-field=price]').textContent !== `+literal(before))
			a.menu("rename")
			a.named("Tech")
			b.within(atOnce, "the name follows", `document.querySelector('tick-lists select').selectedOptions[0].text === 'Tech'`)
			if n := s.streams(); n != 1 {
				t.Errorf("%d streams, want 1", n)
			}
		})
	}
}

func TestTwoTabsThatEditAtOnceLoseNothing(t *testing.T) {
	s := start(t, "--feed", brisk, "--symbols", "AAPL,MSFT,TSLA,GOOGL,KO,NVDA")
	all := tabs(t, 2, s.URL+"/", "")
	a, b := all[0], all[1]
	a.live()
	a.click(`[aria-label="Remove NVDA"]`)
	a.kept("Watchlist: AAPL MSFT TSLA GOOGL KO")
	b.live()
	b.until("both have it", list+` === 'AAPL,MSFT,TSLA,GOOGL,KO'`)
	// None has heard of the other's changes when it makes its own.
	eval[any](a, `{ const press = (l) => document.querySelector('[aria-label="' + l + '"]').click(); press('Remove MSFT'); press('Move KO up'); press('Move KO up') }`)
	eval[any](b, `{ const press = (l) => document.querySelector('[aria-label="' + l + '"]').click(); press('Remove AAPL'); press('Move GOOGL up') }`)
	for _, p := range all {
		p.until("both have both changes", list+`.split(',').sort().join() === 'GOOGL,KO,TSLA'`)
	}
	eventually(t, "they agree with the server", func() bool {
		want := eval[string](a, onServer)
		return want == "Watchlist: "+strings.ReplaceAll(eval[string](a, list), ",", " ") && want == "Watchlist: "+strings.ReplaceAll(eval[string](b, list), ",", " ")
	})

	// Replacing a version that is no more: a name here, another order there.
	for _, p := range all {
		p.expect("status of 412")
	}
	eval[any](a, `document.querySelector('#list-menu [data-list=rename]').click()`)
	eval[any](b, `document.querySelector('[data-sort=symbol]').click()`)
	b.until("it is sorted", list+` === 'GOOGL,KO,TSLA'`)
	a.named("Ours")
	eval[any](b, `document.querySelector('[aria-label="Move TSLA up"]').click()`)
	a.kept("Ours: GOOGL TSLA KO")
	for _, p := range all {
		p.chosen("Ours")
		p.lists("GOOGL,TSLA,KO")
	}
}

func TestADeletedListComesBackWithUndoInEveryTab(t *testing.T) {
	s := start(t, "--feed", brisk, "--symbols", "AAPL,MSFT")
	all := tabs(t, 2, s.URL+"/", "")
	a, b := all[0], all[1]
	a.live()
	b.live()
	a.menu("new")
	a.named("Banks")
	a.press("/")
	a.press("jpm" + keyEnter)
	a.lists("JPM")
	a.kept("Watchlist: AAPL MSFT", "Banks: JPM")
	b.switchTo("Banks")
	b.lists("JPM")
	b.visit(s.URL + "/") // which begins with the list chosen last
	b.chosen("Banks")
	b.lists("JPM")
	b.live()
	a.menu("delete")
	a.lists("AAPL,MSFT")
	b.follows("AAPL,MSFT")
	b.says("tick-toast", "deleted elsewhere")
	a.kept("Watchlist: AAPL MSFT")
	a.says("tick-toast", "Banks is deleted")
	a.click(`tick-toast button`)
	a.lists("JPM")
	a.kept("Watchlist: AAPL MSFT", "Banks: JPM")
	b.within(atOnce, "it can be chosen again", `[...document.querySelectorAll('tick-lists option')].some(o => o.text === 'Banks')`)
	a.menu("order")
	a.click(`dialog [aria-label="Move Banks up"]`)
	a.kept("Banks: JPM", "Watchlist: AAPL MSFT")
	b.within(atOnce, "the order follows", `[...document.querySelectorAll('tick-lists option')].map(o => o.text).join() === 'Banks,Watchlist'`)
}

func TestListsOfEarlierVisitsMoveInOnce(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := open(t, s.URL+"/embed")
	eval[any](p, `localStorage.setItem('tickboard.lists', JSON.stringify({ current: 'Two', lists: { One: ['AAPL', 'MSFT'], Two: ['TSLA', 'KO'] } }))`)
	p.expect("net::ERR_FAILED")
	p.expect("Failed to fetch")
	// The server does not take them at first.
	p.early(`{ const real = fetch; globalThis.fetch = (url, o) => o?.method === 'POST' && !sessionStorage.getItem('server is back') ? Promise.reject(new TypeError('away')) : real(url, o) }`)
	p.visit(s.URL + "/")
	p.lists("TSLA,KO")
	p.chosen("Two")
	p.says("[data-unsaved]", "Not saved yet")
	if !eval[bool](p, `localStorage.getItem('tickboard.lists').includes('TSLA')`) {
		t.Error("the browser's copy is gone before the server has it")
	}
	eval[any](p, `sessionStorage.setItem('server is back', 'yes')`)
	p.reload()
	p.kept("One: AAPL MSFT", "Two: TSLA KO")
	p.lists("TSLA,KO")
	p.until("the browser's copy is gone", `!JSON.parse(localStorage.getItem('tickboard.lists'))`)
	p.visit(s.URL + "/")
	p.lists("TSLA,KO")
	p.chosen("Two")
	p.kept("One: AAPL MSFT", "Two: TSLA KO")
}

func TestAChangeWithoutTheServerIsKeptAndSentLater(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk, "--symbols", "AAPL,MSFT,TSLA")
	p := open(t, s.URL+"/")
	p.live()
	p.expect("ERR_INTERNET_DISCONNECTED")
	offline := func(is bool) {
		call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{
			{Offline: is, DownloadThroughput: -1, UploadThroughput: -1},
		}})
	}
	offline(true)
	p.click(`[aria-label="Remove MSFT"]`)
	p.lists("AAPL,TSLA")
	p.says("tick-toast", "Not saved yet")
	p.click(`[aria-label="Move TSLA up"]`)
	p.lists("TSLA,AAPL")
	offline(false)
	p.kept("Watchlist: TSLA AAPL")
	p.lists("TSLA,AAPL")

	offline(true)
	p.click(`[aria-label="Remove TSLA"]`)
	p.says("[data-unsaved]", "Not saved yet")
	offline(false)
	p.kept("Watchlist: AAPL")
	p.says("tick-toast", "All changes are saved")
	p.until("it says no longer that it is not", `document.querySelector('[data-unsaved]').hidden`)
}

func TestASharedListIsReadByOthersUntilItIsNot(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk, "--symbols", "AAPL,MSFT,TSLA")
	p := open(t, s.URL+"/")
	p.live()
	p.click(`[popovertarget=list-menu]`)
	p.click(`[data-load="lists/share"]`)
	p.until("there is a link", `document.querySelector('dialog input')?.value.includes('/l/')`)
	link := eval[string](p, `document.querySelector('dialog input').value`)
	if !strings.HasPrefix(link, s.URL+"/l/") {
		t.Fatalf("the link is %q", link)
	}
	other := open(t, link)
	other.expect("status of 404")
	other.live()
	other.moves(patience)
	other.until("it shows the list", list+` === 'AAPL,MSFT,TSLA'`)
	if eval[bool](other, `[...document.querySelectorAll('.grip, .actions, [aria-label^=Remove]')].some(e => e.checkVisibility())`) {
		t.Error("a shared list offers to be changed")
	}
	eval[any](other, `document.querySelector('[data-symbol=MSFT] a').focus()`)
	other.press(keyDelete)
	other.press(keyUp, chromedp.ModifierAlt)
	other.until("nothing of it changes", list+` === 'AAPL,MSFT,TSLA'`)
	for _, r := range other.asked() {
		if r.Cookies || r.Method == http.MethodPost && strings.Contains(r.URL, "/lists") {
			t.Errorf("reading made %s %s (cookie set: %t)", r.Method, r.URL, r.Cookies)
		}
	}
	p.press(keyEscape)
	p.click(`[aria-label="Remove MSFT"]`)
	p.kept("Watchlist: AAPL TSLA")
	other.reload()
	other.until("it follows its owner", list+` === 'AAPL,TSLA'`)
	other.click(`[data-list=save]`)
	other.named("Mine")
	other.lists("AAPL,TSLA")
	other.chosen("Mine")
	other.kept("Mine: AAPL TSLA")

	p.click(`[popovertarget=list-menu]`)
	p.click(`[data-load="lists/share"]`)
	p.until("the same link is shown", `document.querySelector('dialog input')?.value === `+literal(link))
	eval[any](p, `[...document.querySelectorAll('dialog button')].find(b => b.textContent === 'Stop sharing').click()`)
	p.says("tick-toast", "no longer shared")
	other.visit(link)
	other.says("main", "no longer shared")
	if status := s.get(strings.TrimPrefix(link, s.URL)).status; status != http.StatusNotFound {
		t.Errorf("the link answers %d", status)
	}
}

func TestALinkWithSymbolsIsSavedAsOnesOwn(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk, "--symbols", "AAPL,MSFT")
	p := open(t, s.URL+"/")
	p.live()
	p.click(`[aria-label="Remove MSFT"]`)
	p.kept("Watchlist: AAPL")
	p.visit(s.URL + "/?symbols=TSLA,KO")
	p.chosen("Shared list, not saved")
	p.click(`[data-save]`)
	p.named("Found")
	p.chosen("Found")
	p.kept("Watchlist: AAPL", "Found: TSLA KO")
	p.lists("TSLA,KO")
	address := eval[string](p, `location.href`)
	somebody := open(t, address)
	somebody.live()
	somebody.until("others see its symbols", list+` === 'TSLA,KO'`)
	p.press("/")
	p.press("ibm" + keyEnter)
	p.kept("Watchlist: AAPL", "Found: TSLA KO IBM")
	p.visit(address)
	p.until("its owner sees what it has now", list+` === 'TSLA,KO,IBM'`)
	p.chosen("Found")
}

func TestASymbolIsPutIntoSeveralLists(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk, "--symbols", "AAPL,MSFT")
	p := open(t, s.URL+"/")
	p.live()
	p.menu("new")
	p.named("Tech")
	p.kept("Watchlist: AAPL MSFT", "Tech: ")
	p.switchTo("Watchlist")
	p.lists("AAPL,MSFT")
	check := func(name string) {
		p.t.Helper()
		p.until("the lists are there", `document.querySelector('dialog .checks input')`)
		p.click(fmt.Sprintf(`dialog .checks li:nth-child(%d) input`, eval[int](p, `[...document.querySelectorAll('dialog .checks li')].findIndex(l => l.textContent.includes(`+literal(name)+`)) + 1`)))
	}
	p.click(`[aria-label="Lists with MSFT"]`)
	check("Tech")
	p.kept("Watchlist: AAPL MSFT", "Tech: MSFT")
	check("Watchlist")
	p.kept("Watchlist: AAPL", "Tech: MSFT")
	p.until("its row is gone", list+` === 'AAPL'`)
	p.visit(s.URL + "/q/BTC/USD")
	p.live()
	p.click(`[data-load="lists/in"]`)
	check("Tech")
	p.kept("Watchlist: AAPL", "Tech: MSFT BTC/USD")

	nobody := open(t, s.URL+"/q/KO")
	nobody.live()
	nobody.click(`[data-load="lists/in"]`)
	nobody.until("the lists are there", `document.querySelector('dialog .checks input')`)
	nobody.click(`dialog .checks input`)
	nobody.kept("Watchlist: AAPL MSFT KO")
}

func TestListsGoOutAndComeInAsFiles(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk, "--symbols", "AAPL,BTC/USD")
	p := open(t, s.URL+"/")
	p.live()
	dir := t.TempDir()
	call(p, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	for kind, want := range map[string]string{
		"csv": "symbol,name\r\nAAPL,Apple Inc.\r\nBTC/USD,Bitcoin / US dollar\r\n",
		"txt": "AAPL\nBTC/USD\n",
	} {
		p.menu(kind)
		file := filepath.Join(dir, "Watchlist."+kind)
		eventually(t, "the file is there", func() bool {
			text, err := os.ReadFile(file)
			return err == nil && len(text) >= len(want)
		})
		text, err := os.ReadFile(file)
		if err != nil || string(text) != want {
			t.Errorf("%s: %q (%v), want %q", kind, text, err, want)
		}
	}

	p.menu("import")
	p.until("it asks", `document.activeElement.matches('dialog textarea')`)
	p.write("msft, NOSUCH\n<b>\ntsla")
	eval[any](p, `[...document.querySelectorAll('dialog button')].find(b => b.textContent.startsWith('Add to')).click()`)
	p.says("dialog [role=status]", "2 symbols are taken")
	p.says("dialog [role=status]", "Line 1: no source has NOSUCH")
	p.says("dialog [role=status]", "Line 2: “<b>” is no symbol")
	p.kept("Watchlist: AAPL BTC/USD MSFT TSLA")
	p.lists("AAPL,BTC/USD,MSFT,TSLA")

	file := filepath.Join(dir, "Banks.csv")
	if err := os.WriteFile(file, []byte("Name;Symbol\r\nJPMorgan;JPM\r\n\"Coca; Cola\";ko\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	input := call(p, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.querySelector('dialog input[type=file]')`})
	call(p, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{file}, ObjectID: input.Result.ObjectID})
	p.until("its text is shown", `document.querySelector('dialog textarea').value.includes('JPM')`)
	eval[any](p, `[...document.querySelectorAll('dialog button')].find(b => b.textContent === 'Make a new list').click()`)
	p.kept("Watchlist: AAPL BTC/USD MSFT TSLA", "Banks: JPM KO")
	p.chosen("Banks")
	p.lists("JPM,KO")
}

func TestListsAreChosenWithoutScript(t *testing.T) {
	t.Parallel()
	s := start(t, "--symbols", "AAPL,MSFT")
	p := open(t, s.URL+"/")
	p.live()
	p.menu("new")
	p.named("Empty one")
	p.kept("Watchlist: AAPL MSFT", "Empty one: ")
	p.noScript()
	p.visit(s.URL + "/")
	p.until("the first list is shown", list+` === 'AAPL,MSFT'`)
	eval[any](p, `[...document.querySelectorAll('noscript a')].find(a => a.textContent === 'Empty one').click()`)
	p.until("the other list is shown", list+` === '' && location.search.startsWith('?list=')`)
}

func TestTheDialogsOfListsFitAndHaveNoFaults(t *testing.T) {
	t.Parallel()
	script := axe(t)
	s := start(t, "--symbols", "AAPL,MSFT")
	p := open(t, s.URL+"/")
	p.live()
	p.menu("new")
	p.named(strings.Repeat("A long name ", 5)[:58])
	p.until("it has its number", `document.querySelector('tick-lists').dataset.list`)
	p.click(`[popovertarget=list-menu]`)
	p.click(`[data-load="lists/share"]`)
	p.until("there is a link", `document.querySelector('dialog input')?.value.includes('/l/')`)
	link := eval[string](p, `document.querySelector('dialog input').value`)
	for _, width := range []int64{1280, 320} {
		p.size(width, 640)
		for _, theme := range []string{"light", "dark"} {
			p.media("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce")
			for what, opens := range map[string]func(){
				"the menu":   func() { p.click(`[popovertarget=list-menu]`) },
				"a name":     func() { p.menu("rename") },
				"the order":  func() { p.menu("order") },
				"a link":     func() { p.click(`[popovertarget=list-menu]`); p.click(`[data-load="lists/share"]`) },
				"the import": func() { p.menu("import") },
				"the lists of a symbol": func() {
					p.switchTo("Watchlist")
					p.lists("AAPL,MSFT")
					p.click(`[aria-label="Lists with AAPL"]`)
				},
				"somebody else's link": func() { p.visit(s.URL + "/?symbols=TSLA"); p.live(); p.chosen("Shared list, not saved") },
				"a shared list":        func() { p.visit(link); p.live() },
			} {
				p.visit(s.URL + "/")
				p.live()
				opens()
				if what != "the menu" && !strings.HasPrefix(what, "somebody") && what != "a shared list" {
					p.until(what+" is open", `document.querySelector('dialog[open]')`)
				}
				for _, v := range p.check(script, `{}`) {
					t.Errorf("%s, %s, %d px: %s (%s)\n  %s", what, theme, width, v.ID, v.Help, strings.Join(v.Nodes, "\n  "))
				}
				if cut := eval[string](p, beyond); cut != "" {
					t.Errorf("%s, %d px: cut at the side: %s", what, width, cut)
				}
			}
		}
	}
}
