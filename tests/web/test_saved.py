import json
import re
from pathlib import Path

from coroom.testing.browser import Tab
from coroom.testing.sample_room import SampleRoom
from coroom.web.saved import MOMENTS_MAX, moments, saved_copy


def data_of(copy: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="saved">(.*?)</script>', copy, re.DOTALL)
    assert found
    data = json.loads(found[1])
    assert isinstance(data, dict)
    return data


async def test_a_copy_asks_nobody_for_anything_and_runs_only_its_own_script(sample: SampleRoom) -> None:
    copy = saved_copy(sample.host)
    assert "default-src 'none'" in copy
    assert copy.count("<script") == 2
    assert not re.search(r"<(link|script)[^>]*(href|src)=\"(?!data:)", copy)


async def test_attacks_in_every_text_stay_inside_the_data_of_a_copy(hostile: SampleRoom, attacks: list[str]) -> None:
    copy = saved_copy(hostile.host)
    assert copy.count("<script") == 2
    assert copy.count("</script") == 2
    assert not any(attack in copy for attack in attacks if "<" in attack)
    assert "\u2028" not in copy
    text = json.dumps(data_of(copy))
    assert all(json.dumps(attack)[1:-1] in text for attack in attacks)


async def test_a_long_room_keeps_a_bounded_number_of_moments(sample: SampleRoom) -> None:
    events = sample.host.events(0)
    found = moments(events)
    assert len(found) == MOMENTS_MAX
    assert found[-1][0] == sample.host.state.seq


async def test_a_copy_opens_from_disk_and_its_scrubber_shows_the_past(
    sample: SampleRoom, tab: Tab, tmp_path: Path
) -> None:
    (tmp_path / "room.html").write_text(saved_copy(sample.host), encoding="utf-8")
    await tab.open(f"file://{tmp_path}/room.html")
    await tab.until("document.querySelectorAll('#roster tr[data-agent]').length === 6")
    await tab.run(
        "(() => { const s = document.getElementById('scrub'); s.value = 12; s.dispatchEvent(new Event('input')) })()"
    )
    await tab.until("document.querySelectorAll('#roster tr[data-agent]').length < 6")
    assert await tab.run("document.body.classList.contains('past')")
    await tab.press("l")
    await tab.until("document.querySelectorAll('#roster tr[data-agent]').length === 6")
    await tab.run("document.querySelector('#conflicts [data-act=held]').click()")
    await tab.until("document.querySelectorAll('#sheet .conflict').length > 0")


async def test_attacks_in_a_copy_do_not_run(hostile: SampleRoom, tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "room.html").write_text(saved_copy(hostile.host), encoding="utf-8")
    await tab.open(f"file://{tmp_path}/room.html")
    await tab.until("document.querySelectorAll('#tasks li').length > 40")
    assert await tab.run("window.pwned === undefined && ({}).pwned === undefined")
