"""The judge's own live state: plain dictionaries on which programs run alone. Shares no code with tools or the room.

Rows are kept by table and key, beside the name of each table's key and what was sent; objects by kind and name.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any

from coroom.evaluate.live.task import Job, State

Verb = Callable[[State, Mapping[str, Any]], Any]


def run_alone(world: str, state: State, jobs: Iterable[Job]) -> None:
    """Change the state as the jobs do that run one after the other with nobody else there."""
    verbs = VERBS[world]
    for job in jobs:
        known: dict[str, Any] = {}
        for step in job.steps:
            due = step.due(known)
            if due is not None:
                known[step.name] = verbs[due[0]](state, due[1])


def key_of(state: State) -> str:
    """Equal for equal states."""
    return json.dumps(state, sort_keys=True)


def _met(row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    return all(row.get(name) == value for name, value in where.items())


def _rows(state: State, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    table = state["rows"][given["table"]]
    return [table[key] for key in sorted(table) if _met(table[key], given.get("where", {}))]


def _select(state: State, given: Mapping[str, Any]) -> Any:
    return deepcopy(_rows(state, given))


def _insert(state: State, given: Mapping[str, Any]) -> Any:
    column = state["keys"][given["table"]]
    key = given["values"][column]
    state["rows"][given["table"]][key] = dict(given["values"])
    return {"key": {column: key}}


def _update(state: State, given: Mapping[str, Any]) -> Any:
    found = _rows(state, given)
    for row in found:
        row.update(given["set"])
    column = state["keys"][given["table"]]
    return {"keys": [{column: row[column]} for row in found]}


def _delete(state: State, given: Mapping[str, Any]) -> Any:
    column = state["keys"][given["table"]]
    keys = [row[column] for row in _rows(state, given)]
    for key in keys:
        del state["rows"][given["table"]][key]
    return {"keys": [{column: key} for key in keys]}


def _send(state: State, given: Mapping[str, Any]) -> Any:
    state["sent"].append(dict(given))
    state["sent"].sort(key=key_of)
    return "sent"


def _get(state: State, given: Mapping[str, Any]) -> Any:
    return deepcopy(state["objects"].get(f"{given['kind']}/{given['name']}"))


def _list(state: State, given: Mapping[str, Any]) -> Any:
    kind = f"{given['kind']}/"
    return [deepcopy(made) for name, made in sorted(state["objects"].items()) if name.startswith(kind)]


def _create(state: State, given: Mapping[str, Any]) -> Any:
    made = deepcopy(given["manifest"])
    state["objects"][f"{made['kind']}/{made['metadata']['name']}"] = made
    return made


def _patch(state: State, given: Mapping[str, Any]) -> Any:
    name = f"{given['kind']}/{given['name']}"
    if name not in state["objects"]:
        return {"failed": "not there"}
    state["objects"][name] = _merged(state["objects"][name], given["patch"])
    return None


def _remove(state: State, given: Mapping[str, Any]) -> Any:
    return None if state["objects"].pop(f"{given['kind']}/{given['name']}", None) else {"failed": "not there"}


def _scale(state: State, given: Mapping[str, Any]) -> Any:
    return _patch(state, {**given, "patch": {"spec": {"replicas": given["replicas"]}}})


def _merged(old: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    found = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = _merged(found.get(name), value)
    return found


VERBS: Mapping[str, Mapping[str, Verb]] = {
    "office": {"select": _select, "insert": _insert, "update": _update, "delete": _delete, "send": _send},
    "cluster": {
        "get": _get,
        "list": _list,
        "create": _create,
        "patch": _patch,
        "delete": _remove,
        "scale": _scale,
    },
}
"""What each verb does, by world."""
