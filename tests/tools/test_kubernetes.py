"""Kubernetes: real kubectl against our API server, and the tools where a contract cannot say it."""

import json
import subprocess
from collections.abc import Callable, Iterator

import httpx2
import pytest
from tests.tools.conftest import installed
from tests.tools.worlds import named

from coroom.core.errors import Refused
from coroom.core.resource import parse
from coroom.core.tool import NotPerformed, Performed, ToolCall, Unknown, canonical
from coroom.ports import OutsideChange, ToolFailed
from coroom.testing.kubernetes_api import KubernetesApi
from coroom.testing.loopback import Loopback
from coroom.tools.kubernetes import kubernetes_tools
from coroom.tools.kubernetes_client import Cluster

GEO = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "geo", "namespace": "shop"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "geo"}},
        "template": {
            "metadata": {"labels": {"app": "geo"}},
            "spec": {"containers": [{"name": "geo", "image": "geo:app3"}, {"name": "side", "image": "side:1"}]},
        },
    },
}
PLACE = "apps/v1/deployments"


@pytest.fixture
def api() -> KubernetesApi:
    made = KubernetesApi()
    made.create("v1/namespaces", "", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    return made


@pytest.fixture
def url(api: KubernetesApi) -> Iterator[str]:
    with Loopback(api.application) as server:
        yield server.url


@pytest.fixture
def cluster(url: str) -> Iterator[Cluster]:
    made = Cluster(url)
    yield made
    made.close()


@pytest.fixture
def kubectl(url: str, tmp_path: object) -> Callable[..., str]:
    program = installed("kubectl")

    def run(*arguments: str, given: object = None) -> str:
        done = subprocess.run(
            [program, "--server", url, "--cache-dir", f"{tmp_path}/cache", "-n", "shop", *arguments],
            input=json.dumps(given) if given else "",
            capture_output=True,
            text=True,
            check=False,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def test_real_kubectl_works_against_the_api_server(api: KubernetesApi, kubectl: Callable[..., str]) -> None:
    kubectl("apply", "--validate=false", "-f", "-", given=GEO)
    kubectl("set", "image", "deployment/geo", "geo=geo:latest")
    image = "{.spec.template.spec.containers[*].image}"
    assert kubectl("get", "deployment", "geo", "-o", f"jsonpath={image}") == "geo:latest side:1"
    kubectl("scale", "deployment", "geo", "--replicas=5", "--current-replicas=2")
    kubectl("patch", "deploy", "geo", "--type=merge", "-p", '{"spec":{"paused":true}}')
    kubectl("patch", "deploy", "geo", "--type=json", "-p", '[{"op":"remove","path":"/spec/paused"}]')
    kubectl("label", "deployment", "geo", "tier=front")
    assert kubectl("get", "deployments", "-l", "tier=front", "-o", "name") == "deployment.apps/geo"
    assert api.get(PLACE, "shop", "geo")["spec"]["replicas"] == 5
    changed = {**GEO, "spec": {**GEO["spec"], "replicas": 1}}  # type: ignore[dict-item]
    kubectl("replace", "--validate=false", "-f", "-", given=changed)
    kubectl("create", "configmap", "notes", "--from-literal=a=b")
    kubectl("delete", "deployment", "geo", "--wait=false")
    assert kubectl("get", "all", "-o", "name") == "configmap/notes"
    assert {each.agent.partition("/")[0] for each in api.audit} == {"kubectl"}
    assert ("delete", f"{PLACE}/shop/geo") in [(each.verb, each.resource) for each in api.audit]


def call(tool: str, arguments: object) -> ToolCall:
    return ToolCall("c1", f"k8s_{tool}", canonical(arguments))


def test_a_collection_is_read_as_a_resource_that_covers_its_objects(api: KubernetesApi, cluster: Cluster) -> None:
    tools = kubernetes_tools(cluster)
    api.create(PLACE, "shop", GEO)
    listing = named(tools, "k8s_list").footprint('{"kind":"Deployment","namespace":"shop"}')
    made = named(tools, "k8s_create").footprint(canonical({"manifest": GEO}))
    assert not isinstance(listing, Refused)
    assert not isinstance(made, Refused)
    assert str(listing.reads[0]) == f"k8s:{PLACE}/shop"
    assert str(made.writes[0]) == f"k8s:{PLACE}/shop/geo"
    tool = named(tools, "k8s_list")
    found = json.loads(tool.perform(call("list", {"kind": "Deployment", "namespace": "shop"}), "null"))
    assert [each["metadata"]["name"] for each in found] == ["geo"]
    assert json.loads(tool.value(listing.reads[0])) == found
    assert tool.value(made.writes[0]) == canonical(found[0])
    elsewhere = parse("row:a/b/c")
    assert not isinstance(elsewhere, Refused)
    assert tool.value(elsewhere) == "null"


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get", {"kind": "Deploymint", "name": "geo"}, "no kind of this cluster"),
        ("get", {"kind": "Deployment", "name": "../secrets/s"}, "no name of an object"),
        ("get", {"kind": "Deployment", "name": "x", "namespace": "a/b"}, "no name of an object"),
        ("get", {"kind": "Deployment", "name": "geo?x=1"}, "no name of an object"),
        ("create", {"manifest": {"kind": "Deployment", "apiVersion": "apps/v1"}}, "no name of an object"),
        ("scale", {"kind": "Deployment", "name": "geo", "replicas": "many"}, "replicas"),
    ],
)
def test_what_names_no_object_is_refused_before_the_cluster_is_asked(
    cluster: Cluster, tool: str, arguments: object, said: str
) -> None:
    refused = named(kubernetes_tools(cluster), f"k8s_{tool}").footprint(canonical(arguments))
    assert isinstance(refused, Refused)
    assert said in str(refused)


