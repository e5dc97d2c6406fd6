"""What is final needs no before-images: none is left of files, commands, manifests and functions."""

from pathlib import Path

from tests.host.test_strays import open_room
from tests.live_room import a_shop, asks, left
from tests.tools.conftest import installed

from coroom.core.codec import encode_state
from coroom.core.event import CallPlaced, CallStarted, started
from coroom.host.rooms import Room
from coroom.testing.kubernetes_api import KubernetesApi
from coroom.testing.loopback import Loopback
from coroom.tools.journal import Journal

BULK = "precious " * 200
FUNCTIONS = '''
from coroom.tools.registry import Rehearsal, tool

BOARD = {"text": "BULK"}


@tool(writes="key:board", effect="blind")
def wipe(text: str) -> str:
    """Write something else on the board."""
    BOARD["text"] = text
    return "done"


@wipe.prepare
def before() -> str:
    return BOARD["text"]


@wipe.undo
def back(before: str) -> None:
    BOARD["text"] = before


@wipe.trial
def rehearse():
    yield Rehearsal([{"text": "x"}, {"text": "y"}], lambda: {"key:board": BOARD["text"]})
'''


def manifest(image: str) -> dict[str, object]:
    spec = {"template": {"spec": {"containers": [{"name": "geo", "image": image}]}}, "note": BULK}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "geo"}, "spec": spec}


async def everything_changed(room: Room, agent: str) -> None:
    """One call of each kind, on what `BULK` is a part of."""
    for tool, arguments in (
        ("file_write", {"path": "a", "text": "short"}),
        ("shell", {"command": "echo short > b", "reads": ["b"], "writes": ["b"]}),
        ("k8s_replace", {"manifest": manifest("geo:2") | {"spec": {"replicas": 1}}}),
        ("wipe", {"text": "short"}),
    ):
        answer = await asks(room, agent, tool, **arguments)
        assert not answer.refused, answer.refused
        assert not answer.data.get("gated")


def kept(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("calls.sqlite3*"))


async def test_before_images_are_kept_beside_the_log_until_their_calls_are_final_and_then_dropped(
    tmp_path: Path,
) -> None:
    installed("strace")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/a").write_text(BULK)
    (tmp_path / "shared/b").write_text(BULK)
    (tmp_path / "board.py").write_text(FUNCTIONS.replace("BULK", BULK))
    api = KubernetesApi()
    api.create("apps/v1/deployments", "default", manifest("geo:1"))
    with Loopback(api.application) as server:
        file = f"kubernetes: {{url: '{server.url}'}}\nfiles: shared\nshell: shared\nfunctions: [board.py]\n"
        room = await open_room(tmp_path, file, "ada", "bob")
        await everything_changed(room, "bob")
        bodies = [event.body for event in room.host.events(0)]
        prepared = [b.prepared for b in bodies if isinstance(b, CallPlaced | CallStarted) and started(b)]
        assert len(prepared) == 4
        assert BULK not in str(prepared), "the log is for ever"
        await room.close()

        room = await open_room(tmp_path, file)
        await asks(room, "ada", "file_write", path="a", text="ada's")
        assert (tmp_path / "shared/a").read_text() == "short", "bob's call was undone and done again"
        await room.door.call("bob", "give_up", {"arguments": "changed my mind"}, "")
        assert (tmp_path / "shared/a").read_text() == "ada's"
        assert (tmp_path / "shared/b").read_text() == BULK
        assert api.get("apps/v1/deployments", "default", "geo")["spec"]["note"] == BULK
        await room.admit("cyd")
        await everything_changed(room, "cyd")
        for agent in ("ada", "cyd"):
            done = await room.door.call(agent, "done", {"arguments": ""}, "")
            assert not done.refused
        assert not room.host.state.order.calls
        assert BULK.encode() not in encode_state(room.host.state)
        place = room.directory / "tools"
        await room.close()
        assert "coroom.dev/call" in api.get("apps/v1/deployments", "default", "geo")["metadata"]["annotations"]
    journal = Journal(str(place / "calls.sqlite3"))
    assert journal.size() == 0
    journal.close()
    assert not [*(place / "rehearsals").iterdir()]


async def test_calls_of_a_new_room_are_not_taken_for_those_of_the_one_before_it(tmp_path: Path) -> None:
    api = KubernetesApi()
    api.create("apps/v1/deployments", "default", manifest("geo:1"))
    a_shop(tmp_path)
    with Loopback(api.application) as server:
        file = f"kubernetes: {{url: '{server.url}'}}\nsqlite: {{shop: {tmp_path / 'shop.db'}}}\n"
        for number in (1, 2):
            (tmp_path / str(number)).mkdir()
            room = await open_room(tmp_path / str(number), file, "ada")
            for tool, arguments in (
                ("k8s_scale", {"kind": "Deployment", "name": "geo", "replicas": number}),
                ("shop_update", {"table": "stock", "where": {"item": "tea"}, "set": {"left": number}}),
            ):
                assert not (await asks(room, "ada", tool, **arguments)).refused
            assert api.get("apps/v1/deployments", "default", "geo")["spec"]["replicas"] == number
            assert left(tmp_path)["tea"] == number
            await room.close()
