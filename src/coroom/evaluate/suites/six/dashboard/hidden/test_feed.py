from typing import Any

from dashboard.feed import Feed


def feed_of(*batches: list[dict[str, Any]]) -> Feed:
    left = list(batches)
    return Feed(lambda: left.pop(0) if left else [], 10)


def test_the_source_is_asked_at_every_full_interval() -> None:
    feed = feed_of([{"n": 1}], [], [{"n": 2}, {"n": 3}])
    feed.advance(9)
    assert feed.ticks == 0
    feed.advance(1)
    assert (feed.ticks, feed.rows) == (1, [{"n": 1}])
    feed.advance(25)
    assert (feed.ticks, feed.rows) == (3, [{"n": 1}, {"n": 2}, {"n": 3}])
    feed.advance(5)
    assert feed.ticks == 4


def test_subscribers_hear_of_rows_until_they_end_it() -> None:
    feed, heard = feed_of([{"n": 1}], [], [{"n": 2}]), []
    end = feed.subscribe(heard.append)
    feed.advance(20)
    assert heard == [[{"n": 1}]]
    end()
    end()
    feed.advance(10)
    assert heard == [[{"n": 1}]]


def test_a_subscriber_that_raises_stops_nobody() -> None:
    feed, heard = feed_of([{"n": 1}], [{"n": 2}]), []

    def broken(_rows: list[dict[str, Any]]) -> None:
        raise RuntimeError

    feed.subscribe(broken)
    feed.subscribe(heard.append)
    feed.advance(20)
    assert heard == [[{"n": 1}], [{"n": 2}]]
    assert len(feed.rows) == 2


def test_while_paused_the_clock_stands_still() -> None:
    feed = feed_of([{"n": 1}])
    feed.advance(6)
    feed.pause()
    feed.advance(100)
    assert feed.ticks == 0
    feed.resume()
    feed.advance(4)
    assert feed.ticks == 1
