"""A persistent map from text to values: every change gives a new table and leaves the old one as it was."""

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Generic, TypeVar, overload

V = TypeVar("V")
D = TypeVar("D")

_WIDTH = 32
_MASK = _WIDTH - 1
_SMALL_MAX = 32
"""Up to here a table is one dict: to copy that costs no more than to copy thirty-two places."""

_STEPS_MAX = 64
"""So many changes a table remembers; what is further back is found by comparing all that it holds."""

_Step = tuple[str, "_Step | None", int]
"""A key that was changed, what was changed before it, and how many steps that is from the first."""

_new = object.__new__
_FIRST, _SECOND = itemgetter(0), itemgetter(1)


class Table(Mapping[str, V], Generic[V]):
    """An immutable mapping whose update copies one thirty-second of it, or all of it while it is small.

    `evolve` must not mutate, and copying a plain dict of every file for each edit would make replay
    quadratic. It is walked in the order of its keys, whatever the hash seed and however it was made, so that a
    room opened from a snapshot decides as the one that replayed (promise sim:reproducible).
    """

    # While it is small `_whole` holds all of it; else that is None, and `_buckets` and `_size` say what it holds.
    __slots__ = ("_buckets", "_ordered", "_size", "_step", "_whole", *(() if TYPE_CHECKING else ("get",)))

    def __init__(self, items: Iterable[tuple[str, V]] = ()) -> None:
        whole = dict(items)
        self._step: _Step = _first_step("")
        self._ordered: tuple[tuple[str, V], ...] | None = None
        self._whole: dict[str, V] | None = whole
        self._buckets: list[dict[str, V]] = []
        self._size = len(whole)
        if not TYPE_CHECKING:
            self.get = whole.get
        if self._size > _SMALL_MAX:
            self._whole = None
            self._buckets = [{} for _ in range(_WIDTH)]
            for key, value in whole.items():
                self._buckets[hash(key) & _MASK][key] = value
            if not TYPE_CHECKING:
                self.get = partial(_find, self._buckets)

    if TYPE_CHECKING:

        @overload
        def get(self, key: str, /) -> V | None: ...
        @overload
        def get(self, key: str, /, default: V | D) -> V | D: ...
        def get(self, key: str, /, default: V | D | None = None) -> V | D | None:
            """The value of `key`, or `default`. Kept with each table, since nothing else is asked so often."""
            ...

    def __getitem__(self, key: str) -> V:
        whole = self._whole
        return whole[key] if whole is not None else self._buckets[hash(key) & _MASK][key]

    def __contains__(self, key: object) -> bool:
        whole = self._whole
        return key in whole if whole is not None else key in self._buckets[hash(key) & _MASK]

    def __iter__(self) -> Iterator[str]:
        return map(_FIRST, self.ordered())

    def __len__(self) -> int:
        whole = self._whole
        return len(whole) if whole is not None else self._size

    def values(self) -> ValuesView[V]:
        """The values, in the order of the keys."""
        return _Values(self)

    def items(self) -> ItemsView[str, V]:
        """The pairs, in the order of the keys."""
        return _Items(self)

    def ordered(self) -> tuple[tuple[str, V], ...]:
        """The pairs in the one order of these keys; made at the first use, since most tables are never walked."""
        known = self._ordered
        if known is None:
            whole = self._whole
            items = list(whole.items()) if whole is not None else [i for held in self._buckets for i in held.items()]
            if len(items) > 1:
                items.sort(key=_FIRST)
            self._ordered = known = tuple(items)
        return known

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        if self._whole is not None or other._whole is not None:
            return self._whole == other._whole
        return self._size == other._size and self._buckets == other._buckets

    def __hash__(self) -> int:
        return hash(len(self))

    def __repr__(self) -> str:
        return f"Table({dict(self)!r})"

    def put(self, key: str, value: V) -> "Table[V]":
        """This table with `key` set to `value`."""
        whole = self._whole
        if whole is not None:
            whole = whole.copy()
            whole[key] = value
            if len(whole) > _SMALL_MAX:
                return Table(whole.items())
            return self._small(key, whole)
        place = hash(key) & _MASK
        old = self._buckets[place]
        bucket = old.copy()
        bucket[key] = value
        return self._with(key, place, bucket, self._size + len(bucket) - len(old))

    def without(self, key: str) -> "Table[V]":
        """This table without `key`; itself when the key is not there."""
        whole = self._whole
        if whole is not None:
            if key not in whole:
                return self
            whole = whole.copy()
            del whole[key]
            return self._small(key, whole)
        place = hash(key) & _MASK
        old = self._buckets[place]
        if key not in old:
            return self
        bucket = old.copy()
        del bucket[key]
        if self._size - 1 <= _SMALL_MAX:
            return Table(item for item in self.ordered() if item[0] != key)
        return self._with(key, place, bucket, self._size - 1)

    def without_all(self, keys: Iterable[str]) -> "Table[V]":
        """This table without these keys, copied once; itself when none of them is there."""
        whole = self._whole
        if whole is None:
            kept = self
            for key in keys:
                kept = kept.without(key)
            return kept
        gone = [key for key in keys if key in whole]
        if len(gone) == 1:
            return self.without(gone[0])
        return Table([item for item in whole.items() if item[0] not in gone]) if gone else self

    def changed(self, since: "Table[V]") -> tuple[str, ...]:
        """The keys that are not as they were in an earlier table of the same line, in order. What neither has touched
        since is not looked at.
        """
        if self is since:
            return ()
        earlier: Table[V] = since
        touched: list[str] = []
        step, last = self._step, earlier._step
        while step is not last and step[1] is not None:
            touched.append(step[0])
            step = step[1]
        if step is not last:
            return self._differing(earlier)
        if len(touched) == 1:
            return tuple(touched) if self.get(touched[0]) is not since.get(touched[0]) else ()
        return tuple(sorted({key for key in touched if self.get(key) is not since.get(key)}))

    def _differing(self, since: "Table[V]") -> tuple[str, ...]:
        """The same where it is not known what was touched."""
        earlier: Table[V] = since
        pairs: Iterable[tuple[dict[str, V], dict[str, V]]]
        if self._whole is None and earlier._whole is None:
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
        return tuple(sorted(found))

    def trimmed(self, most: int, ended: Callable[[V], int | None]) -> "Table[V]":
        """This table without the oldest of what is over and done with, as far as it holds more than `most`. `ended`
        gives the age of what is, by which the smallest is oldest, and None for what is not.
        """
        if len(self) <= most:
            return self
        kept = self
        past = sorted((age, key) for key, value in self.items() if (age := ended(value)) is not None)
        for _, key in past[: len(self) - most]:
            kept = kept.without(key)
        return kept

    def _small(self, key: str, whole: dict[str, V]) -> "Table[V]":
        fresh: Table[V] = _new(Table)
        fresh._whole = whole
        fresh._ordered = None
        step = self._step
        fresh._step = (key, step, step[2] + 1) if step[2] < _STEPS_MAX else _first_step(key)
        if not TYPE_CHECKING:
            fresh.get = whole.get
        return fresh

    def _with(self, key: str, place: int, bucket: dict[str, V], size: int) -> "Table[V]":
        assert size > _SMALL_MAX
        buckets = self._buckets.copy()
        buckets[place] = bucket
        fresh: Table[V] = _new(Table)
        fresh._whole = None
        fresh._buckets = buckets
        fresh._size = size
        fresh._ordered = None
        step = self._step
        fresh._step = (key, step, step[2] + 1) if step[2] < _STEPS_MAX else _first_step(key)
        if not TYPE_CHECKING:
            fresh.get = partial(_find, buckets)
        return fresh


def _find(buckets: list[dict[str, V]], key: str, default: V | D | None = None) -> V | D | None:
    return buckets[hash(key) & _MASK].get(key, default)


def _first_step(key: str) -> _Step:
    """A beginning that is no other's: it is known by what it is, not by what is in it."""
    return (key, None, 0)


class _Values(ValuesView[V]):
    _mapping: Table[V]

    def __iter__(self) -> Iterator[V]:
        return map(_SECOND, self._mapping.ordered())


class _Items(ItemsView[str, V]):
    _mapping: Table[V]

    def __iter__(self) -> Iterator[tuple[str, V]]:
        return iter(self._mapping.ordered())
