"""Kubernetes objects over the HTTP API: found by kind, read, and written by compare-and-swap on their version."""

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import httpx2

from coroom.core.errors import Code, Refused
from coroom.core.resource import Resource, Scheme
from coroom.ports import ToolFailed
from coroom.tools.naming import resources_of

Object = dict[str, object]

CALL_ANNOTATION = "coroom.dev/call"
"""Which call of the room wrote the object last: so that a lost answer can be looked up."""

_SERVER_OWNED = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "selfLink")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects that the cluster has."""

    api: str
    kind: str
    plural: str
    namespaced: bool
    scales: bool

    @property
    def path(self) -> str:
        """Where its objects are found."""
        return f"/{'api' if '/' not in self.api else 'apis'}/{self.api}"


@dataclass(frozen=True, slots=True)
class Place:
    """One object, whether or not it is there; without a name, all of its kind in the namespace."""

    kind: Kind
    namespace: str
    name: str

    @property
    def path(self) -> str:
        """Where the API has it."""
        space = f"/namespaces/{self.namespace}" if self.kind.namespaced and self.namespace else ""
        return f"{self.kind.path}{space}/{self.kind.plural}" + (f"/{self.name}" if self.name else "")

    def resource(self) -> Resource | Refused:
        """What the room calls it. A collection covers its objects."""
        parts = {"namespace": self.namespace, "name": self.name}
        used = "".join(f"/{{{part}}}" for part, value in parts.items() if value)
        named = resources_of([f"k8s:{self.kind.api}/{self.kind.plural}{used}"], parts)
        return named if isinstance(named, Refused) else named[0]


class Declined(ToolFailed):
    """The API said no, in words; nothing was changed."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"The cluster declined: {message}")
        self.code = code


class Cluster:
    """One API server. Kinds are discovered once, at construction. Safe to use from several threads."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        verify: str | bool = True,
        timeout_s: float = 30.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """Reach it.

        Args:
            url: of the server.
            token: a bearer token.
            verify: the file of its certificate authority, or whether to check at all.
            timeout_s: for one request.
            transport: what carries the requests, for those who watch them.

        Raises:
            httpx2.HTTPError: it cannot be reached.
        """
        headers = {"User-Agent": "coroom"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._http = httpx2.Client(base_url=url, headers=headers, verify=verify, timeout=timeout_s, transport=transport)
        self.kinds = self._discover()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def kind(self, said: str) -> Kind | Refused:
        """The kind that a word means: `Deployment`, `deployments`, or `apps/v1/Deployment` where two share a name."""
        api, _, word = said.rpartition("/")
        found = [
            kind
            for kind in self.kinds
            if word.lower() in {kind.kind.lower(), kind.plural} and (not api or api == kind.api)
        ]
        if len(found) == 1:
            return found[0]
        known = ", ".join(sorted({kind.kind for kind in self.kinds})[:30])
        why = f"'{said:.60}' is {'several kinds' if found else 'no kind'} of this cluster."
        next_step = "Write it with its API version, like apps/v1/Deployment." if found else f"It has {known}."
        return Refused(Code.BAD_INPUT, why, next_step)

    def read(self, place: Place) -> Object | None:
        """The object, or the list of a collection; None when there is none."""
        try:
            return self._ask("GET", place.path)
        except Declined as declined:
            if declined.code == 404:
                return None
            raise

    def create(self, place: Place, made: Object) -> Object:
        """Make the object. Raises Declined when it is there."""
        return self._ask("POST", Place(place.kind, place.namespace, "").path, made)

    def replace(self, place: Place, made: Object) -> Object:
        """Replace the object; with a resource version in it, only if that is the current one (else Declined)."""
        return self._ask("PUT", place.path, made)

    def merge(self, place: Place, patch: Object) -> Object:
        """Apply a merge patch; with a resource version in it, only if that is the current one (else Declined)."""
        return self._ask("PATCH", place.path, patch, content_type="application/merge-patch+json")

    def delete(self, place: Place, standing: Object) -> None:
        """Remove the object, if it is the very one that was read."""
        about = metadata_of(standing)
        preconditions = {"uid": about["uid"], "resourceVersion": about["resourceVersion"]}
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions}
        self._ask("DELETE", place.path, options)

    def _discover(self) -> tuple[Kind, ...]:
        groups = cast("list[dict[str, dict[str, str]]]", self._ask("GET", "/apis")["groups"])
        apis = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
        found: list[Kind] = []
        for api in apis:
            path = f"/{'api' if '/' not in api else 'apis'}/{api}"
            entries = cast("list[dict[str, object]]", self._ask("GET", path)["resources"])
            names = {str(entry["name"]) for entry in entries}
            for entry in entries:
                name, kind = str(entry["name"]), str(entry["kind"])
                if "/" not in name:
                    found.append(Kind(api, kind, name, bool(entry["namespaced"]), f"{name}/scale" in names))
        return tuple(found)

    def _ask(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        content_type: str = "application/json",
    ) -> Object:
        headers = {"Content-Type": content_type} if body is not None else {}
        answer = self._http.request(method, _whole(self._http.base_url, path), json=body, headers=headers)
        if answer.status_code >= 500:
            answer.raise_for_status()
        said = answer.json()
        if answer.status_code >= 400:
            raise Declined(answer.status_code, str(said.get("message", answer.reason_phrase))[:300])
        return cast("Object", said)


@lru_cache(maxsize=4096)
def _whole(base: httpx2.URL, path: str) -> httpx2.URL:
    """A path of the server's API as an address: taking one apart costs more than the rest of asking for it."""
    return base.copy_with(raw_path=base.raw_path + path.lstrip("/").encode())


