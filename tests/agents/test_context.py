"""What the built-in agent forgets, and what it never does."""

from hypothesis import given
from hypothesis import strategies as st

from coroom.agents.context import FORGOTTEN, RECENT, bound
from coroom.agents.models.model import Spoken, Told, ToolCall, ToolResult


def talk(sizes: list[int]) -> list[Told | Spoken]:
    history: list[Told | Spoken] = [Told("the task")]
    for number, size in enumerate(sizes):
        history.append(Spoken(calls=(ToolCall(f"c{number}", "read_file", {"path": "x" * (size % 50)}),)))
        history.append(Told(results=(ToolResult(f"c{number}", f"read_file {number}", "y" * size),)))
    return history


def total(history: list[Told | Spoken]) -> int:
    return sum(
        len(one.text) + sum(len(r.text) for r in one.results)
        if isinstance(one, Told)
        else sum(len(str(call.arguments)) for call in one.calls)
        for one in history
    )


@given(st.lists(st.integers(0, 3_000), max_size=40), st.integers(2_000, 20_000))
def test_calls_and_results_stay_in_pairs_and_the_task_and_the_last_messages_stay_whole(
    sizes: list[int], chars_max: int
) -> None:
    before = talk(sizes)
    history = list(before)
    bound(history, chars_max)
    assert isinstance(history[0], Told)
    assert history[0].text.removesuffix(FORGOTTEN) == "the task"
    assert history[-RECENT:] == before[-RECENT:] or len(before) <= RECENT
    pairs = [
        ([c.id for c in a.calls], [r.id for r in b.results])
        for a, b in zip(history[1::2], history[2::2], strict=True)
        if isinstance(a, Spoken) and isinstance(b, Told)
    ]
    assert len(pairs) == len(history) // 2
    assert all(calls == results for calls, results in pairs)
    if total(before) <= chars_max:
        assert history == before
    else:
        assert total(history) <= chars_max // 2 or len(history) <= RECENT + 2


def test_old_results_go_before_old_turns_and_say_what_they_were() -> None:
    history = talk([5_000, 10, 5_000, 10, 10, 10])
    bound(history, 8_000)
    dropped = [result.text for one in history if isinstance(one, Told) for result in one.results]
    assert dropped[0] == "[5000 characters dropped to save room: read_file 0. Call it again if you need it.]"
    assert len(history) == len(talk([1] * 6))


def test_when_turns_are_dropped_the_first_message_says_where_to_look() -> None:
    history = talk([290] * 60)
    bound(history, 6_000)
    assert isinstance(history[0], Told)
    assert history[0].text == "the task" + FORGOTTEN
    assert len(history) < 60
