"""One thing under two names: both sides newly say the same words and write them in two ways."""

import re
from collections.abc import Iterator

from coroom.checks.finding import Finding
from coroom.checks.sides import Four, Side, Texts
from coroom.checks.wording import NAMING, Said, callee_of, names_in, new_strings, plain, words_of
from coroom.syntax import Term, is_test, walk


def spelling(four: Four) -> Iterator[Finding]:
    """Names that the sides write in two ways, or that a forgiving look-up misses."""
    for side in four.sides:
        yield from _soft(four, side)
    yield from _spelled(four)
    yield from _misspelled(four)
    yield from _channels(four)


def _spelled(four: Four) -> Iterator[Finding]:
    """Both sides newly say the same words, written in two ways."""
    ours, theirs = ({each.text: each for each in _telling(side)} for side in four.sides)
    known = {_written_alike(text): text for text in ours}
    for text, said in theirs.items():
        other = known.get(_written_alike(text)) or next((each for each in ours if _cut_short(each, text)), None)
        if other is None or other == text or text in ours or other in theirs or len(plain(text)) < 3:
            continue
        if len(plain(text)) < 4 and not (_is_asked(said) or _is_asked(ours[other])):
            continue
        if not four.base_quotes(text) and not four.base_quotes(other):
            mine = ours[other]
            yield four.finding(
                four.theirs, "diverging-name", said.changed.module.path, said.term.line, text,
                f'"{text}" here and "{other}" on the other side are one name written in two ways',
                about=(f"{mine.changed.module.path}#{mine.changed.within}",), sure=0.88,
            )  # fmt: skip
            return


def _telling(side: Side) -> Iterator[Said]:
    for said in new_strings(side):
        if (
            NAMING.match(said.text)
            and said.around is not None
            and said.around.kind in {"call", "pair", "index", "compare", "set", "tuple", "list", "assign"}
        ):
            yield said


def _cut_short(one: str, other: str) -> bool:
    """Whether one of two words is the beginning of the other, and not for a plural."""
    short, long = sorted((one, other), key=len)
    more = len(long) - len(short)
    return (
        len(short) > 2
        and 0 < more <= 3
        and long.startswith(short)
        and long[len(short) :] not in {"s", "es"}
        and short.isalpha()
    )


def _new_names(side: Side) -> frozenset[str]:
    """Names of functions, members, keys and values that a side defines and the base did not."""
    found: set[str] = set()
    for path in side.paths:
        after, before = side.tree.module(path), side.base.module(path)
        if after is None or is_test(path):
            continue
        found |= names_in(after) - (names_in(before) if before is not None else set())
    return frozenset(found)


def _soft(four: Four, side: Side) -> Iterator[Finding]:
    """A look-up that forgives a missing name, of a name that nobody defines, beside a new name like it."""
    fresh = _new_names(side.other)
    for changed in side.changed if fresh else ():
        if is_test(changed.module.path):
            continue
        new = {id(each) for each in changed.new_terms()}
        for each in walk(changed.term):
            name = soft_name(each) if id(each) in new else None
            # What begins with two underscores is the language's own, and nobody's to define.
            if name is None or name in fresh or len(name) < 3 or name.startswith("__"):
                continue
            if _defines(side.tree.texts, name, but=changed.module.path) or four.base_says(name):
                continue
            alike = [other for other in sorted(fresh) if _alike(name, other)]
            if alike:
                yield four.finding(
                    side, "diverging-name", changed.module.path, each.line, name,
                    f"{name} is looked for here and nobody defines it; the other side adds {alike[0]}", sure=0.86,
                )  # fmt: skip
                return


