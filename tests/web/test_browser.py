"""What a person sees and does, in a real browser with real keys."""

import json
from collections.abc import Callable

from starlette.applications import Starlette

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR, Presence, Role
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.core.resource import file
from coroom.testing.browser import Chromium, Tab, served
from coroom.testing.sample_room import SampleRoom
from coroom.web.app import address

ROWS = "document.querySelectorAll('#roster tr[data-agent]').length"
COLOURS_DRAWN = """(() => {
  const canvas = document.getElementById("lanes");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
})()"""
SHOW_EVERYTHING = """(() => {
  const filter = document.getElementById("filter");
  filter.value = "all";
  filter.dispatchEvent(new Event("change"));
})()"""


async def text(tab: Tab, selector: str) -> str:
    return str(await tab.run(f"document.querySelector({json.dumps(selector)}).textContent"))


async def test_one_page_answers_all_six_questions(
    sample: SampleRoom, tab: Tab, page_of: Callable[[SampleRoom], Starlette], key: str
) -> None:
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 6")
        assert key not in await tab.run("location.href")
        assert "vouchers" in await text(tab, "#needs-list")
        assert "paused" in await text(tab, "#roster [data-agent=cleo]")
        assert "src/shop/cart.py" in await text(tab, "#claims")
        assert "min" in await text(tab, "#claims [data-left]")
        assert "Price.gross" in await text(tab, "#conflicts")
        assert "is green at" in await text(tab, "#green")
        assert "was paused" in await text(tab, "#log")
        assert await tab.run(COLOURS_DRAWN) > 20


async def test_an_event_reaches_the_screen_without_a_reload(
    sample: SampleRoom, tab: Tab, page_of: Callable[[SampleRoom], Starlette], key: str
) -> None:
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 6")
        await tab.run("window.same = true")
        question = c.Say(kind=NoticeKind.QUESTION, text="May I drop Python 3.10?", to=OPERATOR)
        await sample.do("ada", question, 10)
        await tab.until("document.getElementById('needs-list').textContent.includes('Python 3.10')")
        await tab.until("document.getElementById('log').textContent.includes('Python 3.10')")
        assert await tab.run("window.same")


async def test_with_keys_alone_a_person_speaks_pauses_and_releases(
    sample: SampleRoom,
    tab: Tab,
    page_of: Callable[[SampleRoom], Starlette],
    key: str,
) -> None:
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 6")
        await tab.press("/")
        await tab.until("document.activeElement.id === 'words'")
        await tab.write("Lunch at noon.")
        await tab.press("Enter")
        await tab.until("document.getElementById('toast').textContent.includes('everyone')")
        assert sample.host.state.inbox("ada")[-1].text == "Lunch at noon."
        await tab.press("Escape")
        for _ in range(len(sample.host.state.agents) + 6):
            if await tab.run("document.activeElement.dataset.agent === 'ada'"):
                break
            await tab.press("j")
        await tab.press("p")
        await tab.until("document.querySelector('[data-agent=ada]').textContent.includes('paused')")
        assert sample.host.state.agents["ada"].presence is Presence.PAUSED
        assert await tab.run("document.activeElement.dataset.agent") == "ada"
        claim = sample.host.state.claims_of("ben")[0]
        await tab.run(f"document.querySelector('[data-claim={claim.id}]').focus()")
        await tab.press("r")
        await tab.until("document.getElementById('sheet').open")
        await tab.press("Enter")
        await tab.until(f"!document.querySelector('[data-claim={claim.id}]')")
        assert claim.id not in sample.host.state.claims


