"""The official conformance suite's scenarios that ask nothing of a server but the protocol, and the Inspector."""

import asyncio
import json
import os
import subprocess
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.doorway import open_room, token

from coroom.log.memory import MemoryLog
from coroom.run.daemon.app import address, build_app, loopback_socket, serve

pytestmark = pytest.mark.clients

_SCRIPT = Path(__file__).parents[2] / "scripts" / "conformance.sh"

BOTH = ("ping", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection")
SCENARIOS = {
    "2025-11-25": (*BOTH, "server-initialize", "server-session-lifecycle"),
    "2026-07-28": (
        *BOTH[1:],
        "server-stateless",
        "caching",
        "http-header-validation",
        "sep-2164-resource-not-found",
        "server-sse-multiple-streams",
        "input-required-result-unsupported-methods",
    ),
}
ASKS_FOR_THE_SUITES_OWN_TOOL = {"sep-2575-server-rejects-undeclared-capability", "sep-2575-missing-capability-http-400"}


@pytest.fixture(scope="module")
def checkers() -> Path:
    """The directory of the pinned checkers; they are installed when they are not there yet."""
    told = subprocess.run([_SCRIPT], capture_output=True, text=True, check=False)
    if told.returncode != 0:
        if os.environ.get("CI") == "true" or os.environ.get("COROOM_REQUIRE_CLIENTS") == "1":
            pytest.fail(f"the checkers cannot be installed: {told.stderr}")
        pytest.skip(f"the checkers cannot be installed: {told.stderr}")
    return Path(told.stdout.strip())


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A daemon whose every request bears a token, since the suite has no way to send one."""
    room = await open_room(MemoryLog(), "a")
    listening = loopback_socket()
    stop, ready = asyncio.Event(), asyncio.Event()
    app = _bearing(build_app({room.name: room.served}), token("a"))
    serving = asyncio.create_task(serve(app, listening, stop, ready.set))
    await ready.wait()
    yield f"{address(listening)}/mcp"
    stop.set()
    await serving
    await room.host.close()


def _bearing(app: ASGIApp, secret: str) -> ASGIApp:
    async def bearing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            authority = (b"authorization", f"Bearer {secret}".encode())
            scope = {**scope, "headers": [*scope["headers"], authority]}
        await app(scope, receive, send)

    return bearing


async def run(*command: object) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(*map(str, command), stdout=PIPE, stderr=STDOUT)
    said, _ = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.parametrize("version", SCENARIOS)
async def test_the_official_suite_finds_nothing_in_what_asks_for_the_protocol_only(
    version: str, checkers: Path, url: str, tmp_path: Path
) -> None:
    # All at once: a process for each scenario takes six times as long as all of them in one.
    _, said = await run(
        *(checkers / "conformance", "server", "--url", url, "--suite", "all"),
        *("--spec-version", version, "-o", tmp_path),
    )
    for scenario in SCENARIOS[version]:
        kept = list(tmp_path.glob(f"server-{scenario}-[0-9][0-9][0-9][0-9]-*/checks.json"))
        assert len(kept) == 1, (scenario, said)
        found = json.loads(kept[0].read_text())
        failed = {c["id"]: c.get("errorMessage") for c in found if c["status"] in {"FAILURE", "WARNING"}}
        assert set(failed) <= ASKS_FOR_THE_SUITES_OWN_TOOL, (scenario, failed)
        if scenario != "server-session-lifecycle":
            assert any(check["status"] == "SUCCESS" for check in found), (scenario, said)


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_the_inspector_finds_the_schemas_portable_and_calls_a_tool(era: str, checkers: Path, url: str) -> None:
    inspect = (checkers / "mcp-inspector", "--cli", url, "--transport", "http", "--protocol-era", era, "--method")
    status, said = await run(*inspect, "tools/list", "--strict")
    assert status == 0, said
    status, said = await run(*inspect, "tools/call", "--tool-name", "say", "--tool-arg", "kind=note", "text=hello")
    assert status == 0, said
    assert "Said." in said
