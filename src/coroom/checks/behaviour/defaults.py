"""A function takes another value for a parameter that is not given."""

from collections.abc import Iterator

from coroom.checks.behaviour.uses import Said, Use
from coroom.syntax import shown


def default_changed(use: Use) -> Iterator[Said]:
    """What it takes for a parameter that is not given."""
    given = {each.text for each in use.call.parts[1:] if each.kind == "keyword"}
    placed = sum(each.kind not in {"keyword", "spread"} for each in use.call.parts[1:])
    if any(each.kind == "spread" for each in use.call.parts[1:]):
        return
    olds = {each.text: each for each in use.before.parameters}
    for place, each in enumerate(use.after.parameters):
        old = olds.get(each.text)
        left_out = each.text not in given and (place >= placed or "keyword" in each.flags)
        if old is None or not old.parts or not each.parts or not left_out or old.parts[0].key == each.parts[0].key:
            continue
        was, now = old.parts[0], each.parts[0]
        if {was.kind, now.kind} <= {"number", "string", "bool", "none", "unary"}:
            said = (
                f"{use.after.name}() takes {shown(now)} for {each.text} now, not {shown(was)}, and it is not given here"
            )
            yield use.call, said, 0.62 if "none" in {was.kind, now.kind} else 0.8, "default-changed"
            return
