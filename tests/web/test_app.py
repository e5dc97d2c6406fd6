import json
from collections.abc import Callable

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from coroom.core.agent import OPERATOR, Presence
from coroom.testing.sample_room import SampleRoom
from coroom.web.app import BODY_BYTES_MAX, address

READS = [
    "/page.json",
    "/log.json",
    "/file.json?path=src/shop/cart.py",
    "/held.json?id=h1",
    "/events",
    "/document?path=src/shop/cart.py",
]
ACTS = ["say", "release", "pause", "resume", "end", "drop-held"]


@pytest.mark.parametrize("path", ["/", "/files/src/a.py", "/held/h1", "/static/main.js", "/page.json", "/nothing.json"])
async def test_no_answer_lets_anything_inline_run_or_anybody_frame_it(client: httpx2.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    if path == "/nothing.json":
        return
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_the_shell_holds_nothing_of_the_room_and_needs_no_key(
    sample: SampleRoom, client: httpx2.AsyncClient
) -> None:
    answer = await client.get("/", headers={"X-Coroom-Operator": ""})
    assert answer.status_code == 200
    assert not any(word in answer.text for word in ("shop", "cleo", "acme", "pricing"))
    assert "<script>" not in answer.text
    assert "style=" not in answer.text


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("key", ["", "wrong", "a-secret-of-the-operato", "ünïcode"])
async def test_nobody_without_the_key_sees_the_room(client: httpx2.AsyncClient, path: str, key: str) -> None:
    answer = await client.get(path, headers=[(b"X-Coroom-Operator", key.encode())])
    assert answer.status_code == 401
    assert "key" in answer.json()["error"]


async def test_a_key_in_the_address_is_no_key(client: httpx2.AsyncClient, key: str) -> None:
    answer = await client.get(f"/page.json?key={key}", headers={"X-Coroom-Operator": ""})
    assert answer.status_code == 401
    assert "#key=" in address("http://127.0.0.1:7000/", key)
    assert "?" not in address("http://127.0.0.1:7000/", key)


@pytest.mark.parametrize("act", ACTS)
async def test_no_act_without_the_operators_key(sample: SampleRoom, client: httpx2.AsyncClient, act: str) -> None:
    seq = sample.host.state.seq
    given = {"text": "x", "claim": "c1", "agent": "ada", "held": "h1"}
    answer = await client.post(f"/operator/{act}", json=given, headers={"X-Coroom-Operator": "wrong"})
    assert answer.status_code == 403
    assert sample.host.state.seq == seq


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.invalid"},
        {"Origin": "http://127.0.0.1:7001"},
        {"Origin": "null"},
        {"Origin": "file://127.0.0.1:7000"},
        {"Origin": "http://127.0.0.1:7000", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_post_from_another_site_is_refused_even_with_the_key(
    sample: SampleRoom, client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    seq = sample.host.state.seq
    answer = await client.post("/operator/say", json={"text": "hello"}, headers=headers)
    assert answer.status_code == 403
    assert sample.host.state.seq == seq


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://127.0.0.1:7000", "Sec-Fetch-Site": "same-origin"}])
async def test_the_operator_speaks_and_all_agents_have_it_in_their_inbox(
    sample: SampleRoom, client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/operator/say", json={"text": "Stop at noon."}, headers=headers)
    assert answer.status_code == 200
    for agent in sample.host.state.present():
        last = sample.host.state.inbox(agent.name)[-1]
        assert (last.sender, last.text) == (OPERATOR, "Stop at noon.")


async def test_the_operator_answers_a_question_and_it_needs_nobody_any_more(
    sample: SampleRoom, client: httpx2.AsyncClient
) -> None:
    before = (await client.get("/page.json")).json()["needs"]
    question = next(need for need in before if need["kind"] == "question")
    given = {"text": "The larger one wins.", "to": question["agent"], "about": question["id"]}
    assert (await client.post("/operator/say", json=given)).status_code == 200
    after = (await client.get("/page.json")).json()["needs"]
    assert question not in after
    assert len(after) == len(before) - 1


async def test_the_operator_releases_pauses_resumes_drops_and_ends(
    sample: SampleRoom, client: httpx2.AsyncClient
) -> None:
    state = sample.host.state
    claim = next(iter(state.claims_of("ben")))
    held = state.open_held()[0]
    for act, given in (
        ("release", {"claim": claim.id}),
        ("pause", {"agent": "ada"}),
        ("resume", {"agent": "cleo"}),
        ("drop-held", {"held": held.id}),
        ("end", {"reason": "enough"}),
    ):
        answer = await client.post(f"/operator/{act}", json=given)
        assert (act, answer.status_code) == (act, 200), answer.text
    after = sample.host.state
    assert claim.id not in after.claims
    assert after.agents["ada"].presence is Presence.PAUSED
    assert after.agents["cleo"].presence is Presence.ACTIVE
    assert held not in after.open_held()
    assert after.closed


@pytest.mark.parametrize(
    ("act", "body", "status"),
    [
        ("say", "{}", 400),
        ("say", '{"text": 1}', 400),
        ("say", '["text"]', 400),
        ("say", "{", 400),
        ("say", "[" * 60_000, 400),
        ("say", '{"text": "x", "to": "nobody"}', 404),
        ("pause", '{"agent": "nobody"}', 404),
        ("release", '{"claim": "c0"}', 404),
        ("conquer", "{}", 404),
        ("say", json.dumps({"text": "x" * BODY_BYTES_MAX}), 413),
        ("say", json.dumps({"text": "x" * 5_000}), 400),
    ],
)
async def test_nonsense_is_refused_with_a_sentence_and_changes_nothing(
    sample: SampleRoom, client: httpx2.AsyncClient, act: str, body: str, status: int
) -> None:
    seq = sample.host.state.seq
    answer = await client.post(f"/operator/{act}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["error"].endswith(".")
    assert sample.host.state.seq == seq


async def test_a_form_of_another_page_cannot_act_because_it_is_no_json(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/operator/say", data={"text": "x"})
    assert answer.status_code == 415


async def test_the_page_at_an_earlier_event_is_the_fold_of_that_prefix(
    sample: SampleRoom, client: httpx2.AsyncClient
) -> None:
    first = next(event for event in sample.host.events(0) if event.body.kind == "agent-joined")
    before = (await client.get(f"/page.json?at={first.seq - 1}")).json()
    after = (await client.get(f"/page.json?at={first.seq}")).json()
    assert [agent["name"] for agent in before["roster"]] == []
    assert [agent["name"] for agent in after["roster"]] == ["ada"]
    assert after["room"]["seq"] == first.seq
    now = (await client.get("/page.json?at=999999999")).json()
    assert now["room"]["seq"] == sample.host.state.seq


async def test_the_log_is_read_in_pieces_that_join(sample: SampleRoom, client: httpx2.AsyncClient) -> None:
    found, after = [], 0
    while after < sample.host.state.seq:
        piece = (await client.get(f"/log.json?after={after}&limit=100")).json()
        found += [mark["seq"] for mark in piece["marks"]]
        after = piece["last"]
    assert found == sorted(set(found))
    assert found[0] == 1
    whole = (await client.get("/log.json")).json()
    assert [mark["seq"] for mark in whole["marks"]] == found


@pytest.mark.parametrize("name", ["..%2fapp.py", "nothing.js", "app.py", "../app.py", "%2e%2e/app.py"])
async def test_no_file_but_the_pages_own_is_served(client: httpx2.AsyncClient, name: str) -> None:
    assert (await client.get(f"/static/{name}")).status_code == 404


async def test_mounted_below_a_prefix_the_shell_names_its_files_there(
    sample: SampleRoom, page_of: Callable[[SampleRoom], Starlette]
) -> None:
    outer = Starlette(routes=[Mount("/rooms/shop", app=page_of(sample))])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=outer), base_url="http://127.0.0.1") as one:
        shell = (await one.get("/rooms/shop/files/src/a.py")).text
        assert 'src="/rooms/shop/static/main.js"' in shell
        assert (await one.get("/rooms/shop/static/main.js")).status_code == 200


async def test_attacks_in_every_text_reach_a_browser_only_as_json(
    hostile: SampleRoom,
    page_of: Callable[[SampleRoom], Starlette],
    attacks: list[str],
    key: str,
) -> None:
    headers = {"X-Coroom-Operator": key}
    transport = httpx2.ASGITransport(app=page_of(hostile))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as one:
        held = hostile.host.state.open_held()[0]
        file = next(iter(hostile.host.state.files().values()))
        for path, query in (
            ("/page.json", {}),
            ("/log.json", {}),
            ("/held.json", {"id": held.id}),
            ("/file.json", {"path": file.path}),
            ("/file.json", {"path": attacks[0]}),
            ("/held.json", {"id": attacks[0]}),
        ):
            answer = await one.get(path, params=query)
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["x-content-type-options"] == "nosniff"
        for path in (f"/files/{attacks[0]}", f"/held/{attacks[3]}"):
            shell = await one.get(path)
            assert "pwned" not in shell.text
