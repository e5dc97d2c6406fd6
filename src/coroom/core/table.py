"""A persistent map from text to values: every change gives a new table and leaves the old one as it was."""

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from operator import itemgetter
from typing import Generic, TypeVar, overload

V = TypeVar("V")
D = TypeVar("D")

_WIDTH = 32
_SMALL_MAX = 32
"""Up to here a table is one dict: to copy that costs no more than to copy thirty-two places."""

_new = object.__new__
_FIRST, _SECOND = itemgetter(0), itemgetter(1)


class Table(Mapping[str, V], Generic[V]):
    """An immutable mapping whose update copies one thirty-second of it, or all of it while it is small.

    `evolve` must not mutate, and copying a plain dict of every file for each edit would make replay
    quadratic. It is walked in the order of its keys, whatever the hash seed and however it was made, so that a
    room opened from a snapshot decides as the one that replayed (promise sim:reproducible).
    """

    __slots__ = ("_buckets", "_mask", "_ordered", "_size", "_whole")

    def __init__(self, items: Iterable[tuple[str, V]] = ()) -> None:
        whole = dict(items)
        self._size = len(whole)
        self._mask = _WIDTH - 1 if self._size > _SMALL_MAX else 0
        self._whole: dict[str, V] | None = None if self._mask else whole
        self._buckets = [whole]
        if self._mask:
            self._buckets = [{} for _ in range(_WIDTH)]
            for key, value in whole.items():
                self._buckets[hash(key) & self._mask][key] = value
        self._ordered: tuple[tuple[str, V], ...] | None = None

    def __getitem__(self, key: str) -> V:
        return self._buckets[hash(key) & self._mask][key]

    @overload
    def get(self, key: str, /) -> V | None: ...
    @overload
    def get(self, key: str, /, default: V | D) -> V | D: ...
    def get(self, key: str, /, default: V | D | None = None) -> V | D | None:
        """The value of `key`, or `default`."""
        whole = self._whole
        if whole is not None:
            return whole.get(key, default)
        return self._buckets[hash(key) & self._mask].get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._buckets[hash(key) & self._mask]

    def __iter__(self) -> Iterator[str]:
        return map(_FIRST, self.ordered())

    def __len__(self) -> int:
        return self._size

    def values(self) -> ValuesView[V]:
        """The values, in the order of the keys."""
        return _Values(self)

    def items(self) -> ItemsView[str, V]:
        """The pairs, in the order of the keys."""
        return _Items(self)

    def ordered(self) -> tuple[tuple[str, V], ...]:
        """The pairs in the one order of these keys; made at the first use, since most tables are never walked."""
        if self._ordered is None:
            items = [item for bucket in self._buckets if bucket for item in bucket.items()]
            if len(items) > 1:
                items.sort(key=_FIRST)
            self._ordered = tuple(items)
        return self._ordered

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self._size == other._size and self._buckets == other._buckets

    def __hash__(self) -> int:
        return hash(self._size)

    def __repr__(self) -> str:
        return f"Table({dict(self)!r})"

    def put(self, key: str, value: V) -> "Table[V]":
        """This table with `key` set to `value`."""
        whole = self._whole
        if whole is not None and (key in whole or self._size < _SMALL_MAX):
            # Most tables of most rooms: one dict, before and after.
            whole = whole.copy()
            whole[key] = value
            fresh: Table[V] = _new(Table)
            fresh._whole = whole
            fresh._buckets = [whole]
            fresh._mask = 0
            fresh._size = len(whole)
            fresh._ordered = None
            return fresh
        place = hash(key) & self._mask
        old = self._buckets[place]
        bucket = old.copy()
        bucket[key] = value
        return self._with(place, bucket, self._size + len(bucket) - len(old))

    def without(self, key: str) -> "Table[V]":
        """This table without `key`; itself when the key is not there."""
        place = hash(key) & self._mask
        old = self._buckets[place]
        if key not in old:
            return self
        bucket = old.copy()
        del bucket[key]
        return self._with(place, bucket, self._size - 1)

    def changed(self, since: "Table[V]") -> tuple[str, ...]:
        """The keys that are not as they were in an earlier table of the same line, in order. What neither has touched
        since is not looked at.
        """
        earlier: Table[V] = since
        if self is earlier:
            return ()
        pairs: Iterable[tuple[dict[str, V], dict[str, V]]]
        if self._mask == earlier._mask:
            pairs = zip(self._buckets, earlier._buckets, strict=True)
        else:
            pairs = ((dict(self.ordered()), dict(earlier.ordered())),)
        found: list[str] = []
        for now, old in pairs:
            if now is not old:
                here = [key for key, value in now.items() if old.get(key) is not value]
                added = len([key for key in here if key not in old])
                if len(now) < len(old) + added:
                    found += [key for key in old if key not in now]
                found += here
        if len(found) < 2:
            return tuple(found)
        return tuple(sorted(found))

    def trimmed(self, most: int, ended: Callable[[V], int | None]) -> "Table[V]":
        """This table without the oldest of what is over and done with, as far as it holds more than `most`. `ended`
        gives the age of what is, by which the smallest is oldest, and None for what is not.
        """
        if self._size <= most:
            return self
        kept = self
        past = sorted((age, key) for key, value in self.items() if (age := ended(value)) is not None)
        for _, key in past[: self._size - most]:
            kept = kept.without(key)
        return kept

    def _with(self, place: int, bucket: dict[str, V], size: int) -> "Table[V]":
        assert size >= 0
        mask = self._mask
        if mask:
            buckets = self._buckets.copy()
            buckets[place] = bucket
        else:
            buckets = [bucket]
        if (size > _SMALL_MAX) is not (mask > 0):
            return Table(item for one in buckets for item in one.items())
        fresh: Table[V] = _new(Table)
        fresh._buckets = buckets
        fresh._whole = None if mask else bucket
        fresh._mask = mask
        fresh._size = size
        fresh._ordered = None
        return fresh


class _Values(ValuesView[V]):
    _mapping: Table[V]

    def __iter__(self) -> Iterator[V]:
        return map(_SECOND, self._mapping.ordered())


class _Items(ItemsView[str, V]):
    _mapping: Table[V]

    def __iter__(self) -> Iterator[tuple[str, V]]:
        return iter(self._mapping.ordered())
