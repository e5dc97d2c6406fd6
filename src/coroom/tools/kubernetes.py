"""Kubernetes objects as tools: get, list, create, patch, replace, delete, scale; undone by the manifest from before.

Every write is a compare-and-swap on the resource version that was read, so that nobody's change is lost in between. The
result of a write is the object as the server then had it: the post-image that undo looks for. What the server or its
controllers own (status, versions, generation) is no part of it, since they change it at any time.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, cast

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import NotPerformed, Performed, Probed, ToolCall, ToolSpec, Unknown, canonical
from coroom.ports import OutsideChange, Tool, ToolFailed, UndoFailed
from coroom.tools.kubernetes_client import (
    CALL_ANNOTATION,
    Cluster,
    Declined,
    Object,
    Place,
    cleaned,
    collection_of,
    marked,
    marked_by,
    metadata_of,
)
from coroom.tools.registry import Toolbox, digest
from coroom.tools.signature import Signature

Manifest = dict[str, object]

_TRIES = 3
_CONFLICT = 409


def kubernetes_tools(cluster: Cluster, prefix: str = "k8s") -> Toolbox:
    """The seven tools of one cluster: `k8s_get`, `k8s_list`, `k8s_create` and so on."""
    kinds: tuple[Callable[[Cluster, str], Tool], ...] = (Get, List, Create, Patch, Replace, Delete, Scale)
    return Toolbox(kind(cluster, prefix) for kind in kinds)


class KubernetesTool(ABC):
    """What they have in common."""

    verb: ClassVar[str]
    about: ClassVar[str]
    effect = Effect.REPLAYABLE
    writes: ClassVar[bool] = True

    def __init__(self, cluster: Cluster, prefix: str) -> None:
        self._cluster = cluster
        self._signature = Signature(self._form())
        self.spec = ToolSpec(
            name=f"{prefix}_{self.verb}",
            description=self.about,
            effect=self.effect,
            schema=self._signature.schema(),
            undoable=True,
            reads_value=not self.writes,
        )

    @abstractmethod
    def _form(self) -> Callable[..., object]: ...

    @abstractmethod
    def _act(self, place: Place, given: Mapping[str, object], standing: Object | None, call: str) -> Object | None:
        """Do it, on the object as it stands, and return what then stands there."""

    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`."""
        read = self._read(arguments)
        if isinstance(read, Refused):
            return read
        named = read[0].resource()
        if isinstance(named, Refused):
            return named
        return Footprint((named,), (named,) if self.writes else ())

    def prepare(self, call: ToolCall) -> str:
        """See `ports.Tool.prepare`: the manifest that stands there."""
        place, _ = self._place(call)
        return canonical(self._cluster.read(place) if self.writes else None)

    def perform(self, call: ToolCall, prepared: str) -> str:
        """See `ports.Tool.perform`."""
        place, given = self._place(call)
        before = cast("Object | None", json.loads(prepared or "null"))
        standing = self._cluster.read(place) if self.writes else None
        for _ in range(_TRIES):
            if self._acted(call, before, standing):
                return canonical(cleaned(standing))
            if cleaned(standing) != cleaned(before):
                break
            try:
                return canonical(cleaned(self._act(place, given, standing, call.id)))
            except Declined as declined:
                # A controller may have written its status; that is not what the call was prepared on.
                if declined.code != _CONFLICT or not self.writes:
                    raise
            standing = self._cluster.read(place)
        raise ToolFailed(f"{_said(place)} was changed since the call was prepared; look again.")

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:
        """See `ports.Tool.undo`."""
        place, _ = self._place(call)
        before = cast("Object | None", json.loads(prepared))
        left = cast("Object | None", json.loads(result or "null"))
        try:
            for _ in range(_TRIES):
                standing = self._cluster.read(place)
                if cleaned(standing) == cleaned(before) and marked_by(standing) != call.id:
                    return
                if cleaned(standing) != left:
                    named = place.resource()
                    assert isinstance(named, Resource)
                    raise OutsideChange(named, f"it is not what {self.spec.name} ({call.id}) left.")
                try:
                    self._put_back(place, before, standing)
                except Declined as declined:
                    if declined.code != _CONFLICT:
                        raise
        except ToolFailed as failed:
            raise UndoFailed(str(failed)) from failed

    def probe(self, call: ToolCall, prepared: str) -> Probed:
        """See `ports.Tool.probe`: by the mark that the call leaves on what it writes."""
        place, _ = self._place(call)
        before = cast("Object | None", json.loads(prepared))
        standing = self._cluster.read(place)
        if self._acted(call, before, standing):
            told = _generation(standing) <= _generation(before) + 1
            return Performed(canonical(cleaned(standing))) if told else Unknown()
        return NotPerformed() if cleaned(standing) == cleaned(before) else Unknown()

    def image(self, resource: Resource) -> str:
        """See `ports.Tool.image`."""
        return digest(self.value(resource))

    def value(self, resource: Resource) -> str:
        """See `ports.Tool.value`: the manifest of an object, or those of a collection, without what the server owns."""
        place = collection_of(resource, self._cluster.kinds)
        found = self._cluster.read(place) if place else None
        if place and not place.name and found:
            return canonical([cleaned(each) for each in cast("list[Object]", found["items"])])
        return canonical(cleaned(found))

    def _acted(self, call: ToolCall, before: Object | None, standing: Object | None) -> bool:  # noqa: ARG002
        return marked_by(standing) == call.id

    def _put_back(self, place: Place, before: Object | None, standing: Object | None) -> None:
        if before is None:
            assert standing is not None
            self._cluster.delete(place, standing)
            return
        manifest = cleaned(before)
        assert manifest is not None
        restored = marked(manifest, marked_by(before))
        if standing is None:
            self._cluster.create(place, restored)
        else:
            version = metadata_of(standing)["resourceVersion"]
            about = {**metadata_of(restored), "resourceVersion": version}
            status = {"status": standing["status"]} if "status" in standing else {}
            self._cluster.replace(place, {**restored, **status, "metadata": about})

    def _place(self, call: ToolCall) -> tuple[Place, Mapping[str, object]]:
        read = self._read(call.arguments)
        if isinstance(read, Refused):
            raise ToolFailed(str(read))
        return read

    def _read(self, arguments: str) -> tuple[Place, Mapping[str, object]] | Refused:
        given = self._signature.read(arguments)
        if isinstance(given, Refused):
            return given
        named = _named(given)
        kind = self._cluster.kind(named["kind"])
        if isinstance(kind, Refused):
            return kind
        name, namespace = named["name"], (named["namespace"] or "default") if kind.namespaced else ""
        wrong = [word for word in (name, namespace) if set("/?#%") & set(word) or word in {".", ".."}]
        if wrong or (not name and self.verb != "list"):
            return _bad(f"'{wrong[0] if wrong else name:.60}' is no name of an object.")
        return Place(kind, namespace, name), given


