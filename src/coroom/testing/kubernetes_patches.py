"""The three kinds of patches that the Kubernetes API takes, as pure functions."""

from copy import deepcopy
from typing import Any

Object = dict[str, Any]

_MERGE_KEYS = ("name", "containerPort", "port", "mountPath", "key", "ip", "type")
"""What lists of objects are matched by, the first that all of their items have."""


class PatchRefused(ValueError):
    """The patch does not fit the object."""


def merge_patch(old: Object, patch: Any) -> Object:
    """RFC 7386."""
    if not isinstance(patch, dict):
        raise PatchRefused("a merge patch is an object")
    merged: Object = _merged(old, patch)
    return merged


def _merged(old: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return deepcopy(patch)
    new = dict(old) if isinstance(old, dict) else {}
    for field, value in patch.items():
        if value is None:
            new.pop(field, None)
        else:
            new[field] = _merged(new.get(field), value)
    return new


def strategic_patch(old: Object, patch: Any) -> Object:
    """Like a merge patch, but lists of objects are merged item by item, by the key that their items have."""
    if not isinstance(patch, dict):
        raise PatchRefused("a strategic merge patch is an object")
    merged: Object = _strategic(old, patch)
    return merged


def _strategic(old: Any, patch: Any) -> Any:
    if isinstance(patch, dict):
        if patch.get("$patch") == "replace":
            return {field: deepcopy(value) for field, value in patch.items() if field != "$patch"}
        new = dict(old) if isinstance(old, dict) else {}
        for field, value in patch.items():
            if field.startswith("$"):
                continue
            if value is None:
                new.pop(field, None)
            else:
                new[field] = _strategic(new.get(field), value)
        return new
    if isinstance(patch, list) and patch and all(isinstance(item, dict) for item in patch):
        by = next((key for key in _MERGE_KEYS if all(key in item for item in patch)), "")
        if by:
            return _items_merged(old if isinstance(old, list) else [], patch, by)
    return deepcopy(patch)


def _items_merged(old: list[Any], patch: list[Object], by: str) -> list[Any]:
    new = [deepcopy(item) for item in old]
    for item in patch:
        at = next((place for place, known in enumerate(new) if known.get(by) == item[by]), None)
        if item.get("$patch") == "delete":
            new = [known for known in new if known.get(by) != item[by]]
        elif at is None:
            new.append(_strategic({}, item))
        else:
            new[at] = _strategic(new[at], item)
    return new


def json_patch(old: Object, patch: Any) -> Object:
    """RFC 6902: add, remove, replace and test."""
    if not isinstance(patch, list):
        raise PatchRefused("a JSON patch is a list of operations")
    new = deepcopy(old)
    for step in patch:
        _step(new, step)
    return new


def _step(document: Object, step: Object) -> None:
    *above, leaf = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
    holder: Any = document
    try:
        for part in above:
            holder = holder[int(part)] if isinstance(holder, list) else holder[part]
        place: Any = (len(holder) if leaf == "-" else int(leaf)) if isinstance(holder, list) else leaf
        match step["op"]:
            case "add" if isinstance(holder, list):
                holder.insert(place, step["value"])
            case "add":
                holder[place] = step["value"]
            case "replace":
                holder[place], _ = step["value"], holder[place]
            case "remove":
                del holder[place]
            case "test":
                if holder[place] != step["value"]:
                    raise PatchRefused(f"{step['path']} is not what the patch expects")
            case other:
                raise PatchRefused(f"the operation {other!r} is not understood")
    except (KeyError, IndexError, TypeError) as error:
        raise PatchRefused(f"there is no {step.get('path')}") from error
