"""All of it together."""

from typing import Any

from dashboard import layout, metrics, series, table
from dashboard.feed import Feed
from dashboard.theme import Theme

TILES = [("summary", 12, 1), ("chart", 8, 4), ("top", 4, 4), ("table", 12, 6)]


class Board:
    """The dashboard over a feed."""

    def __init__(self, feed: Feed, page_size: int = 10) -> None:
        self._feed = feed
        self._page_size = page_size
        self._theme = Theme()
        self._filter: dict[str, Any] = {}
        self._key: str | None = None
        self._descending = False
        self._page = 1

    def view(self) -> dict[str, Any]:
        """What a screen shows now."""
        rows = table.filter(self._feed.rows, **self._filter)
        ordered = table.sort(rows, self._key, self._descending) if self._key else rows
        return {
            "summary": metrics.summary(rows),
            "table": table.page(ordered, self._page, self._page_size),
            "chart": series.buckets(series.daily(rows), 30),
            "theme": self._theme.name,
            "layout": layout.place(TILES, 12),
        }

    def set_filter(self, **wanted: Any) -> None:
        """Show these rows only."""
        self._filter = wanted
        self._page = 1

    def sort_by(self, key: str) -> None:
        """Order by a column; again: the other way."""
        self._page = 1
        self._descending = key == self._key and not self._descending
        self._key = key

    def go(self, number: int) -> None:
        """To a page."""
        self._page = number

    def toggle_theme(self) -> None:
        """Light or dark."""
        self._theme.toggle()