def _named(given: Mapping[str, object]) -> dict[str, str]:
    """Kind, name and namespace, from arguments of their own or from a manifest."""
    manifest = given.get("manifest")
    if not isinstance(manifest, dict):
        return {part: str(given.get(part, "")) for part in ("kind", "name", "namespace")}
    about = manifest.get("metadata")
    about = about if isinstance(about, dict) else {}
    kind = f"{manifest.get('apiVersion', '')}/{manifest.get('kind', '')}"
    return {"kind": kind, "name": str(about.get("name", "")), "namespace": str(about.get("namespace", ""))}


class Get(KubernetesTool):
    """Reads one object."""

    verb, about, writes = "get", "One object: its manifest, null when there is none.", False

    def _form(self) -> Callable[..., object]:
        def get(kind: str, name: str, namespace: str = "default") -> object: ...

        return get

    def _act(self, place: Place, given: Mapping[str, object], standing: Object | None, call: str) -> Object | None:  # noqa: ARG002
        return self._cluster.read(place)


class List(KubernetesTool):
    """Reads a collection."""

    verb, about, writes = "list", "All objects of a kind in a namespace.", False

    def _form(self) -> Callable[..., object]:
        def list_objects(kind: str, namespace: str = "default") -> object: ...

        return list_objects

    def _act(self, place: Place, given: Mapping[str, object], standing: Object | None, call: str) -> Object | None:  # noqa: ARG002
        return self._cluster.read(place)

    def perform(self, call: ToolCall, prepared: str) -> str:  # noqa: ARG002  a read needs nothing
        """See `ports.Tool.perform`."""
        place, given = self._place(call)
        found = self._act(place, given, None, call.id)
        return canonical([cleaned(each) for each in cast("list[Object]", found["items"])] if found else [])