async def test_with_keys_landings_are_held_with_a_reason_and_let_go_again(
    sample: SampleRoom, tab: Tab, page_of: Callable[[SampleRoom], Starlette], key: str
) -> None:
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 6")
        await tab.press("h")
        await tab.until("document.activeElement.id === 'sheet-words'")
        await tab.write("I read it first")
        await tab.press("Enter")
        await tab.until("document.getElementById('needs-list').textContent.includes('I read it first')")
        assert sample.host.state.landings_held == "I read it first"
        assert await tab.run("document.getElementById('hold').getAttribute('aria-pressed')") == "true"
        await tab.press("h")
        await tab.until("!document.getElementById('needs-list').textContent.includes('I read it first')")
        assert sample.host.state.landings_held == ""
        await tab.click("#hold")
        await tab.until("document.getElementById('sheet').open")
        await tab.press("Escape")
        await tab.until("!document.getElementById('sheet').open")
        assert sample.host.state.landings_held == ""


async def test_the_page_says_who_waits_for_a_claim_and_what_an_agent_has_used(
    sample: SampleRoom, tab: Tab, page_of: Callable[[SampleRoom], Starlette], key: str
) -> None:
    claim = next(one for one in sample.host.state.claims.values() if one.resources[0].path)
    waiting = next(name for name in ("ada", "ben") if name != claim.holder)
    await sample.host.submit(waiting, c.ClaimResources(resources=claim.resources))
    used = c.NoteSpent(agent="finn", input_tokens=125_000, output_tokens=900, cost_micro_usd=1_234_567)
    await sample.host.submit(HOST, used)
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 6")
        assert waiting in (await text(tab, f"#claims [data-claim={claim.id}]")).partition("waiting")[2]
        assert "125.0k in, 900 out · $1.23" in await text(tab, "#roster [data-agent=finn]")


async def test_the_past_is_replayed_by_keys_and_left_again(
    sample: SampleRoom, tab: Tab, page_of: Callable[[SampleRoom], Starlette], key: str
) -> None:
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 6")
        await tab.press("t")
        await tab.press("ArrowLeft")
        first = await text(tab, "#sentence")
        await tab.press("ArrowLeft")
        assert await text(tab, "#sentence") != first
        await tab.press("+")
        for _ in range(12):
            await tab.press("{")
        await tab.until("document.querySelector('[data-agent=dov]').textContent.includes('active')")
        await tab.until("!document.querySelector('[aria-busy]')")
        hidden = "getComputedStyle(document.querySelector('#roster [data-act=say]')).display === 'none'"
        assert await tab.run(hidden)
        await tab.press("l")
        await tab.until("document.querySelector('[data-agent=dov]').textContent.includes('left')")


async def test_a_conflict_and_a_file_open_at_an_address_of_their_own(
    sample: SampleRoom,
    tab: Tab,
    page_of: Callable[[SampleRoom], Starlette],
    key: str,
) -> None:
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 6")
        await tab.click("#conflicts [data-act=held]")
        await tab.until("document.querySelectorAll('#sheet .conflict').length > 0")
        assert "/held/h" in await tab.run("location.pathname")
        await tab.press("Escape")
        await tab.until("location.pathname === '/'")
        await tab.open(f"{url}/files/src/shop/cart.py")
        await tab.until("document.querySelectorAll('#sheet .text-file tr').length > 20")
        assert "ada" in await text(tab, "#sheet .text-file")


async def test_what_is_only_heard_says_which_agent_or_file_each_button_is_about(
    sample: SampleRoom, tab: Tab, page_of: Callable[[SampleRoom], Starlette], key: str
) -> None:
    names = """(() => {
      const buttons = [...document.querySelectorAll("main button:not([hidden])")];
      return buttons.map((one) => (one.ariaLabel ?? one.textContent).trim());
    })()"""
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 6")
        acts = ("Say", "Pause", "Release", "Answer", "Drop", "Resume")
        said = [name for name in await tab.run(names) if name.split()[0] in acts]
        assert {name.split()[0] for name in said} == set(acts)
        assert [name for name in said if len(name.split()) == 1] == []
        assert {"Pause ada", "Release file:src/shop/cart.py of ada"} <= set(said)


