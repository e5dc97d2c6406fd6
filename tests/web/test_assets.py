import gzip
import re

from coroom.web.app import asset, asset_names

BUDGET_BYTES = 60_000


def test_the_whole_page_is_at_most_sixty_kilobytes_compressed() -> None:
    total = sum(len(gzip.compress(asset(name).encode(), 9)) for name in asset_names())
    assert total <= BUDGET_BYTES


def test_no_script_makes_markup_from_text() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\"on"
    )
    for name in asset_names():
        assert not forbidden.search(asset(name)), name


def test_the_page_asks_no_other_site_for_anything() -> None:
    for name in asset_names():
        found = re.findall(r"https?://[^\s\"')]+", asset(name))
        assert set(found) <= {"http://www.w3.org/2000/svg"}, name
