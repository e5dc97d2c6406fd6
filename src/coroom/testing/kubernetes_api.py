"""A small Kubernetes API server: enough of the real protocol for kubectl and for tools to work against, in one process.

Discovery, create, get, list, replace, merge, strategic-merge and JSON patch, delete and scale; resource versions with
compare-and-swap; an audit of every request.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coroom.testing.kubernetes_objects import KINDS, Declined, KubernetesObjects, Object
from coroom.testing.kubernetes_patches import PatchRefused, json_patch, merge_patch, strategic_patch

__all__ = ["Asked", "Audited", "Declined", "InProcess", "KubernetesApi"]

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


class KubernetesApi(KubernetesObjects):
    """The objects, and the ASGI application that serves them."""

    def __init__(self) -> None:
        super().__init__()
        self.audit: list[Audited] = []
        self.application = Starlette(
            routes=[
                Route("/{rest:path}", self._serve, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ]
        )

    def clear(self) -> None:
        """Be as new: no objects but the default namespace, versions from 1 on, no audit."""
        super().clear()
        self.audit.clear()

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
