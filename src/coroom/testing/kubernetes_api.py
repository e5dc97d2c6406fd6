"""A small Kubernetes API server: enough of the real protocol for kubectl and for tools to work against, in one process.

Discovery, create, get, list, replace, merge, strategic-merge and JSON patch, delete and scale; resource versions with
compare-and-swap; an audit of every request. Nothing runs: a stand-in for the controllers marks deployments as ready.
"""

import itertools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coroom.testing.kubernetes_patches import PatchRefused, json_patch, merge_patch, strategic_patch

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects that the server keeps."""

    api: str
    kind: str
    plural: str
    namespaced: bool = True
    scales: bool = False
    short: tuple[str, ...] = ()


KINDS = (
    Kind("v1", "Namespace", "namespaces", namespaced=False, short=("ns",)),
    Kind("v1", "Pod", "pods", short=("po",)),
    Kind("v1", "Service", "services", short=("svc",)),
    Kind("v1", "ConfigMap", "configmaps", short=("cm",)),
    Kind("v1", "Secret", "secrets"),
    Kind("apps/v1", "Deployment", "deployments", scales=True, short=("deploy",)),
    Kind("apps/v1", "StatefulSet", "statefulsets", scales=True, short=("sts",)),
)
_ALL = {"categories": ["all"]}
_VERBS = ["create", "delete", "get", "list", "patch", "update"]
_PATCHES: Mapping[str, Callable[[Object, Any], Object]] = {
    "application/merge-patch+json": merge_patch,
    "application/strategic-merge-patch+json": strategic_patch,
    "application/json-patch+json": json_patch,
}


@dataclass(frozen=True, slots=True)
class Audited:
    """One request as an audit log has it: verb, resource (`apps/v1/deployments/shop/geo`), who, and the answer."""

    verb: str
    resource: str
    agent: str
    status: int


class Declined(Exception):
    """A request that is answered with a Status instead of an object."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason

    def status(self) -> Object:
        """The Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            "code": self.code,
        }


class KubernetesApi:
    """The objects, and the ASGI application that serves them."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str, str], Object] = {}
        self.audit: list[Audited] = []
        self._versions = itertools.count(1)
        self._lock = threading.RLock()
        self.application = Starlette(
            routes=[
                Route("/{rest:path}", self._serve, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ]
        )
        self._default()

    def clear(self) -> None:
        """Be as new: no objects but the default namespace, versions from 1 on."""
        with self._lock:
            self.objects.clear()
            self.audit.clear()
            self._versions = itertools.count(1)
            self._default()

    def _default(self) -> None:
        self.create("v1/namespaces", "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})

    def create(self, resource: str, namespace: str, made: Object) -> Object:
        """Put an object there, as `kubectl create` would.

        Raises:
            Declined: there is one, or it is no object of this kind.
        """
        kind = _kind(resource)
        with self._lock:
            made = _copied(made)
            metadata = made.setdefault("metadata", {})
            if "generateName" in metadata and not metadata.get("name"):
                metadata["name"] = f"{metadata['generateName']}{next(self._versions):05d}"
            if made.get("kind") != kind.kind or not metadata.get("name"):
                raise Declined(422, "Invalid", f"a {kind.kind} needs its kind and a name")
            key = (kind.api, kind.plural, namespace, metadata["name"])
            if key in self.objects:
                raise Declined(409, "AlreadyExists", f'{kind.plural} "{metadata["name"]}" already exists')
            if kind.namespaced:
                if ("v1", "namespaces", "", namespace) not in self.objects:
                    raise Declined(404, "NotFound", f'namespaces "{namespace}" not found')
                metadata["namespace"] = namespace
            made["apiVersion"] = kind.api
            metadata["uid"] = f"00000000-0000-4000-8000-{next(self._versions):012d}"
            metadata["creationTimestamp"] = "2026-01-01T00:00:00Z"
            metadata.pop("resourceVersion", None)
            return self._keep(key, made, None)

    def change(self, resource: str, namespace: str, name: str, made: Callable[[Object], Object]) -> Object:
        """Replace an object by what `made` makes of it.

        Raises:
            Declined: there is none, or the resource version in what was made is an old one.
        """
        kind = _kind(resource)
        key = (kind.api, kind.plural, namespace, name)
        with self._lock:
            old = self.get(resource, namespace, name)
            new = made(_copied(old))
            wanted = new.setdefault("metadata", {}).get("resourceVersion")
            if wanted and wanted != old["metadata"]["resourceVersion"]:
                raise Declined(
                    409, "Conflict", f'Operation cannot be fulfilled on {kind.plural} "{name}": it has changed'
                )
            for field in ("name", "namespace", "uid", "creationTimestamp"):
                if field in old["metadata"]:
                    new["metadata"][field] = old["metadata"][field]
            new["kind"], new["apiVersion"] = old["kind"], old["apiVersion"]
            return self._keep(key, new, old)

    def get(self, resource: str, namespace: str, name: str) -> Object:
        """The object.

        Raises:
            Declined: there is none.
        """
        kind = _kind(resource)
        with self._lock:
            found = self.objects.get((kind.api, kind.plural, namespace, name))
        if found is None:
            raise Declined(404, "NotFound", f'{kind.plural} "{name}" not found')
        return _copied(found)

    def delete(self, resource: str, namespace: str, name: str, preconditions: Mapping[str, str]) -> Object:
        """Remove the object and return it.

        Raises:
            Declined: there is none, or it is not the one that the preconditions mean.
        """
        kind = _kind(resource)
        with self._lock:
            old = self.get(resource, namespace, name)
            if any(old["metadata"].get(field) != value for field, value in preconditions.items()):
                raise Declined(409, "Conflict", f'Precondition failed: {kind.plural} "{name}" has changed')
            del self.objects[kind.api, kind.plural, namespace, name]
            if kind.plural == "namespaces":
                for key in [key for key in self.objects if key[2] == name]:
                    del self.objects[key]
            next(self._versions)
            return old

    def list(self, resource: str, namespace: str, query: Mapping[str, str]) -> Object:
        """The objects of a kind, in one namespace or (empty) in all, that meet the selectors."""
        kind = _kind(resource)
        with self._lock:
            found = [
                _copied(each)
                for (api, plural, space, _), each in sorted(self.objects.items(), key=lambda item: item[0])
                if (api, plural) == (kind.api, kind.plural) and namespace in {"", space}
            ]
            version = str(next(self._versions))
        kept = [each for each in found if _selected(each, query)]
        return {
            "kind": f"{kind.kind}List",
            "apiVersion": kind.api,
            "metadata": {"resourceVersion": version},
            "items": kept,
        }

    def _keep(self, key: tuple[str, str, str, str], new: Object, old: Object | None) -> Object:
        metadata = new["metadata"]
        if old is None or old.get("spec") != new.get("spec"):
            metadata["generation"] = (old or {"metadata": {}})["metadata"].get("generation", 0) + 1
        else:
            metadata["generation"] = old["metadata"]["generation"]
        if key[1] in {"deployments", "statefulsets"}:
            replicas = new.setdefault("spec", {}).setdefault("replicas", 1)
            new["status"] = {
                "observedGeneration": metadata["generation"],
                "replicas": replicas,
                "readyReplicas": replicas,
                "availableReplicas": replicas,
                "updatedReplicas": replicas,
            }
        settled = {**new, "metadata": {**metadata, "resourceVersion": None}}
        if old is not None and settled == {**old, "metadata": {**old["metadata"], "resourceVersion": None}}:
            metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
        else:
            metadata["resourceVersion"] = str(next(self._versions))
        self.objects[key] = new
        return _copied(new)

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        asked = Asked(request.method, request.path_params["rest"], dict(request.query_params), dict(request.headers))
        code, answer = await run_in_threadpool(self.answer, asked, None if not body else await request.json())
        return JSONResponse(answer, code)

    def answer(self, asked: "Asked", body: Any) -> tuple[int, Object]:
        """What the server says to a request: the status code and the object."""
        if asked.method == "GET" and asked.path.strip("/") in _DISCOVERY:
            return 200, _DISCOVERY[asked.path.strip("/")]()
        place = _place(asked.path)
        if place is None:
            return 404, Declined(404, "NotFound", "the server could not find it").status()
        verb = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(asked.method, "get")
        verb = "list" if verb == "get" and not place.name else verb
        try:
            code, answer = self._done(verb, place, asked, body)
        except Declined as declined:
            code, answer = declined.code, declined.status()
        except PatchRefused as refused:
            code, answer = 422, Declined(422, "Invalid", str(refused)).status()
        named = "/".join(part for part in (place.resource, place.namespace, place.name) if part)
        self.audit.append(Audited(verb, named, asked.headers.get("user-agent", ""), code))
        return code, answer

    def _done(self, verb: str, place: "Place", asked: "Asked", body: Any) -> tuple[int, Object]:
        resource, namespace, name = place.resource, place.namespace, place.name
        if place.scale:
            return 200, self._scaled(verb, place, body)
        if verb == "create":
            return 201, self.create(resource, namespace, body)
        if verb == "list":
            return 200, self.list(resource, namespace, asked.query)
        if verb == "get":
            return 200, self.get(resource, namespace, name)
        if verb == "delete":
            gone = self.delete(resource, namespace, name, (body or {}).get("preconditions") or {})
            return 200, {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "details": {"name": name, "uid": gone["metadata"]["uid"]},
            }
        if verb == "update":
            return 200, self.change(resource, namespace, name, lambda _: body)
        patch = _PATCHES.get(asked.headers.get("content-type", ""))
        if patch is None:
            raise Declined(415, "UnsupportedMediaType", "merge, strategic-merge and JSON patches are understood")
        return 200, self.change(resource, namespace, name, lambda old: patch(old, body))

    def _scaled(self, verb: str, place: "Place", body: Any) -> Object:
        if verb != "get":
            wanted = body["spec"]["replicas"]
            version = body.get("metadata", {}).get("resourceVersion") if verb == "update" else None

            def scale(old: Object) -> Object:
                old["spec"]["replicas"] = wanted
                if version:
                    old["metadata"]["resourceVersion"] = version
                return old

            self.change(place.resource, place.namespace, place.name, scale)
        found = self.get(place.resource, place.namespace, place.name)
        kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {field: found["metadata"][field] for field in kept},
            "spec": {"replicas": found["spec"]["replicas"]},
            "status": {"replicas": found["status"]["replicas"], "selector": ""},
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its method, its path without the leading slash, its query and its headers by lower-case name."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


class InProcess(httpx2.BaseTransport):
    """Carries a client's requests to the server without a socket, for those who need thousands of servers a minute."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer at once."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, request.url.path.lstrip("/"), dict(request.url.params), headers)
        body = request.read()
        code, answer = self._api.answer(asked, json.loads(body) if body else None)
        return httpx2.Response(code, json=answer)


@dataclass(frozen=True, slots=True)
class Place:
    """What a path names."""

    resource: str
    namespace: str
    name: str
    scale: bool


def _place(path: str) -> Place | None:
    parts = path.strip("/").split("/")
    start = {"api": 2, "apis": 3}.get(parts[0])
    if start is None or len(parts) <= start:
        return None
    api, rest = "/".join(parts[1:start]), parts[start:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    known = any((kind.api, kind.plural) == (api, rest[0]) for kind in KINDS)
    if not known or len(rest) > 3 or rest[2:] not in ([], ["scale"]):
        return None
    return Place(f"{api}/{rest[0]}", namespace, rest[1] if len(rest) > 1 else "", rest[2:] == ["scale"])


def _copied(made: Object) -> Object:
    """A copy of JSON; copy.deepcopy looks for much that JSON cannot hold."""
    return {name: _part_copied(part) for name, part in made.items()}


def _part_copied(part: Any) -> Any:
    if isinstance(part, dict):
        return _copied(part)
    return [_part_copied(each) for each in part] if isinstance(part, list) else part


def _kind(resource: str) -> Kind:
    for kind in KINDS:
        if f"{kind.api}/{kind.plural}" == resource:
            return kind
    raise Declined(404, "NotFound", f"there are no {resource}")


def _selected(found: Object, query: Mapping[str, str]) -> bool:
    metadata = found["metadata"]
    for term in filter(None, query.get("fieldSelector", "").split(",")):
        field, _, value = term.partition("=")
        if str(metadata.get(field.removeprefix("metadata."))) != value.lstrip("="):
            return False
    for term in filter(None, query.get("labelSelector", "").split(",")):
        label, _, value = term.partition("=")
        if metadata.get("labels", {}).get(label) != value.lstrip("="):
            return False
    return True


def _groups() -> Object:
    apps = {"groupVersion": "apps/v1", "version": "v1"}
    group = {"name": "apps", "versions": [apps], "preferredVersion": apps}
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}


def _resources(api: str) -> Object:
    found: list[Object] = []
    for kind in KINDS:
        if kind.api == api:
            entry = {"name": kind.plural, "singularName": kind.kind.lower(), "namespaced": kind.namespaced}
            found.append(
                {
                    **entry,
                    "kind": kind.kind,
                    "verbs": _VERBS,
                    "shortNames": list(kind.short),
                    **(_ALL if kind.namespaced else {}),
                }
            )
            if kind.scales:
                scale = {"name": f"{kind.plural}/scale", "singularName": "", "namespaced": True, "kind": "Scale"}
                found.append({**scale, "group": "autoscaling", "version": "v1", "verbs": ["get", "patch", "update"]})
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api, "resources": found}


_DISCOVERY: Mapping[str, Callable[[], Object]] = {
    "version": lambda: {"major": "1", "minor": "28", "gitVersion": "v1.28.0"},
    "api": lambda: {"kind": "APIVersions", "versions": ["v1"]},
    "apis": _groups,
    "api/v1": lambda: _resources("v1"),
    "apis/apps/v1": lambda: _resources("apps/v1"),
}
"""What clients ask first."""
