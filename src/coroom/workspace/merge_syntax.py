"""The syntax layer: definitions matched by name or likeness, in any order; what stands between them by lines."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from coroom.syntax import Definition, definitions
from coroom.workspace.lines import Region, diff3, split_lines
from coroom.workspace.merge_blocks import merge_block, settle_neighbours
from coroom.workspace.merge_union import Sides, union_collections, union_imports

_LIKENESS = 0.7


class Unsettled(Exception):
    """The layer found something that only a person or an agent can decide; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A definition, or one line that is not blank; `lead` is the blank lines above it."""

    key: tuple[str, ...] | bytes
    lead: bytes
    text: bytes
    definition: Definition | None = None


@dataclass(frozen=True, slots=True)
class _Container:
    items: list[_Item]
    tail: bytes

    def defined(self) -> dict[tuple[str, ...], _Item]:
        return {each.key: each for each in self.items if isinstance(each.key, tuple)}


@dataclass(slots=True)
class SyntaxMerge:
    """One merge of three texts of a known language. `used_union` says after `run` whether additions were united."""

    path: str
    used_union: bool = False

    def run(self, base: bytes, ours: bytes, theirs: bytes) -> bytes:
        """The merged text. Raises `Unsettled` where both sides changed what cannot be told apart."""
        united = union_collections(Sides(base, ours, theirs), self.path)
        self.used_union = united.base != base
        texts = (united.base, united.ours, united.theirs)
        by_lines = merge_block(*texts, self._settle, margins=False)
        if by_lines is not None:
            return by_lines
        return self._container(*((text, (0, len(text)), definitions(text, self.path)) for text in texts))

    def _settle(self, base: Sequence[bytes], ours: Sequence[bytes], theirs: Sequence[bytes]) -> list[bytes] | None:
        imports = union_imports(base, ours, theirs, self.path)
        if imports is not None:
            self.used_union = True
            return imports
        return settle_neighbours(base, ours, theirs)

    def _container(self, *parts: tuple[bytes, tuple[int, int], tuple[Definition, ...]]) -> bytes:
        base, ours, theirs = (_items(*part) for part in parts)
        _check_alike(base, ours, theirs)
        _follow_renames(base, ours)
        _follow_renames(base, theirs)
        maps = base.defined(), ours.defined(), theirs.defined()
        resolved = {key: self._resolve(*(each.get(key) for each in maps)) for key in {**maps[1], **maps[2], **maps[0]}}
        merged = self._woven(base, ours, theirs)
        seen: set[tuple[str, ...]] = set()
        out: list[bytes] = []
        for item in merged:
            text: bytes | None = item.text
            if isinstance(item.key, tuple):
                text = None if item.key in seen else resolved[item.key]
                seen.add(item.key)
            if text is not None:
                if out and not out[-1].endswith(b"\n"):
                    out.append(b"\r\n" if b"\r\n" in out[-1] or b"\r\n" in text else b"\n")
                out += [item.lead if out or item.lead else b"", text]
        missing = [key for key, text in resolved.items() if text is not None and key not in seen]
        if missing:
            raise Unsettled(f"{missing[0][0]} was moved and taken out")
        return b"".join([*out, _three(base.tail, ours.tail, theirs.tail)])

    def _resolve(self, base: _Item | None, ours: _Item | None, theirs: _Item | None) -> bytes | None:
        """The merged text of one definition, None when it goes."""
        if base is None or ours is None or theirs is None:
            return _came_or_went(base, ours, theirs)
        if ours.text in (base.text, theirs.text):
            return theirs.text
        if theirs.text == base.text:
            return ours.text
        olds, mine, other = base.definition, ours.definition, theirs.definition
        assert olds is not None
        assert mine is not None
        assert other is not None
        if olds.body and mine.body and other.body:
            return self._opened((base, olds), (ours, mine), (theirs, other))
        merged = merge_block(base.text, ours.text, theirs.text, self._settle)
        if merged is None:
            raise Unsettled(f"both rewrote {olds.qualname}()")
        return merged

    def _opened(self, *sides: tuple[_Item, Definition]) -> bytes:
        """A container: head and foot by lines, what is inside like a file."""
        heads, foots, insides = [], [], []
        for item, found in sides:
            assert found.body is not None
            start, end = (edge - found.start for edge in found.body)
            heads.append(item.text[:start])
            foots.append(item.text[end:])
            children = tuple(_moved(child, -found.start) for child in found.children)
            insides.append((item.text, (start, end), children))
        head, foot = merge_block(*_triple(heads), self._settle), merge_block(*_triple(foots), self._settle)
        if head is None or foot is None:
            raise Unsettled(f"both rewrote the head of {sides[0][1].qualname}")
        inside = self._container(*insides)
        if inside and not inside.endswith(b"\n") and foot:
            inside += b"\n"
        return head + inside + foot

    def _woven(self, base: _Container, ours: _Container, theirs: _Container) -> list[_Item]:
        """The items of the merge in order; a definition may still stand there twice or be one that goes."""
        sides = base.items, ours.items, theirs.items
        out: list[_Item] = []
        for region in diff3(*([each.key for each in side] for side in sides)):
            b, o, t = _cut(region, sides)
            if region.kind == "same":
                out.extend(map(_kept, b, o, t))
            elif region.kind == "conflict":
                out.extend(self._meeting(b, o, t))
            else:
                out.extend(t if region.kind == "theirs" else o)
        return out

    def _meeting(self, base: list[_Item], ours: list[_Item], theirs: list[_Item]) -> list[_Item]:
        """Where both sides changed the same stretch: lines on their own, then the definitions of both."""
        olds, mine, other = ([each for each in side if each.definition is None] for side in (base, ours, theirs))
        keys = [[each.key for each in side] for side in (olds, mine, other)]
        if keys[2] in (keys[0], keys[1]):
            return _hosted(ours, theirs, base)
        if keys[1] == keys[0]:
            return _hosted(theirs, ours, base)
        settled = self._settle(*(_lines(side) for side in (olds, mine, other)))
        if settled is None:
            raise Unsettled("both changed the same lines between definitions")
        block = _Item(key=b"".join(settled), lead=b"", text=b"".join(settled))
        first = next(index for index, each in enumerate(ours) if each.definition is None) if mine else 0
        host = (
            [each for each in ours[:first] if each.definition]
            + [block]
            + [each for each in ours[first:] if each.definition]
        )
        return _hosted(host, theirs, base)


def _kept(base: _Item, ours: _Item, theirs: _Item) -> _Item:
    lead, text = _three(base.lead, ours.lead, theirs.lead), _three(base.text, ours.text, theirs.text)
    return replace(ours, lead=lead, text=text)


def _lines(items: list[_Item]) -> list[bytes]:
    return [line for each in items for line in [*split_lines(each.lead), each.text]]


def _triple(parts: Sequence[bytes]) -> tuple[bytes, bytes, bytes]:
    first, second, third = parts
    return first, second, third


def _cut(region: Region, sides: tuple[list[_Item], list[_Item], list[_Item]]) -> tuple[list[_Item], ...]:
    spans = region.base, region.ours, region.theirs
    return tuple(side[slice(*span)] for side, span in zip(sides, spans, strict=True))


def _hosted(host: list[_Item], guest: list[_Item], base: list[_Item]) -> list[_Item]:
    """The host's items, less the definitions that the guest took from here, and with those it brought here."""
    brought = {each.key for each in guest if each.definition}
    was_here = {each.key for each in base if each.definition}
    out = [each for each in host if each.definition is None or each.key in brought or each.key not in was_here]
    before: object = None
    for each in guest:
        if each.definition and each.key not in was_here and each.key not in {done.key for done in out}:
            places = [index for index, done in enumerate(out) if done.key == before]
            out.insert(places[0] + 1 if places else len(out), each)
        before = each.key
    return out


