"""The scripted model server as the providers' own SDKs meet it: answers, streams, failures, limits and refusals."""

from collections.abc import Iterator

import pytest
from tests.testing.sdks import SDKS, Heard, Sdk

from coroom.testing import ApiError, Call, ModelServer, Rate, Script, Turn

ANSWER = Turn(
    text="Claiming a file now.",
    calls=(Call("claim", {"path": "a.py"}), Call("claim", {"path": "b.py"})),
    expect="start",
    system="Be brief",
    tools=("claim",),
    input_tokens=321,
    output_tokens=45,
)
EVERY = pytest.mark.parametrize("sdk", SDKS.values(), ids=SDKS)
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def ask(server: ModelServer, sdk: Sdk, *, key: str = "ann", stream: bool = False, retries: int = 0) -> Heard:
    return sdk.ask(server.url, key, stream=stream, retries=retries)


def failure(server: ModelServer, sdk: Sdk, *, key: str = "ann") -> tuple[int, str]:
    with pytest.raises(Exception, match=r".") as raised:
        ask(server, sdk, key=key)
    status = getattr(raised.value, "status_code", None) or getattr(raised.value, "code", None)
    return int(status or 0), str(raised.value)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer({"ann": Script((ANSWER,))}, strict=True) as running:
        yield running


@EVERY
@STREAM
def test_text_calls_and_tokens_arrive_whole_and_streamed(server: ModelServer, sdk: Sdk, stream: bool) -> None:
    heard = ask(server, sdk, stream=stream)
    assert heard.text == "Claiming a file now."
    assert heard.calls == (("claim", {"path": "a.py"}), ("claim", {"path": "b.py"}))
    assert heard.tokens == (321, 45)


@EVERY
@STREAM
def test_a_refusal_is_marked_as_the_provider_marks_it(sdk: Sdk, stream: bool) -> None:
    with ModelServer({"ann": Script((Turn(refuses="I will not do that."),))}) as server:
        heard = ask(server, sdk, stream=stream)
    assert (heard.refused, heard.calls) == ("I will not do that.", ())


@EVERY
@pytest.mark.parametrize("status", [401, 529])
def test_a_failure_is_the_sdk_s_own_error_and_passes_when_it_is_tried_again(sdk: Sdk, status: int) -> None:
    failing = Turn(text="At last.", error=ApiError(status=status, message="not now", retry_after_s=0.01))
    with ModelServer({"ann": Script((failing,))}) as server:
        found, said = failure(server, sdk)
        assert (found, "not now" in said) == (status, True)
        assert ask(server, sdk).text == "At last."


@EVERY
def test_an_sdk_that_tries_again_gets_over_a_rate_limit_by_itself(sdk: Sdk) -> None:
    failing = Turn(text="At last.", error=ApiError(status=429, retry_after_s=0.01, times=2))
    with ModelServer({"ann": Script((failing,))}) as server:
        assert ask(server, sdk, retries=4).text == "At last."
        assert len(server.received("ann")) == 3


@EVERY
def test_a_stream_that_breaks_is_an_error_and_never_a_short_answer(sdk: Sdk) -> None:
    broken = Turn(text="Never heard to its end.", error=ApiError(cut=True))
    with ModelServer({"ann": Script((broken,))}) as server:
        with pytest.raises(Exception, match=r".") as raised:
            ask(server, sdk, stream=True)
        assert not isinstance(raised.value, AssertionError)
        assert ask(server, sdk, stream=True).text == "Never heard to its end."


@EVERY
def test_an_expectation_that_is_not_met_fails_loudly_where_the_server_is_strict(sdk: Sdk) -> None:
    wants = Turn(expect="begin", system="Be verbose", tools=("release",))

    def play() -> None:
        with ModelServer({"ann": Script((wants,))}, strict=True) as server:
            status, said = failure(server, sdk)
            assert (status, "expect begin not met by" in said) == (400, True)

    with pytest.raises(AssertionError, match="tool release not met"):
        play()


@EVERY
def test_who_is_unknown_is_told_who_is_known_with_the_status_of_a_wrong_key_where_that_is_tested(sdk: Sdk) -> None:
    with ModelServer({"ann": Script((Turn(),))}, unknown=401) as server:
        status, said = failure(server, sdk, key="wrong")
    assert (status, "there are: ann" in said) == (401, True)


@EVERY
def test_a_rate_limit_counts_for_each_script_alone(sdk: Sdk) -> None:
    scripts = {name: Script((Turn(text=name),)) for name in ("ann", "bob")}
    with ModelServer(scripts, rate=Rate(1, per_s=3_600)) as server:
        assert ask(server, sdk).text == "ann"
        assert failure(server, sdk)[0] == 429
        assert ask(server, sdk, key="bob").text == "bob"