def soft_name(term: Term) -> str | None:
    """The name that a forgiving look-up asks for: `getattr(x, "n", 0)`, `d.get("n")`, `hasattr(x, "n")`, `"n" in d`."""
    if term.kind == "call":
        called, given = term.parts[0], term.parts[1:]
        if called.text == "getattr" and len(given) == 3 and given[1].kind == "string":
            return given[1].text
        if called.text == "hasattr" and len(given) == 2 and given[1].kind == "string":
            return given[1].text
        if (
            called.kind == "member"
            and called.text in {"get", "pop", "setdefault"}
            and given
            and given[0].kind == "string"
        ):
            return given[0].text
    if term.kind == "compare" and term.text in {"in", "not in"} and term.parts[0].kind == "string":
        return term.parts[0].text
    if term.kind == "or" and term.parts[0].kind in {"member", "index"}:
        held = term.parts[0]
        return held.text if held.kind == "member" else held.parts[1].text if held.parts[1].kind == "string" else None
    if term.kind == "member" and "optional" in term.flags:
        return term.text
    return None


def _defines(texts: Texts, name: str, but: str) -> bool:
    raw = name.encode()
    pattern = re.compile(rb"\b" + re.escape(raw) + rb"\b")
    return any(
        raw in text and pattern.search(text) for path, text in texts.items() if path != but and not is_test(path)
    )


_EMPTY = frozenset(
    [
        "is",
        "has",
        "get",
        "set",
        "the",
        "to",
        "of",
        "for",
        "in",
        "as",
        "on",
        "by",
        "a",
        "an",
        "new",
        "do",
        "can",
        "max",
        "min",
        "num",
        "count",
        "name",
        "value",
    ]
)


def _written_alike(name: str) -> str:
    """A name without what sets its words apart and without the two ways of spelling them."""
    return plain("_".join(one_spelling(each) for each in words_of(name)))


def _alike(one: str, other: str) -> bool:
    """Whether two names share what they are about."""
    if _written_alike(one) == _written_alike(other):
        return True
    mine = {_stem(each) for each in words_of(one)} - _EMPTY
    yours = {_stem(each) for each in words_of(other)} - _EMPTY
    if any(_stands_for(a, b) or _stands_for(b, a) for a in mine for b in yours):
        return True
    return any(len(each) > 3 for each in mine & yours) or any(
        len(a) > 3 and len(b) > 3 and (a.startswith(b) or b.startswith(a)) for a in mine for b in yours
    )


def _stands_for(short: str, word: str) -> bool:
    """Whether a word is short for another: `qty`, `amt`, `addr`."""
    if not 2 < len(short) < 5 or len(word) < len(short) + 2 or short[0] != word[0]:
        return False
    rest = iter(word)
    return all(letter in rest for letter in short)


_TWO_WAYS = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"(?<=[a-z]{2})our(?=s|ed|ing|ite|able|ful|less|\Z)", "or"),
        (r"(?<=[a-z]{3})is(?=e|ed|es|er|ing|ation)", "iz"),
        (r"(?<=[a-z]{2}[bt])re(?=s?\Z)", "er"),
        (r"(?<=[a-z]{2})ence(?=s?\Z)", "ense"),
        (r"lys(?=e|ed|es|er|ing)", "lyz"),
        (r"(?<=[a-z]{2}[aeiou])ll(?=ed|ing|er)", "l"),
        (r"(?<=[a-z]{3})ogue(?=s?\Z)", "og"),
        (r"\Agrey", "gray"),
        (r"(?<=[a-z]{3}dg)e(?=ment)", ""),
    )
)
"""How British and American writers end the same words."""


def one_spelling(word: str) -> str:
    """A word in the one of its two usual spellings that both `armour` and `armor` have."""
    for pattern, to in _TWO_WAYS:
        word = pattern.sub(to, word)
    return word


