"""The suite `cluster`: several operators change the objects of one Kubernetes cluster at once."""

from collections.abc import Callable, Sequence
from typing import Any

from coroom.evaluate.live.task import Due, Invariant, Job, Known, LiveTask, State, Step, WrongEnd, listed, numbered

Object = dict[str, Any]

BAD, GOOD = "registry.example/hotel:app3", "registry.example/hotel:latest"


def deployment(name: str, **spec: Any) -> Object:
    """A deployment, as much of one as the tasks need."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": 1, **spec},
    }


def _config(name: str, **data: str) -> Object:
    about = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": data}


def _service(name: str, app: str) -> Object:
    about = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": about, "spec": {"selector": {"app": app}}}


def _state(*objects: Object) -> State:
    return {"objects": {f"{made['kind']}/{made['metadata']['name']}": made for made in objects}}


def _get(name: str, kind: str, of: str) -> Step:
    return Step(name, lambda _: ("get", {"kind": kind, "name": of}))


def _list(name: str, kind: str) -> Step:
    return Step(name, lambda _: ("list", {"kind": kind}))


def _create(made: Object) -> Due:
    return "create", {"manifest": made}


def _patch(kind: str, name: str, **patch: Any) -> Due:
    return "patch", {"kind": kind, "name": name, "patch": patch}


def _one(known: Known, name: str) -> Object | None:
    found = known.get(name)
    return found if isinstance(found, dict) and "failed" not in found else None


def _name(made: Object) -> str:
    return str(made["metadata"]["name"])


def _of(state: State, kind: str) -> list[Object]:
    return [made for name, made in sorted(state["objects"].items()) if name.startswith(f"{kind}/")]


def _spoilt(name: str, change: Callable[[Object], Object]) -> Callable[[State], State]:
    def spoil(end: State) -> State:
        if name in end["objects"]:
            end["objects"][name] = change(end["objects"][name])
        return end

    return spoil


def _gone(name: str) -> Callable[[State], State]:
    def spoil(end: State) -> State:
        end["objects"].pop(name, None)
        return end

    return spoil


def _with_spec(**spec: Any) -> Callable[[Object], Object]:
    return lambda made: {**made, "spec": {**made["spec"], **spec}}


def _with_data(**data: str) -> Callable[[Object], Object]:
    return lambda made: {**made, "data": {**made["data"], **data}}


def _image(made: Object) -> str:
    return str(made["spec"]["template"]["image"])


def _canary(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        if number % 2 == 0:

            def mend(at: int) -> Step:
                def due(known: Known) -> Due:
                    bad = [made for made in listed(known, "all") if _image(made) == BAD]
                    return (
                        _patch("Deployment", _name(bad[at]), spec={"template": {"image": GOOD}})
                        if at < len(bad)
                        else None
                    )

                return Step(f"mend-{at}", due)

            steps = (_list("all", "Deployment"), *(mend(at) for at in range(agents + 1)))
            return numbered(number, f"Wherever spec.template.image of a Deployment is {BAD}, set it to {GOOD}.", *steps)

        def copy(known: Known) -> Due:
            geo = _one(known, "geo")
            return _create(deployment(f"canary-{number:02d}", template={"image": _image(geo)})) if geo else None

        words = (
            f"Make a Deployment canary-{number:02d} in the namespace default. Its spec is replicas 1 and "
            "template.image, which is that of the Deployment geo, and nothing else."
        )
        return numbered(number, words, _get("geo", "Deployment", "geo"), Step("copy", copy))

    return tuple(job(n) for n in range(agents))


CANARY = LiveTask(
    id="canary",
    title="One mends a wrong image, another copies the service into a canary",
    anomaly="stale read and phantom",
    world="cluster",
    start=lambda _: _state(deployment("geo", template={"image": BAD}), deployment("web", template={"image": GOOD})),
    jobs=_canary,
    invariants=(
        Invariant(
            name="every canary is there, geo runs the good image",
            holds=lambda _start, end, jobs: (
                len(_of(end, "Deployment")) == 2 + len(jobs) // 2 and _image(end["objects"]["Deployment/geo"]) == GOOD
            ),
        ),
    ),
    wrong=(
        WrongEnd(
            why="the canary runs neither", spoil=_spoilt("Deployment/canary-01", _with_spec(template={"image": "x"}))
        ),
        WrongEnd(why="geo runs the bad image", spoil=_spoilt("Deployment/geo", _with_spec(template={"image": BAD}))),
        WrongEnd(why="no canary", spoil=_gone("Deployment/canary-01")),
    ),
)


def _quota(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        mine = f"app-{number:02d}"

        def grow(known: Known) -> Due:
            if "all" not in known:
                return None
            used = sum(made["spec"]["replicas"] for made in listed(known, "all"))
            if used + 2 > _room(agents):
                return _patch("Deployment", mine, spec={"paused": True})
            return "scale", {"kind": "Deployment", "name": mine, "replicas": 3}

        words = (
            f"If the spec.replicas of all Deployments come to {_room(agents) - 2} at most, scale {mine} to 3; "
            "else set its spec.paused to true and change nothing else."
        )
        return numbered(number, words, _list("all", "Deployment"), Step("grow", grow))

    return tuple(job(n) for n in range(agents))


def _room(agents: int) -> int:
    """The quota: one replica for each, and two more for one in three."""
    return agents + 2 * max(1, agents // 3)


def _within(_start: State, end: State, jobs: Sequence[Job]) -> bool:
    made = _of(end, "Deployment")
    decided = all(one["spec"]["replicas"] == 3 or one["spec"].get("paused") for one in made)
    return decided and sum(one["spec"]["replicas"] for one in made) == _room(len(jobs))


QUOTAS = LiveTask(
    id="quota",
    title="Everybody scales up while the quota lasts",
    anomaly="write skew",
    world="cluster",
    start=lambda jobs: _state(*(deployment(f"app-{n:02d}") for n in range(jobs))),
    jobs=_quota,
    invariants=(Invariant(name="the quota holds, and is used", holds=_within),),
    wrong=(
        WrongEnd(why="above the quota", spoil=_spoilt("Deployment/app-00", _with_spec(replicas=9))),
        WrongEnd(why="nobody decided", spoil=_spoilt("Deployment/app-01", _with_spec(replicas=1, paused=False))),
        WrongEnd(why="one is gone", spoil=_gone("Deployment/app-00")),
    ),
)


def _drain(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        if number == 0:

            def move(at: int) -> Step:
                def due(known: Known) -> Due:
                    on = [made for made in listed(known, "all") if made["spec"]["nodeSelector"]["node"] == "a"]
                    if at >= len(on):
                        return None
                    return _patch("Deployment", _name(on[at]), spec={"nodeSelector": {"node": "b"}})

                return Step(f"move-{at}", due)

            close = Step("close", lambda _: _patch("ConfigMap", "nodes", data={"a": "closed"}))
            steps = (close, _list("all", "Deployment"), *(move(at) for at in range(agents + 2)))
            words = (
                "Close node a: in the ConfigMap nodes set a to closed. Then set spec.nodeSelector.node to b in every "
                "Deployment where it is a."
            )
            return numbered(number, words, *steps)

        def place(known: Known) -> Due:
            nodes = _one(known, "nodes")
            if nodes is None:
                return None
            node = next(name for name in ("a", "b") if nodes["data"][name] == "open")
            return _create(deployment(f"app-{number:02d}", nodeSelector={"node": node}))

        words = (
            f"Make a Deployment app-{number:02d} in the namespace default. Its spec is replicas 1 and "
            "nodeSelector.node, and nothing else; the node is the first of a and b that is open in the ConfigMap nodes."
        )
        return numbered(number, words, _get("nodes", "ConfigMap", "nodes"), Step("place", place))

    return tuple(job(n) for n in range(agents))


DRAIN = LiveTask(
    id="drain",
    title="A node is drained while others place work",
    anomaly="phantom",
    world="cluster",
    start=lambda _: _state(
        _config("nodes", a="open", b="open"),
        deployment("db", nodeSelector={"node": "a"}),
        deployment("web", nodeSelector={"node": "b"}),
    ),
    jobs=_drain,
    invariants=(
        Invariant(
            name="nothing runs on the closed node",
            holds=lambda _start, end, jobs: (
                all(made["spec"]["nodeSelector"]["node"] == "b" for made in _of(end, "Deployment"))
                and len(_of(end, "Deployment")) == 1 + len(jobs)
                and end["objects"]["ConfigMap/nodes"]["data"]["a"] == "closed"
            ),
        ),
    ),
    wrong=(
        WrongEnd(why="something runs on a", spoil=_spoilt("Deployment/db", _with_spec(nodeSelector={"node": "a"}))),
        WrongEnd(why="a is open", spoil=_spoilt("ConfigMap/nodes", _with_data(a="open"))),
        WrongEnd(why="one is missing", spoil=_gone("Deployment/app-01")),
    ),
)


def _release(agents: int) -> tuple[Job, ...]:
    def bump(known: Known) -> Due:
        release = _one(known, "release")
        if release is None:
            return None
        return _patch("ConfigMap", "release", data={"number": str(int(release["data"]["number"]) + 1)})

    words = "In the ConfigMap release make the number one more than it is; it stays a text."
    return tuple(numbered(n, words, _get("release", "ConfigMap", "release"), Step("bump", bump)) for n in range(agents))


RELEASE = LiveTask(
    id="release",
    title="Everybody counts the release number up",
    anomaly="lost update",
    world="cluster",
    start=lambda _: _state(_config("release", number="7", owner="ops")),
    jobs=_release,
    invariants=(
        Invariant(
            name="each release counts",
            holds=lambda _start, end, jobs: (
                end["objects"].get("ConfigMap/release", {"data": {}})["data"].get("number") == str(7 + len(jobs))
            ),
        ),
    ),
    wrong=(
        WrongEnd(why="one is lost", spoil=_spoilt("ConfigMap/release", _with_data(number="8"))),
        WrongEnd(why="the owner is overwritten", spoil=_spoilt("ConfigMap/release", _with_data(owner="me"))),
        WrongEnd(why="one is gone", spoil=_gone("ConfigMap/release")),
    ),
)


def _retire(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        app = f"old-{number // 2:02d}"
        if number % 2 == 0:

            def retire(known: Known) -> Due:
                if "services" not in known:
                    return None
                used = any(made["spec"]["selector"]["app"] == app for made in listed(known, "services"))
                return None if used else ("delete", {"kind": "Deployment", "name": app})

            return numbered(
                number,
                f"Delete the Deployment {app}, unless a Service has it as spec.selector.app.",
                _list("services", "Service"),
                Step("retire", retire),
            )

        def expose(known: Known) -> Due:
            return _create(_service(f"svc-{number:02d}", app)) if _one(known, "app") else None

        words = (
            f"If the Deployment {app} is there, make a Service svc-{number:02d} in the namespace default. Its spec is "
            f"selector.app, which is {app}, and nothing else."
        )
        return numbered(number, words, _get("app", "Deployment", app), Step("expose", expose))

    return tuple(job(n) for n in range(agents))


def _no_dangling(_start: State, end: State, jobs: Sequence[Job]) -> bool:
    there = {_name(made) for made in _of(end, "Deployment")}
    exposed = {made["spec"]["selector"]["app"] for made in _of(end, "Service")}
    pairs = {f"old-{n:02d}" for n in range(len(jobs) // 2)}
    return exposed <= there and all((app in there) == (app in exposed) for app in pairs)


RETIRE = LiveTask(
    id="retire",
    title="One retires an unused deployment, another exposes it",
    anomaly="write skew over kinds",
    world="cluster",
    start=lambda jobs: _state(*(deployment(f"old-{n:02d}") for n in range((jobs + 1) // 2))),
    jobs=_retire,
    invariants=(Invariant(name="no service selects what is gone", holds=_no_dangling),),
    wrong=(
        WrongEnd(
            why="a service without its deployment",
            spoil=lambda _: {"objects": {"Service/svc-01": _service("svc-01", "old-00")}},
        ),
        WrongEnd(why="both gave up", spoil=lambda _: {"objects": {"Deployment/old-00": deployment("old-00")}}),
        WrongEnd(
            why="a service of nobody",
            spoil=lambda end: {"objects": {**end["objects"], "Service/x": _service("x", "y")}},
        ),
    ),
)

CLUSTER = (CANARY, QUOTAS, DRAIN, RELEASE, RETIRE)
"""Every task of the suite."""
