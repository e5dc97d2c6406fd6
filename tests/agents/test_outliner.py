"""The outliner, with real SDKs against a scripted model: what it hands in is checked against the index."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.git.repositories import new_repository, write

from coroom.agents.loop import model_of
from coroom.agents.models.model import ModelError
from coroom.agents.outliner import Outline, Outliner, moved
from coroom.host.plans.planning import Ground, ground_of
from coroom.testing import Call, ModelServer, Script, Turn

FILES = {
    "app/parser.py": b"from app.lexer import tokens\n\n\ndef parse(text):\n    return tokens(text)\n",
    "app/lexer.py": b"def tokens(text):\n    return text.split()\n",
}
KEY = "key-of-the-outliner"
MODELS = ["anthropic:claude-scripted", "openai:gpt-scripted"]
GOOD = [
    {"id": "lex", "title": "Tokens with places", "touches": ["symbol:app/lexer.py#tokens"]},
    {
        "id": "spans",
        "title": "Spans of tokens",
        "touches": ["file:app/spans.py"],
        "makes": ["file:app/spans.py"],
        "after": ["lex"],
    },
]


@asynccontextmanager
async def outliner(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, model: str, *turns: Turn
) -> AsyncIterator[tuple[Outliner, ModelServer]]:
    with ModelServer({KEY: Script(turns)}) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        asked = model_of(model)
        try:
            yield Outliner(asked, ground), server
        finally:
            await asked.close()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repository", FILES)


@pytest.mark.parametrize("model", MODELS)
async def test_a_task_is_split_after_looks_and_a_mended_proposal(
    repository: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    unknown = [
        {**GOOD[0], "touches": ["symbol:app/lexer.py#tokenise", "file:app/none.py"]},
        {**GOOD[1], "after": ["lax"]},
    ]
    async with outliner(
        ground_of(repository),
        monkeypatch,
        model,
        Turn(
            calls=(Call("find", {"word": "tok"}), Call("symbols", {"path": "app/parser.py"})), expect="Faster parsing"
        ),
        Turn(
            calls=(Call("propose", {"tasks": []}),), expect=r"(?=.*app/lexer\.py#tokens)(?=.*uses app/lexer\.py#tokens)"
        ),
        Turn(calls=(Call("propose", {"tasks": unknown}),), expect="tasks: "),
        Turn(
            calls=(Call("propose", {"tasks": GOOD}),),
            expect=r"(?=.*tokenise, which is not there)(?=.*none\.py, which is not there)(?=.*after lax, which is no)",
        ),
    ) as (asked, server):
        found = await asked.split("Faster parsing")
        assert server.failures() == ()
    assert [(task.id, [str(one) for one in task.touches], task.after) for task in found.tasks] == [
        ("lex", ["symbol:app/lexer.py#tokens"], ()),
        ("spans", ["file:app/spans.py"], ("lex",)),
    ]
    assert found.made == {"file:app/spans.py"}
    assert found.input_tokens > 0


async def test_when_the_code_has_moved_it_is_asked_again_and_told_what_is_gone(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = (
        Turn(calls=(Call("propose", {"tasks": GOOD}),)),
        Turn(calls=(Call("propose", {"tasks": [{**GOOD[0], "touches": ["symbol:app/lexer.py#scan"]}]}),)),
    )
    async with outliner(ground_of(repository), monkeypatch, MODELS[0], *turns) as (asked, _):
        first = await asked.split("Faster parsing")
        assert await asked.again("Faster parsing", first) is first
    write(repository, {"app/lexer.py": b"def scan(text):\n    return text.split()\n"})
    ground = ground_of(repository)
    assert moved(first, ground) == ["symbol:app/lexer.py#tokens"]
    turn = Turn(calls=turns[1].calls, expect="No longer there: symbol:app/lexer.py#tokens")
    async with outliner(ground, monkeypatch, MODELS[0], turn) as (asked, server):
        second = await asked.again("Faster parsing", first)
        assert server.failures() == ()
    assert [str(one) for one in second.tasks[0].touches] == ["symbol:app/lexer.py#scan"]
    assert moved(second, ground) == []


async def test_a_circle_is_refused_and_a_model_that_never_proposes_is_given_up(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    circle = [{**GOOD[0], "after": ["spans"]}, GOOD[1]]
    turns = (Turn(calls=(Call("propose", {"tasks": circle}),)), Turn(text="Well …", expect="in a circle"))
    async with outliner(ground_of(repository), monkeypatch, MODELS[0], *turns, *[Turn(text="…")] * 22) as (
        asked,
        server,
    ):
        with pytest.raises(ModelError, match="no proposal"):
            await asked.split("Faster parsing")
        assert server.failures() == ()


def test_nothing_has_moved_in_an_outline_of_what_is_only_made(repository: Path) -> None:
    assert moved(Outline(tasks=()), ground_of(repository)) == []
