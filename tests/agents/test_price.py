"""What a session has used so far: by a price, by its client's word, and by the file that Codex keeps."""

import json
from pathlib import Path

import pytest

from coroom.agents.adapter import AgentOutput, Launch, Session
from coroom.agents.codex import Codex
from coroom.agents.price import Meter, Price, PriceError, parse_price


def test_a_price_is_of_tokens_in_and_out_and_those_from_a_cache_cost_as_much_unless_it_says_otherwise() -> None:
    assert parse_price("3/15").cost(1_000_000, 100_000, 900_000) == 3 + 1.5
    assert parse_price("3/15/0.3").cost(1_000_000, 100_000, 900_000) == pytest.approx(0.3 + 0.27 + 1.5)
    assert [str(parse_price(text)) for text in ("3/15", "1.25/10/0.125")] == ["3/15", "1.25/10/0.125"]
    assert not parse_price("")
    assert parse_price("0/1")


@pytest.mark.parametrize("text", ["3", "3/", "much/15", "1/2/3/4", "-1/2", "inf/1", "nan/1"])
def test_what_is_no_price_is_refused_with_the_form_of_one(text: str) -> None:
    with pytest.raises(PriceError, match=r"is no price\. Write 3/15"):
        parse_price(text)


def test_money_is_reckoned_until_the_client_tells_its_cost_which_then_counts() -> None:
    meter = Meter(Price(into=10, out=100))
    meter.take(AgentOutput(input_tokens=50_000, output_tokens=1_000))
    assert (meter.told_usd, meter.reckoned_usd) == (0, 0.6)
    meter.take(AgentOutput(text="words alone"))
    meter.take(AgentOutput(input_tokens=1_000, cost_usd=0.25))
    assert (meter.told_usd, meter.reckoned_usd, meter.usd) == (0.25, 0, 0.25)
    meter.take(AgentOutput(output_tokens=2_000, cost_usd=0.0))
    assert meter.usd == 0.25 + 0.2, "a cost of nothing is a price that the client does not know"
    assert (meter.input_tokens, meter.output_tokens) == (51_000, 3_000)


def counted(into: int, out: int, cached: int = 0) -> str:
    total = {"input_tokens": into, "output_tokens": out, "cached_input_tokens": cached}
    told = {"type": "event_msg", "payload": {"type": "token_count", "info": {"total_token_usage": total}}}
    return json.dumps(told) + "\n"


def codex(tmp_path: Path, *, isolated: bool) -> Codex:
    (tmp_path / "codex").write_text("#!/bin/sh\n")
    (tmp_path / "codex").chmod(0o755)
    session = Session(
        agent="a",
        mirror=tmp_path,
        room_url="",
        token="t",
        prompt="p",
        home=tmp_path / "home",
        search_path=str(tmp_path),
        isolated=isolated,
        env={} if isolated else {"CODEX_HOME": str(tmp_path / "home" / ".codex")},
    )
    adapter = Codex()
    assert isinstance(adapter.prepare(session), Launch)
    return adapter


@pytest.mark.parametrize("isolated", [False, True])
def test_codex_s_tokens_are_counted_from_its_session_s_file_while_it_works_and_once(
    tmp_path: Path, isolated: bool
) -> None:
    adapter = codex(tmp_path, isolated=isolated)
    kept = tmp_path / "home" / ".codex" / "sessions" / "2026" / "11" / "28" / "rollout-now-0123-ab.jsonl"
    kept.parent.mkdir(parents=True)
    step = '{"type":"item.started","item":{}}'
    ended = '{"type":"turn.completed","usage":{"input_tokens":400,"output_tokens":40,"cached_input_tokens":90}}'
    for _ in range(2):
        assert adapter.read_output('{"type":"thread.started","thread_id":"0123-ab"}') is None
        kept.unlink(missing_ok=True)
        assert adapter.read_output(step) is None, "there is no file yet"
        kept.write_text('{"type":"session_meta"}\n' + counted(100, 10) + counted(200, 20, 80)[:-30])
        assert adapter.read_output(step) == AgentOutput(input_tokens=100, output_tokens=10)
        with kept.open("a") as file:
            file.write(counted(200, 20, 80)[-30:])
        said = '{"type":"item.completed","item":{"type":"agent_message","text":"Hello"}}'
        both = AgentOutput(text="Hello", input_tokens=100, output_tokens=10, cached_tokens=80)
        assert adapter.read_output(said) == both
        assert adapter.read_output(step) is None
        rest = AgentOutput(input_tokens=200, output_tokens=20, cached_tokens=10, final=True)
        assert adapter.read_output(ended) == rest


@pytest.mark.parametrize("thread", ["../../../etc/x", "*", "None", ""])
def test_a_name_of_a_session_that_is_no_id_opens_no_file(tmp_path: Path, thread: str) -> None:
    adapter = codex(tmp_path, isolated=True)
    kept = tmp_path / "home" / ".codex" / "sessions" / "a" / "b" / "c" / "rollout-now-0123-ab.jsonl"
    kept.parent.mkdir(parents=True)
    kept.write_text(counted(1, 1))
    adapter.read_output(json.dumps({"type": "thread.started", "thread_id": thread}))
    assert adapter.read_output('{"type":"item.started"}') is None