async def test_on_a_telephone_nothing_is_wider_than_the_screen_whatever_agents_are_called(
    sample: SampleRoom, browser: Chromium, page_of: Callable[[SampleRoom], Starlette], key: str
) -> None:
    name = "x" * Limits().name_chars_max
    await sample.do(OPERATOR, c.Join(agent=name, secret_hash=name, role=Role.IMPLEMENTER, client="codex"))
    claim = c.ClaimResources(resources=(file("a/b.py"),), purpose="a purpose of several words " * 4, ttl_ms=90_000)
    await sample.do(name, claim)
    tab = await browser.tab(390, 844)
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 7")
        assert await tab.run("document.documentElement.scrollWidth") == 390
        assert await tab.run("document.getElementById('words').offsetWidth") > 150
        width = "document.querySelector('[data-claim]:last-child .text').offsetWidth"
        assert await tab.run(width) > 150


async def test_without_the_key_the_page_asks_for_it(
    sample: SampleRoom, browser: Chromium, page_of: Callable[[SampleRoom], Starlette], key: str
) -> None:
    tab = await browser.tab(400, 800)
    async with served(page_of(sample)) as url:
        await tab.open(url)
        await tab.until("document.getElementById('sheet').open")
        await tab.write(key)
        await tab.press("Enter")
        await tab.until(f"{ROWS} === 6")
        assert await tab.run("document.documentElement.scrollWidth") == 400


async def test_the_page_follows_again_when_the_host_comes_back(
    sample: SampleRoom,
    browser: Chromium,
    page_of: Callable[[SampleRoom], Starlette],
    key: str,
) -> None:
    tab = await browser.tab(1280, 800)
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until(f"{ROWS} === 6")
    await tab.until("document.getElementById('link').className === 'lost'")
    port = int(url.rpartition(":")[2])
    async with served(page_of(sample), port):
        await sample.do(OPERATOR, c.Pause("ben"), 10)
        await tab.until("document.querySelector('[data-agent=ben]').textContent.includes('paused')")
        assert await tab.run("document.getElementById('link').className") == "live"


async def test_attacks_in_every_text_do_not_run(
    hostile: SampleRoom,
    tab: Tab,
    page_of: Callable[[SampleRoom], Starlette],
    key: str,
    attacks: list[str],
) -> None:
    async with served(page_of(hostile)) as url:
        await tab.open(address(url, key))
        await tab.until(f"document.querySelectorAll('#tasks li').length >= {len(attacks)}")
        await tab.run(SHOW_EVERYTHING)
        for selector in ("#conflicts [data-act=held]", "#conflicts [data-act=file]", "#claims [data-act=release]"):
            await tab.run(f"document.querySelector({json.dumps(selector)}).click()")
            await tab.until("document.getElementById('sheet').open || document.getElementById('toast').textContent")
            await tab.press("Escape")
        await tab.run("document.querySelectorAll('#log li[data-row]').forEach((row) => row.click())")
        assert await tab.run("window.pwned === undefined && ({}).pwned === undefined")
        inside = (
            "main img, main script, main iframe, main svg:not(#graph > svg), #graph svg svg, main a, main form, "
            "main style, main [onerror], #sheet img"
        )
        assert await tab.run(f"document.querySelectorAll({json.dumps(inside)}).length") == 0
        assert attacks[0] in await text(tab, "#tasks")


async def test_the_board_is_drawn_as_a_graph_that_keys_go_along(
    sample: SampleRoom, tab: Tab, page_of: Callable[[SampleRoom], Starlette], key: str
) -> None:
    await sample.do(OPERATOR, c.PostTask(title="<b>second</b>", after=("t1",), task="g2"), 100)
    await sample.do(OPERATOR, c.PostTask(title="third", after=("g2",), task="g3"), 100)
    async with served(page_of(sample)) as url:
        await tab.open(address(url, key))
        await tab.until("document.querySelector('#graph [data-task=g3]') !== null")
        assert "<b>second</b>" in await text(tab, "#graph [data-task=g2] title")
        await tab.run("document.querySelector('#graph [data-task=g3]').focus()")
        await tab.press("ArrowLeft")
        assert await tab.run("document.activeElement.dataset.task") == "g2"
        await tab.press("ArrowRight")
        assert await tab.run("document.activeElement.dataset.task") == "g3"
