"""The scripted model server by plain HTTP, without any agent CLI."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from coroom.testing import Call, ModelServer, Script, Turn

CLAIM = {"name": "claim", "parameters": {"type": "object"}}
GREETING = Script(
    (
        Turn(text="Claiming.", calls=(Call("claim", {"path": "a.py"}),), expect="start"),
        Turn(calls=(Call("claim", {"fence": "${fence:int}"}),), expect="granted", capture={"fence": r"fence (\d+)"}),
        Turn(text="Fence ${fence}.", never="refused"),
    )
)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer({"a": GREETING}) as running:
        yield running


def post(server: ModelServer, path: str, body: dict[str, Any], key: str = "a") -> str:
    return post_to(server.url + path, body, key)


def post_to(url: str, body: dict[str, Any], key: str) -> str:
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        told: str = response.read().decode()
    return told


class Anthropic:
    path = "/v1/messages"

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = [{"role": "user", "content": "start"}]

    def body(self) -> dict[str, Any]:
        tools = [{"name": "mcp__coroom__claim", "input_schema": {}}, {"name": "Write", "input_schema": {}}]
        return {"model": "m", "messages": self.messages, "tools": tools}

    def read(self, told: str) -> tuple[str, list[Any]]:
        content = json.loads(told)["content"]
        self.messages.append({"role": "assistant", "content": content})
        texts = [block["text"] for block in content if block["type"] == "text"]
        return "".join(texts), [block["input"] for block in content if block["type"] == "tool_use"]

    def result(self, text: str) -> None:
        calls = [block["id"] for block in self.messages[-1]["content"] if block["type"] == "tool_use"]
        blocks = [{"type": "tool_result", "tool_use_id": call, "content": text} for call in calls]
        self.messages.append({"role": "user", "content": blocks})


class Responses:
    path = "/v1/responses"

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = [{"type": "message", "role": "user", "content": "start"}]

    def body(self) -> dict[str, Any]:
        tools = [{"type": "namespace", "name": "mcp__coroom", "tools": [{"type": "function"} | CLAIM]}]
        return {"model": "m", "input": self.items, "tools": tools}

    def read(self, told: str) -> tuple[str, list[Any]]:
        output = json.loads(told)["output"]
        self.items += output
        texts = [item["content"][0]["text"] for item in output if item["type"] == "message"]
        return "".join(texts), [json.loads(item["arguments"]) for item in output if item["type"] == "function_call"]

    def result(self, text: str) -> None:
        calls = [item["call_id"] for item in self.items if item["type"] == "function_call"]
        self.items.append({"type": "function_call_output", "call_id": calls[-1], "output": text})


class Chat:
    path = "/v1/chat/completions"

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = [{"role": "system", "content": "s"}, {"role": "user", "content": "start"}]

    def body(self) -> dict[str, Any]:
        tools = [{"type": "function", "function": CLAIM | {"name": "coroom_claim"}}]
        return {"model": "m", "messages": self.messages, "tools": tools}

    def read(self, told: str) -> tuple[str, list[Any]]:
        message = json.loads(told)["choices"][0]["message"]
        self.messages.append(message)
        calls = [json.loads(call["function"]["arguments"]) for call in message.get("tool_calls", [])]
        return message["content"] or "", calls

    def result(self, text: str) -> None:
        for call in self.messages[-1]["tool_calls"]:
            self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})


class Gemini:
    path = "/v1beta/models/g:generateContent"

    def __init__(self) -> None:
        self.contents: list[dict[str, Any]] = [{"role": "user", "parts": [{"text": "start"}]}]

    def body(self) -> dict[str, Any]:
        declared = [CLAIM | {"name": "mcp_coroom_claim"}]
        return {"contents": self.contents, "tools": [{"functionDeclarations": declared}]}

    def read(self, told: str) -> tuple[str, list[Any]]:
        content = json.loads(told)["candidates"][0]["content"]
        self.contents.append(content)
        texts = [part["text"] for part in content["parts"] if "text" in part]
        return "".join(texts), [part["functionCall"]["args"] for part in content["parts"] if "functionCall" in part]

    def result(self, text: str) -> None:
        answer = {"functionResponse": {"name": "mcp_coroom_claim", "response": {"output": text}}}
        self.contents.append({"role": "user", "parts": [answer]})


DIALECTS = pytest.mark.parametrize("dialect", [Anthropic, Responses, Chat, Gemini])


@DIALECTS
def test_a_script_is_played_from_the_conversation_alone_in_every_dialect(server: ModelServer, dialect: Any) -> None:
    client = dialect()
    assert client.read(post(server, client.path, client.body())) == ("Claiming.", [{"path": "a.py"}])
    client.result("granted with fence 42")
    assert client.read(post(server, client.path, client.body())) == ("", [{"fence": 42}])
    client.result("ok")
    assert client.read(post(server, client.path, client.body())) == ("Fence 42.", [])
    assert server.failures() == ()
    assert [one.conversation.turn for one in server.received("a")] == [0, 1, 2]


@DIALECTS
def test_a_request_that_is_repeated_gets_the_same_answer(server: ModelServer, dialect: Any) -> None:
    client = dialect()
    assert post(server, client.path, client.body()) == post(server, client.path, client.body())


@DIALECTS
def test_an_expectation_that_fails_is_named_and_the_script_goes_on(server: ModelServer, dialect: Any) -> None:
    client = dialect()
    client.read(post(server, client.path, client.body()))
    client.result("refused")
    _, calls = client.read(post(server, client.path, client.body()))
    assert calls == [{"fence": "${fence:int}"}]
    failures = server.failures()
    assert "turn 1: expect granted not met by 'refused'" in failures[0]
    assert "capture fence" in failures[1]
    assert "stopped after turn 1 of 2" in failures[2]


def test_a_request_without_tools_is_no_turn_of_the_script(server: ModelServer) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Give this a title"}]}
    assert json.loads(post(server, "/v1/messages", body))["content"][0]["text"] == "Done."
    assert server.received() == ()


def test_an_unknown_key_is_refused_and_the_known_ones_are_named(server: ModelServer) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(server, "/v1/messages", Anthropic().body(), key="nobody")
    with refused.value as answer:
        assert answer.code == 400
        assert "there are: a" in answer.read().decode()


def test_a_hidden_tool_is_searched_for_once_or_twice_and_that_is_no_turn(server: ModelServer) -> None:
    client = Responses()
    search = {"type": "tool_search", "execution": "client", "parameters": {}}
    (looking,) = json.loads(post(server, client.path, client.body() | {"tools": [search]}))["output"]
    assert looking["type"] == "tool_search_call"
    assert looking["arguments"]["query"] == "claim"
    found = client.body()["tools"]
    client.items += [looking, {"type": "tool_search_output", "call_id": looking["call_id"], "tools": found}]
    output = json.loads(post(server, client.path, client.body() | {"tools": [search]}))["output"]
    assert (output[-1]["name"], output[-1]["namespace"]) == ("claim", "mcp__coroom")

    lost = Responses()
    for _ in range(2):
        (looking,) = json.loads(post(server, lost.path, lost.body() | {"tools": [search]}))["output"]
        lost.items += [looking, {"type": "tool_search_output", "call_id": looking["call_id"], "tools": []}]
    (given_up,) = json.loads(post(server, lost.path, lost.body() | {"tools": [search]}))["output"]
    assert "There is no tool claim" in given_up["content"][0]["text"]


def test_a_client_with_one_javascript_tool_gets_the_call_as_javascript(server: ModelServer) -> None:
    client = Responses()
    tools = [{"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec"}]}]
    offered = {"type": "additional_tools", "role": "developer", "tools": tools}
    (_, call) = json.loads(post(server, client.path, {"model": "m", "input": [offered, *client.items]}))["output"]
    assert call["type"] == "custom_tool_call"
    assert 'const wanted = "claim"' in call["input"]
    assert '{"path": "a.py"}' in call["input"]


@pytest.mark.parametrize(
    ("tool", "parameters"),
    [
        ("Write", {"file_path": "/w/a.py", "content": "x\n"}),
        ("write_file", {"file_path": "/w/a.py", "content": "x\n"}),
        ("write", {"filePath": "/w/a.py", "content": "x\n"}),
    ],
)
def test_a_verb_is_put_into_the_words_of_the_client(server: ModelServer, tool: str, parameters: dict[str, str]) -> None:
    server.add("w", Script((Turn(calls=(Call("@write", {"path": "a.py", "text": "x\n"}),)),), {"cwd": "/w"}))
    client = Anthropic()
    body = client.body() | {"tools": [{"name": tool}]}
    assert client.read(post(server, client.path, body, key="w"))[1] == [parameters]


def test_a_room_s_tool_goes_before_a_tool_of_the_client_with_the_same_name(server: ModelServer) -> None:
    server.add("t", Script((Turn(calls=(Call("task", {"verb": "next"}),)),)))
    client = Chat()
    names = ("task", "coroom_task", "multitask")
    body = client.body() | {"tools": [{"type": "function", "function": {"name": name}} for name in names]}
    message = json.loads(post(server, client.path, body, key="t"))["choices"][0]["message"]
    assert message["tool_calls"][0]["function"]["name"] == "coroom_task"


def test_a_verb_means_the_client_s_own_tool_though_the_room_has_one_of_that_name(server: ModelServer) -> None:
    server.add("r", Script((Turn(calls=(Call("@read", {"path": "a.py"}),)),)))
    client = Responses()
    room = {"type": "namespace", "name": "mcp__coroom", "tools": [{"type": "function", "name": "read"}]}
    body = client.body() | {"tools": [room, {"type": "function", "name": "exec_command"}]}
    (call,) = json.loads(post(server, client.path, body, key="r"))["output"]
    assert (call["name"], json.loads(call["arguments"])) == ("exec_command", {"cmd": "cat a.py"})


def test_a_turn_is_held_until_its_gate_opens_and_until_the_other_script_is_there(server: ModelServer) -> None:
    server.add("b", Script((Turn(text="b speaks", gate="now", after=("a", 1)),)))
    answered: list[str] = []
    held = threading.Thread(target=lambda: answered.append(post(server, "/v1/messages", Anthropic().body(), key="b")))
    held.start()
    assert server.wait_until_asked("b", 0, within_s=10)
    server.open("now")
    client = Anthropic()
    client.read(post(server, client.path, client.body()))
    assert answered == []
    client.result("granted with fence 1")
    client.read(post(server, client.path, client.body()))
    held.join(10)
    assert "b speaks" in answered[0]


def test_a_turn_that_is_held_too_long_is_refused_and_told() -> None:
    with ModelServer({"a": Script((Turn(gate="never opened"),))}, hold_s=0.05) as server:
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(server, "/v1/messages", Anthropic().body())
        refused.value.close()
        assert refused.value.code == 504
        assert "never opened" in server.failures()[0]


def test_leaving_the_server_lets_no_turn_wait_any_longer() -> None:
    with ModelServer({"a": Script((Turn(gate="never opened"),))}) as server:
        ended: list[OSError] = []

        def ask() -> None:
            try:
                post(server, "/v1/messages", Anthropic().body())
            except OSError as cut:
                ended.append(cut)
                if isinstance(cut, urllib.error.HTTPError):
                    cut.close()

        held = threading.Thread(target=ask)
        held.start()
        assert server.wait_until_asked("a", 0, within_s=10)
    held.join(10)
    assert len(ended) == 1


def test_tokens_are_counted_for_clients_that_ask(server: ModelServer) -> None:
    assert json.loads(post(server, "/v1/messages/count_tokens", {}))["input_tokens"] > 0


def asks(server: ModelServer, words: str, *, key: str = "one-key", model: str = "m", system: str = "") -> str:
    body = Anthropic().body() | {"model": model, "system": system, "messages": [{"role": "user", "content": words}]}
    return str(json.loads(post(server, "/v1/messages", body, key=key))["content"][0]["text"])


def test_a_script_is_for_whoever_was_told_what_it_matches_else_for_its_key_else_for_its_model() -> None:
    scripts = {name: Script((Turn(text=name),)) for name in ("one-key", "big-model")}
    scripts |= {name: Script((Turn(text=name),), match=f"You are {name},") for name in ("ann", "bob")}
    with ModelServer(scripts) as server:
        assert asks(server, "You are bob, one of several") == "bob"
        assert asks(server, "start", system="You are ann, one of several") == "ann"
        assert asks(server, "You are eve, one of several") == "one-key"
        assert asks(server, "start", key="ann", model="big-model") == "big-model"


def test_the_directory_of_an_agent_is_read_off_what_its_client_tells_the_model(server: ModelServer) -> None:
    server.add("w", Script((Turn(text="I am in ${cwd}."),)))
    for told in ("Primary working directory: /w/mirror\nPlatform: linux", "<cwd>/w/mirror</cwd>"):
        assert asks(server, "start", key="w", system=told) == "I am in /w/mirror."


def test_two_scripts_meet_at_a_barrier_whoever_comes_first() -> None:
    scripts = {name: Script((Turn(text=f"{name} goes", meet="both"),)) for name in ("ann", "bob")}
    with ModelServer(scripts | {"eve": Script((Turn(text="eve goes"),))}) as server:
        heard: list[str] = []
        first = threading.Thread(target=lambda: heard.append(asks(server, "start", key="ann")))
        first.start()
        assert server.wait_until_asked("ann", 0, within_s=10)
        assert asks(server, "start", key="eve") == "eve goes"
        assert heard == []
        assert asks(server, "start", key="bob") == "bob goes"
        first.join(10)
        assert heard == ["ann goes"]


def test_a_request_without_tools_is_a_turn_where_that_is_wanted() -> None:
    with ModelServer({"a": Script((Turn(text="I answer."),))}, toolless=True) as server:
        body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
        assert "I answer." in post(server, "/v1/messages", body)
        server.verify()