def metadata_of(found: Object) -> dict[str, object]:
    """An object's metadata, as it stands in it."""
    return cast("dict[str, object]", found.setdefault("metadata", {}))


def cleaned(found: Object | None) -> Object | None:
    """The object without what the server, its controllers or this adapter write into it: what undo restores."""
    if found is None:
        return None
    about = {name: value for name, value in metadata_of(found).items() if name not in _SERVER_OWNED}
    notes = about.get("annotations")
    if isinstance(notes, dict):
        kept = {name: value for name, value in notes.items() if name != CALL_ANNOTATION}
        about = {name: value for name, value in about.items() if name != "annotations"}
        about |= {"annotations": kept} if kept else {}
    return {name: value for name, value in found.items() if name not in {"metadata", "status"}} | {"metadata": about}


def marked_by(found: Object | None) -> str:
    """The id of the call that wrote the object last, as far as the room knows."""
    notes = metadata_of(found).get("annotations") if found else None
    return str(notes.get(CALL_ANNOTATION, "")) if isinstance(notes, dict) else ""


def marked(made: Object, call: str) -> Object:
    """The object with the mark of a call (empty: without one)."""
    about = dict(metadata_of(made))
    notes = about.get("annotations")
    kept = {name: value for name, value in notes.items() if name != CALL_ANNOTATION} if isinstance(notes, dict) else {}
    kept |= {CALL_ANNOTATION: call} if call else {}
    about = {name: value for name, value in about.items() if name != "annotations"}
    return {**made, "metadata": about | ({"annotations": kept} if kept else {})}


def collection_of(resource: Resource, kinds: tuple[Kind, ...]) -> Place | None:
    """The object or collection that a `k8s:` resource names; None when this cluster has no such kind."""
    if resource.scheme is not Scheme.K8S:
        return None
    for kind in kinds:
        prefix = f"{kind.api}/{kind.plural}"
        if resource.name == prefix or resource.name.startswith(prefix + "/"):
            parts = resource.name.removeprefix(prefix).strip("/").split("/")
            if not kind.namespaced:
                return Place(kind, "", parts[0])
            return Place(kind, parts[0], parts[1] if len(parts) > 1 else "")
    return None
