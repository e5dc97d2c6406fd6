"""How deep and how wide a JSON text nests, counted without parsing it."""

import re

_STRINGS = re.compile(rb'"(?>[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_OPENING = frozenset(b"[{")


def too_nested(body: bytes, depth_max: int, brackets_max: int) -> bool:
    """Whether the text nests deeper than `depth_max` or holds more than `brackets_max` lists and objects."""
    bare = _STRINGS.sub(b"", body) if body.count(b"{") + body.count(b"[") > depth_max else b""
    if bare.count(b"{") + bare.count(b"[") > brackets_max:
        return True
    depth = 0
    for bracket in _BRACKETS.findall(bare):
        depth += 1 if bracket[0] in _OPENING else -1
        if depth > depth_max:
            return True
    return False
