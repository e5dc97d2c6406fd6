"""The objects of a small Kubernetes cluster: kept by kind, namespace and name, changed by compare-and-swap.

Nothing runs: a stand-in for the controllers marks deployments as ready.
"""

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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


class KubernetesObjects:
    """What there is. Safe to use from several threads."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str, str], Object] = {}
        self._versions = itertools.count(1)
        self._lock = threading.RLock()
        self._default()

    def clear(self) -> None:
        """Be as new: no objects but the default namespace, versions from 1 on."""
        with self._lock:
            self.objects.clear()
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
