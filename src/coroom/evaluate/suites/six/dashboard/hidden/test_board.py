from dashboard import layout, metrics, series
from dashboard.board import Board
from dashboard.feed import Feed
from rows import rows


def board_of(count: int, later: int = 0) -> tuple[Board, Feed]:
    batches = [rows(count), rows(later, seed=2)]
    feed = Feed(lambda: batches.pop(0) if batches else [], 1)
    board = Board(feed)
    feed.advance(1)
    return board, feed


def test_the_view_agrees_with_its_parts() -> None:
    board, feed = board_of(35)
    view = board.view()
    assert set(view) == {"summary", "table", "chart", "theme", "layout"}
    assert view["summary"] == metrics.summary(feed.rows)
    assert view["table"]["rows"] == feed.rows[:10]
    assert (view["table"]["pages"], view["theme"]) == (4, "light")
    assert view["chart"] == series.buckets(series.daily(feed.rows), 30)
    assert sum(value for _, value in view["chart"]) == view["summary"]["cents"]
    assert layout.height(view["layout"]) == 11


def test_a_filter_goes_through_everything_and_to_page_one() -> None:
    board, feed = board_of(60)
    board.go(3)
    board.set_filter(region="North")
    north = [row for row in feed.rows if row["region"] == "North"]
    view = board.view()
    assert view["summary"] == metrics.summary(north)
    assert (view["table"]["number"], view["table"]["total"]) == (1, len(north))
    board.set_filter()
    assert board.view()["table"]["total"] == 60


def test_sorting_by_the_same_key_turns_round_and_another_begins_ascending() -> None:
    board, feed = board_of(40)
    board.go(2)
    board.sort_by("cents")
    ascending = [row["cents"] for row in board.view()["table"]["rows"]]
    assert ascending == sorted(row["cents"] for row in feed.rows)[:10]
    board.sort_by("cents")
    assert [row["cents"] for row in board.view()["table"]["rows"]] == sorted((r["cents"] for r in feed.rows), reverse=True)[:10]
    board.sort_by("units")
    assert board.view()["table"]["rows"][0]["units"] == min(row["units"] for row in feed.rows)
    board.sort_by("cents")
    assert [row["cents"] for row in board.view()["table"]["rows"]] == ascending


def test_sorting_goes_to_page_one() -> None:
    board, _ = board_of(40)
    board.go(3)
    board.sort_by("units")
    assert board.view()["table"]["number"] == 1


def test_new_rows_are_there_and_leave_page_filter_and_order() -> None:
    board, feed = board_of(40, later=40)
    board.set_filter(region=["North", "South"])
    board.sort_by("cents")
    board.go(2)
    before = board.view()["table"]["total"]
    feed.advance(1)
    view = board.view()
    shown = sorted((r for r in feed.rows if r["region"] != "East"), key=lambda r: r["cents"])
    assert view["table"]["total"] == len(shown) > before
    assert (view["table"]["number"], view["table"]["rows"]) == (2, shown[10:20])


def test_the_theme_turns() -> None:
    board, _ = board_of(1)
    board.toggle_theme()
    assert board.view()["theme"] == "dark"