def test_a_status_that_a_controller_writes_is_no_change_from_outside(api: KubernetesApi, cluster: Cluster) -> None:
    api.create(PLACE, "shop", GEO)
    tool = named(kubernetes_tools(cluster), "k8s_scale")
    asked = call("scale", {"kind": "Deployment", "name": "geo", "namespace": "shop", "replicas": 7})
    prepared = tool.prepare(asked)
    api.objects["apps/v1", "deployments", "shop", "geo"]["metadata"]["resourceVersion"] = "900"
    result = tool.perform(asked, prepared)
    assert json.loads(result)["spec"]["replicas"] == 7
    api.objects["apps/v1", "deployments", "shop", "geo"]["metadata"]["resourceVersion"] = "901"
    tool.undo(asked, prepared, result)
    assert api.get(PLACE, "shop", "geo")["spec"]["replicas"] == 2


def test_a_write_that_lands_between_look_and_deed_is_not_overwritten(api: KubernetesApi, cluster: Cluster) -> None:
    api.create(PLACE, "shop", GEO)
    tool = named(kubernetes_tools(cluster), "k8s_patch")
    arguments = {"kind": "Deployment", "name": "geo", "namespace": "shop", "patch": {"spec": {"replicas": 3}}}
    asked = call("patch", arguments)
    prepared = tool.prepare(asked)
    api.change(PLACE, "shop", "geo", lambda old: {**old, "spec": {**old["spec"], "paused": True}})
    with pytest.raises(ToolFailed, match="changed since the call was prepared"):
        tool.perform(asked, prepared)
    assert api.get(PLACE, "shop", "geo")["spec"]["replicas"] == 2


def test_an_undo_never_brings_back_what_somebody_outside_deleted(api: KubernetesApi, cluster: Cluster) -> None:
    api.create(PLACE, "shop", GEO)
    tool = named(kubernetes_tools(cluster), "k8s_scale")
    asked = call("scale", {"kind": "Deployment", "name": "geo", "namespace": "shop", "replicas": 7})
    prepared = tool.prepare(asked)
    result = tool.perform(asked, prepared)
    api.delete(PLACE, "shop", "geo", {})
    with pytest.raises(OutsideChange, match="k8s:apps/v1/deployments/shop/geo"):
        tool.undo(asked, prepared, result)
    assert not [key for key in api.objects if key[1] == "deployments"]


class LosesAnswers(httpx2.HTTPTransport):
    """Delivers every request; drops the answers to those that write."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        if request.method == "GET":
            return answer
        raise httpx2.ReadTimeout("lost", request=request)


def test_a_lost_answer_is_found_again_by_the_mark_of_its_call(api: KubernetesApi, url: str, cluster: Cluster) -> None:
    api.create(PLACE, "shop", GEO)
    lossy = Cluster(url, transport=LosesAnswers())
    tool = named(kubernetes_tools(lossy), "k8s_scale")
    asked = call("scale", {"kind": "Deployment", "name": "geo", "namespace": "shop", "replicas": 7})
    prepared = tool.prepare(asked)
    sound = named(kubernetes_tools(cluster), "k8s_scale")
    assert sound.probe(asked, prepared) == NotPerformed()
    with pytest.raises(httpx2.ReadTimeout):
        tool.perform(asked, prepared)
    lossy.close()
    found = sound.probe(asked, prepared)
    assert isinstance(found, Performed)
    sound.undo(asked, prepared, found.result)
    assert api.get(PLACE, "shop", "geo")["spec"]["replicas"] == 2
    api.change(PLACE, "shop", "geo", lambda old: {**old, "spec": {**old["spec"], "replicas": 4}})
    assert sound.probe(asked, prepared) == Unknown()
