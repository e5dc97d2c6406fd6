"""A persistent map from text to values: every change gives a new table and leaves the old one as it was."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar
from zlib import crc32

V = TypeVar("V")

_WIDTH = 32


class Table(Mapping[str, V], Generic[V]):
    """An immutable mapping whose update copies one thirty-second of it.

    `evolve` must not mutate, and copying a plain dict of every file for each edit would make replay
    quadratic. Iteration order depends only on the keys, never on hash seeds or on the way the table was
    made, so that a room opened from a snapshot decides as the one that replayed (promise sim:reproducible).
    """

    __slots__ = ("_buckets", "_size")

    def __init__(self, items: Iterable[tuple[str, V]] = ()) -> None:
        buckets: list[dict[str, V]] = [{} for _ in range(_WIDTH)]
        for key, value in items:
            buckets[crc32(key.encode("utf-8", "surrogatepass")) % _WIDTH][key] = value
        self._buckets = tuple(buckets)
        self._size = sum(len(bucket) for bucket in buckets)

    def __getitem__(self, key: str) -> V:
        return self._buckets[crc32(key.encode("utf-8", "surrogatepass")) % _WIDTH][key]

    def __iter__(self) -> Iterator[str]:
        for bucket in self._buckets:
            yield from sorted(bucket)

    def __len__(self) -> int:
        return self._size

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
        place = crc32(key.encode("utf-8", "surrogatepass")) % _WIDTH
        old = self._buckets[place]
        bucket = dict(old)
        bucket[key] = value
        return self._with(place, bucket, self._size + (key not in old))

    def without(self, key: str) -> "Table[V]":
        """This table without `key`; itself when the key is not there."""
        place = crc32(key.encode("utf-8", "surrogatepass")) % _WIDTH
        old = self._buckets[place]
        if key not in old:
            return self
        bucket = dict(old)
        del bucket[key]
        return self._with(place, bucket, self._size - 1)

    def _with(self, place: int, bucket: dict[str, V], size: int) -> "Table[V]":
        fresh: Table[V] = Table.__new__(Table)
        fresh._buckets = (*self._buckets[:place], bucket, *self._buckets[place + 1 :])
        fresh._size = size
        return fresh