class Create(KubernetesTool):
    """Makes an object."""

    verb, about = "create", "Make an object from a manifest; it must have a name that is free."

    def _form(self) -> Callable[..., object]:
        def create(manifest: Manifest) -> object: ...

        return create

    def _act(self, place: Place, given: Mapping[str, object], standing: Object | None, call: str) -> Object | None:  # noqa: ARG002
        return self._cluster.create(place, marked(cast("Object", given["manifest"]), call))


class Patch(KubernetesTool):
    """Changes fields."""

    verb, about = "patch", "Apply a merge patch (RFC 7386) to an object: named fields are set, null removes one."

    def _form(self) -> Callable[..., object]:
        def patch(kind: str, name: str, patch: Manifest, namespace: str = "default") -> object: ...

        return patch

    def _act(self, place: Place, given: Mapping[str, object], standing: Object | None, call: str) -> Object | None:
        return self._merged(place, cast("Object", given["patch"]), standing, call)

    def _merged(self, place: Place, patch: Object, standing: Object | None, call: str) -> Object:
        if standing is None:
            raise ToolFailed(f"There is no {_said(place)}.")
        about = patch.get("metadata")
        about = dict(about) if isinstance(about, dict) else {}
        notes = about.get("annotations")
        about["annotations"] = {**(notes if isinstance(notes, dict) else {}), CALL_ANNOTATION: call}
        about["resourceVersion"] = metadata_of(standing)["resourceVersion"]
        return self._cluster.merge(place, {**patch, "metadata": about})


class Scale(Patch):
    """Sets the number of replicas."""

    verb, about, effect = (
        "scale",
        "Set the number of replicas of a deployment or another thing that scales.",
        Effect.BLIND,
    )

    def _form(self) -> Callable[..., object]:
        def scale(kind: str, name: str, replicas: int, namespace: str = "default") -> object: ...

        return scale

    def _act(self, place: Place, given: Mapping[str, object], standing: Object | None, call: str) -> Object | None:
        if not place.kind.scales:
            raise ToolFailed(f"A {place.kind.kind} does not scale.")
        return self._merged(place, {"spec": {"replicas": given["replicas"]}}, standing, call)


class Replace(KubernetesTool):
    """Overwrites an object."""

    verb, about, effect = "replace", "Replace an object by this manifest, whole; it must be there.", Effect.BLIND

    def _form(self) -> Callable[..., object]:
        def replace(manifest: Manifest) -> object: ...

        return replace

    def _act(self, place: Place, given: Mapping[str, object], standing: Object | None, call: str) -> Object | None:
        if standing is None:
            raise ToolFailed(f"There is no {_said(place)}.")
        made = marked(cleaned(cast("Object", given["manifest"])) or {}, call)
        version = metadata_of(standing)["resourceVersion"]
        status = {"status": standing["status"]} if "status" in standing else {}
        about = {**metadata_of(made), "resourceVersion": version}
        return self._cluster.replace(place, {**made, **status, "metadata": about})


class Delete(KubernetesTool):
    """Removes an object."""

    verb, about, effect = (
        "delete",
        "Remove an object. What the cluster removes along with it is not brought back.",
        Effect.BLIND,
    )

    def _form(self) -> Callable[..., object]:
        def delete(kind: str, name: str, namespace: str = "default") -> object: ...

        return delete

    def _act(self, place: Place, given: Mapping[str, object], standing: Object | None, call: str) -> Object | None:  # noqa: ARG002
        if standing is None:
            raise ToolFailed(f"There is no {_said(place)}.")
        self._cluster.delete(place, standing)
        return None

    def _acted(self, call: ToolCall, before: Object | None, standing: Object | None) -> bool:  # noqa: ARG002
        return before is not None and standing is None


def _generation(found: Object | None) -> int:
    number = metadata_of(found).get("generation", 0) if found else 0
    return number if isinstance(number, int) else 0


def _said(place: Place) -> str:
    return f"{place.kind.kind} {place.namespace}/{place.name}".replace(" /", " ")


def _bad(why: str) -> Refused:
    return Refused(Code.BAD_INPUT, why, "Names are words of letters, digits, '-' and '.'.")