_GROUPS = (
    "email mail", "delet remov drop", "creat add new made", "don finish complet clos end", "colour color",
    "size length len", "start begin", "fail error", "save stor", "timeout limit", "max limit", "retri attempt tri",
    "tax vat", "price cost", "weight mass", "note memo remark comment", "owner author", "state status", "url uri link",
    "folder director", "updat modif chang edit", "phone tel", "categor kind", "user account", "discount rebate",
    "amount sum total", "label title caption", "enabl activ", "priority urgent", "average avg mean", "points score",
    "level tier rank grade", "image picture photo", "customer client buyer", "supplier vendor seller", "guest visitor",
    "source src origin", "dest destination target", "password pwd", "zip postcode", "muted silenc", "nick alias",
    "descript desc detail", "distance dist", "language lang locale",
)  # fmt: skip
_LIKE = {word: group.split()[0] for group in _GROUPS for word in group.split()}


def same_stem(one: str, other: str) -> bool:
    """Whether two names are one word in two forms: `skip` and `skipped`."""
    mine, yours = sorted((_stem(one), _stem(other)), key=len)
    rest = yours.removeprefix(mine)
    return len(mine) > 2 and yours.startswith(mine) and rest in {"", mine[-1:], "e", "s"}


def _stem(word: str) -> str:
    found = _bare(word)
    return _LIKE.get(found, found)


def _bare(word: str) -> str:
    for end in ("ies", "ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) > 2:
            return word[: -len(end)]
    return word


def _channels(four: Four) -> Iterator[Finding]:
    """One side sends under a new name, the other listens for another new name that shares a word with it."""
    spoken = [
        [
            (said, callee_of(said.around, said.changed.module))
            for said in new_strings(side)
            if said.around is not None and said.around.kind == "call"
        ]
        for side in four.sides
    ]
    for mine, one in spoken[0]:
        for yours, two in spoken[1]:
            if not one or not two or one == two or one.partition("#")[0] != two.partition("#")[0]:
                continue
            if mine.text == yours.text or four.base_says(mine.text) or four.base_says(yours.text):
                continue
            shared = {_stem(each) for each in words_of(mine.text)} & {_stem(each) for each in words_of(yours.text)}
            if any(len(each) > 2 for each in shared) and _first(mine) and _first(yours):
                said = f'"{mine.text}" and "{yours.text}" seem to be one name: nobody else says either'
                yield four.finding(
                    four.theirs, "diverging-name", yours.changed.module.path, yours.term.line, yours.text, said,
                    about=(f"{mine.changed.module.path}#{mine.changed.within}",), sure=0.8,
                )  # fmt: skip
                return


def _first(said: Said) -> bool:
    return said.around is not None and len(said.around.parts) > 1 and said.around.parts[1] is said.term


def _misspelled(four: Four) -> Iterator[Finding]:
    """One side newly writes a value, the other newly asks for nearly the same: `cancelled` and `canceled`."""
    for side in four.sides:
        asked = [said for said in new_strings(side) if _is_asked(said) and len(said.text) > 5]
        written = [said for said in new_strings(side.other) if not _is_asked(said)] if asked else []
        for one in asked:
            for other in written:
                if (
                    not _one_letter_apart(one.text, other.text)
                    or four.base_says(one.text)
                    or four.base_says(other.text)
                ):
                    continue
                yield four.finding(
                    side, "diverging-name", one.changed.module.path, one.term.line, one.text,
                    f'"{one.text}" is asked for here, and the other side writes "{other.text}"',
                    about=(f"{other.changed.module.path}#{other.changed.within}",), sure=0.88,
                )  # fmt: skip
                return


def _is_asked(said: Said) -> bool:
    return said.around is not None and said.around.kind == "compare"


def _one_letter_apart(one: str, other: str) -> bool:
    """Whether a word is the other with one letter more or another one, and both are words."""
    short, long = sorted((one, other), key=len)
    if not (short.replace("_", "").isalpha() and long.replace("_", "").isalpha()) or one == other:
        return False
    if len(long) == len(short) + 1:
        return not long.startswith(short) and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    return len(long) == len(short) and sum(a != b for a, b in zip(short, long, strict=True)) == 1