def _came_or_went(base: _Item | None, ours: _Item | None, theirs: _Item | None) -> bytes | None:
    shown = ours or theirs
    if shown is None:
        return None
    if base is None:
        if ours is not None and theirs is not None and ours.text.strip() != theirs.text.strip():
            raise Unsettled(f"both added {_name(ours)}()")
        return shown.text
    if shown.text != base.text:
        raise Unsettled(f"one side took out {_name(base)}(), the other changed it")
    return None


def _name(item: _Item) -> str:
    return item.definition.qualname if item.definition is not None else ""


def _three(base: bytes, ours: bytes, theirs: bytes) -> bytes:
    if ours in (base, theirs):
        return theirs
    return ours if theirs == base else max(ours, theirs, key=len)


def _items(text: bytes, span: tuple[int, int], found: Iterable[Definition]) -> _Container:
    items: list[_Item] = []
    lead = b""
    at = span[0]
    for each in [*found, None]:
        until = each.start if each is not None else span[1]
        for line in split_lines(text[at:until]):
            if line.strip():
                items.append(_Item(key=line.rstrip(b"\r\n"), lead=lead, text=line))
                lead = b""
            else:
                lead += line
        if each is not None:
            key = ("definition", each.key)
            items.append(_Item(key=key, lead=lead, text=text[each.start : each.end], definition=each))
            lead, at = b"", each.end
    counts: Counter[object] = Counter()
    for index, item in enumerate(items):
        if isinstance(item.key, tuple):
            counts[item.key] += 1
            if counts[item.key] > 1:
                items[index] = replace(item, key=(*item.key, str(counts[item.key])))
    return _Container(items, lead)


def _check_alike(*sides: _Container) -> None:
    """Definitions of one name more than once can be told apart only while their number stays the same."""
    numbered = [{key for key in side.defined() if len(key) > 2} for side in sides]
    if not numbered[0] == numbered[1] == numbered[2]:
        raise Unsettled("a name is defined more than once")


def _follow_renames(base: _Container, side: _Container) -> None:
    """Give a definition that the side renamed the key it had in the base."""
    olds, news = base.defined(), side.defined()
    gone = [item for key, item in olds.items() if key not in news]
    come = {key: item for key, item in news.items() if key not in olds}
    for item in gone:
        likes = {key: _likeness(item, each) for key, each in come.items()}
        best = max(likes, key=lambda key: likes[key], default=None)
        if best is not None and likes[best] >= _LIKENESS and list(likes.values()).count(likes[best]) == 1:
            index = side.items.index(come.pop(best))
            side.items[index] = replace(side.items[index], key=item.key)


def _likeness(old: _Item, new: _Item) -> float:
    if old.definition is None or new.definition is None or old.definition.kind != new.definition.kind:
        return 0.0
    before = old.text.replace(old.definition.name.encode(), new.definition.name.encode()).split()
    after = new.text.split()
    return SequenceMatcher(None, before, after, autojunk=False).ratio()


def _moved(found: Definition, by: int) -> Definition:
    return replace(
        found,
        start=found.start + by,
        end=found.end + by,
        body=(found.body[0] + by, found.body[1] + by) if found.body else None,
        children=tuple(_moved(child, by) for child in found.children),
    )
