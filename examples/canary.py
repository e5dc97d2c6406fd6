"""The canary: one agent mends a wrong image, another copies that service into a canary, both through real kubectl.

    make example-canary

Fix lists what every deployment runs and mends those with the bad image. Copy reads geo's image and makes a canary with
it. Each looks before the other acts. One after the other, whoever is first, both would run the good image. The API
server is started here; it is small, and kubectl cannot tell. The tools are ordinary functions that call kubectl
(docs/tools.md).
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from agents import LEGEND, POLICIES_SHOWN, Due, Known, Step, line, play
from coroom.core.resource import Resource, Scheme
from coroom.ports import Tool, ToolFailed
from coroom.testing.kubernetes_api import KubernetesApi
from coroom.testing.loopback import Loopback
from coroom.tools.journal import Journal
from coroom.tools.registry import FunctionTool, tool

BAD, GOOD = "registry.example/hotel:app3", "registry.example/hotel:latest"
ABOUT = "One agent mends what runs app3, one copies geo into a canary. One after the other, both run latest."
PLACE = "k8s:apps/v1/deployments/default"
ROW = '{.metadata.name} {.spec.template.spec.containers[0].image}{"\\n"}'
Kubectl = Callable[..., str]


def deployment(name: str, image: str) -> dict[str, object]:
    """A manifest."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
        },
    }


def tools_with(kubectl: Kubectl) -> list[Tool]:
    """The three tools of the two agents."""
    image = "jsonpath={.spec.template.spec.containers[0].image}"

    def look(resource: Resource) -> object:
        name = resource.name.removeprefix("apps/v1/deployments/default").strip("/")
        if not name:
            rows = kubectl("get", "deployments", "-o", f"jsonpath={{range .items[*]}}{ROW}{{end}}")
            return dict(row.split(" ", 1) for row in rows.splitlines())
        return kubectl("get", "deployment", name, "--ignore-not-found", "-o", image) or None

    @tool(reads=PLACE, effect="replayable", reads_value=True)
    def list_images() -> object:
        """What every deployment runs."""
        return look(parse_place(""))

    @tool(reads=f"{PLACE}/{{name}}", effect="replayable", reads_value=True)
    def get_image(name: str) -> object:
        """The image that a deployment runs."""
        return look(parse_place(name))

    @tool(writes=f"{PLACE}/{{name}}", effect="blind")
    def set_image(name: str, to: str) -> str:
        """Let a deployment run another image."""
        kubectl("set", "image", f"deployment/{name}", f"main={to}")
        return f"{name} runs {to}"

    @set_image.prepare
    def image_before(name: str) -> object:
        return look(parse_place(name))

    @set_image.undo
    def image_back(name: str, before: str) -> None:
        kubectl("set", "image", f"deployment/{name}", f"main={before}")

    @tool(writes=f"{PLACE}/{{name}}", effect="replayable")
    def create(name: str, runs: str) -> str:
        """Make a deployment that runs an image."""
        made = json.dumps(deployment(name, runs))
        kubectl("create", "--validate=false", "-f", "-", given=made)
        return f"{name} made"

    @create.undo
    def uncreate(name: str) -> None:
        kubectl("delete", "deployment", name, "--ignore-not-found", "--wait=false")

    journal = Journal()
    made: list[Tool] = []
    for each in (list_images, get_image, set_image, create):
        each.value(look)
        made.append(FunctionTool(each, journal, proven=True))
    return made


def parse_place(name: str) -> Resource:
    """The resource of a deployment, or (without a name) of all of them."""
    return Resource(Scheme.K8S, f"apps/v1/deployments/default/{name}".rstrip("/"))


def mend(name: str) -> Callable[[Known], Due]:
    """What Fix does with one deployment, from what it has seen."""

    def due(known: Known) -> Due:
        seen = known["all"]
        assert isinstance(seen, dict)
        return ("set_image", {"name": name, "to": GOOD}) if seen.get(name) == BAD else None

    return due


def copy(known: Known) -> Due:
    """What Copy does with what it has read."""
    return "create", {"name": "geo-canary", "runs": known["image"]}


PROGRAMS: dict[str, list[Step]] = {
    "fix": [("all", lambda _: ("list_images", {})), ("geo", mend("geo")), ("canary", mend("geo-canary"))],
    "copy": [("image", lambda _: ("get_image", {"name": "geo"})), ("made", copy)],
}


def main(policies: list[str]) -> int:
    """Play each policy on a fresh cluster; 1 when preorder does not give what serial order gives."""
    root = Path(__file__).resolve().parents[1]
    found = subprocess.run(["scripts/system.sh", "kubectl"], capture_output=True, text=True, check=True, cwd=root)
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        for policy in policies:
            api = KubernetesApi()
            with Loopback(api.application) as server:
                kubectl = kubectl_at(found.stdout.strip(), server.url, home)
                kubectl("create", "--validate=false", "-f", "-", given=json.dumps(deployment("geo", BAD)))
                costs = play(policy, tools_with(kubectl), PROGRAMS, ["fix", "copy", "copy", "fix"])
            runs = {
                name: made["spec"]["template"]["spec"]["containers"][0]["image"]
                for (_, plural, _, name), made in api.objects.items()
                if plural == "deployments"
            }
            right = runs == {"geo": GOOD, "geo-canary": GOOD}
            end = ", ".join(f"{name} runs {image.rsplit(':', 1)[1]}" for name, image in sorted(runs.items()))
            print(line(policy, end, costs, right=right))
            wrong += policy == "preorder" and not right
    return 1 if wrong else 0


def kubectl_at(program: str, url: str, home: str) -> Kubectl:
    """Kubectl against one server; what it declines is said to the agent in its own words."""

    def run(*arguments: str, given: str = "") -> str:
        done = subprocess.run(
            [program, "--server", url, "--cache-dir", f"{home}/{url.rsplit(':', 1)[1]}", *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            env={"HOME": home, "PATH": "/usr/bin:/bin"},
        )
        if done.returncode:
            raise ToolFailed(done.stderr.strip())
        return done.stdout.strip()

    return run


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(main(sys.argv[1:]))
    print(ABOUT)
    ended = main(list(POLICIES_SHOWN))
    print(LEGEND)
    sys.exit(ended)
