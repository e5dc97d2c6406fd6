"""What agents read: the room's words and others' words never mix."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.attacks import ATTACKS, outside_the_fences

from coroom.core.claim import Blocker, Claimed, Mode
from coroom.core.codec import Json
from coroom.core.errors import Code, Refused
from coroom.core.notice import Notice, NoticeKind
from coroom.core.resource import file
from coroom.host.door.answer import Answer
from coroom.host.door.clean import cleaned, one_line, revealed
from coroom.host.door.replies import DATA_CHARS_MAX, FILE_CHARS_MAX, NOTICE_CHARS_MAX, Reply, context, refusal, reply

TEXTS = st.one_of(st.sampled_from(ATTACKS), st.text(max_size=200), st.lists(st.sampled_from(ATTACKS)).map("\n".join))


def notice(text: str, *, kind: str = "note", about: str = "") -> Notice:
    return Notice(id="n7", seq=7, at_ms=0, kind=NoticeKind(kind), sender="mallory", to="*", text=text, about=about)


def invisible(text: str) -> list[str]:
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return [c for c in text if c not in "\n\t" and unicodedata.category(c) in hidden]


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(set(ATTACKS)) >= 300


@pytest.mark.promise("voice:labelled")
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_text_of_another_agent_closes_its_fence_or_speaks_as_the_room(a: str, b: str, c: str, d: str) -> None:
    blocker = Blocker(
        wanted=file("x"), held=file(d or "y"), holder="b", mode=Mode.EXCLUSIVE, purpose=c, until_ms=10_000
    )
    refused = Claimed(Code.CLAIMED, f"{d} is held by b (exclusive: {c})", "Wait.", (blocker,), ())
    answers = (
        Answer(
            text="Said.", data={"claims": [c], "title": d, "about": {"text": a}}, notices=(notice(a), notice(b)), left=2
        ),
        Answer(text="Read.", file=a, notices=(notice(b, about=c),)),
        Answer(refused=refused, notices=(notice(a),)),
    )
    for answer in answers:
        made = reply(answer)
        own = outside_the_fences(made.text)
        words = "Said.|Read.|2 more notices wait|Refused: Somebody else holds that. Next: Wait."
        assert all(re.search(words, line) for line in own)
        assert invisible(made.text) == []
        assert_harmless(made.data)


def assert_harmless(value: Json) -> None:
    if isinstance(value, str):
        assert invisible(value) == []
    elif isinstance(value, dict):
        for item in value.values():
            assert_harmless(item)
    elif isinstance(value, list):
        for item in value:
            assert_harmless(item)


@pytest.mark.promise("voice:labelled")
@pytest.mark.parametrize("text", ATTACKS[::7])
def test_every_notice_bears_its_author_and_kind_outside_its_text(text: str) -> None:
    made = reply(Answer(notices=(notice(text, kind="contract"),)))
    head, *lines, foot = made.text.split("\n")
    assert re.fullmatch(r"\[begin [0-9a-f]{12} from=mallory kind=contract id=n7 to=\*\]", head)
    assert foot == f"[end {head[7:19]}]"
    assert "\n".join(line[2:] for line in lines) == cleaned(text)
    assert made.data["news"] == [made.text]
    assert made.data["notices"] == [{"id": "n7", "from": "mallory", "kind": "contract", "about": ""}]


def test_a_nonce_is_fresh_in_each_reply() -> None:
    answer = Answer(text="Said.")
    assert reply(answer).text != reply(answer).text


def test_replies_are_bounded_whatever_is_in_them() -> None:
    many: dict[str, Json] = {"tasks": [f"t{n} " + "x" * 300 for n in range(10_000)], "text": "y" * 100_000}
    made = reply(Answer(text="z" * 5_000, data=many, file="f" * 200_000, notices=(notice("n" * 10_000),)))
    assert len(made.text) < 700 + DATA_CHARS_MAX * 1.2 + FILE_CHARS_MAX + NOTICE_CHARS_MAX + 1_000
    data = made.data["data"]
    assert isinstance(data, dict)
    assert len(str(data["tasks"])) < DATA_CHARS_MAX
    kept, left_out = data["tasks"], data["tasks_left_out"]
    assert isinstance(kept, list)
    assert isinstance(left_out, int)
    assert len(kept) + left_out == 10_000
    assert "more characters" in made.text


@pytest.mark.parametrize("code", list(Code))
def test_a_refusal_says_why_and_one_thing_to_do_next(code: Code) -> None:
    made = reply(Answer(refused=Refused(code, "The tower is on fire.", "Use the stairs.")))
    assert made.refused
    assert "The tower is on fire." in made.text
    assert made.text.split("\n")[0].endswith("Next: Use the stairs.")
    assert made.data["refused"] == code.value
    alone = refusal(Refused(code, "The tower is on fire.", "Use the stairs."))
    assert re.sub("[0-9a-f]{12}", "", alone) == re.sub("[0-9a-f]{12}", "", made.text)


def test_a_reason_that_ends_with_a_full_stop_is_told_with_one() -> None:
    assert "It broke: gone. Next: See." in refusal(Refused(Code.NOT_FOUND, "It broke: gone..", "See."))
    assert reply(Answer(text="Not read: it has gone..")).text.splitlines()[0].endswith("Not read: it has gone.")


def test_a_hook_says_nothing_when_there_is_nothing_to_say() -> None:
    assert context(Answer()) == ""
    assert "news" in context(Answer(notices=(notice("news"),)))


def test_a_reply_without_content_says_that_nothing_is_new() -> None:
    assert isinstance(reply(Answer()), Reply)
    assert "Nothing new." in reply(Answer()).text


@given(st.text(max_size=300))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once
    assert invisible(once) == []
    assert "\n" not in one_line(text, 100)
    assert one_line(text, len(text)) == " ".join(cleaned(text).split())


@given(st.text(alphabet="abc äß漢字🙂\n\t", max_size=100))
def test_cleaning_leaves_honest_text_alone(text: str) -> None:
    assert cleaned(text) == text
    assert revealed(text) == text


def test_a_file_shows_what_is_hidden_in_it_instead_of_dropping_it() -> None:
    assert revealed("a\u202eb\x1b[0m\r\nc\x0b") == "a⟦U+202E⟧b⟦U+001B⟧[0m\nc⟦U+000B⟧"
    made = reply(Answer(text="Lines 1 to 1 of 1.", file="if admin\u2066: pass"))
    assert "if admin⟦U+2066⟧: pass" in made.text
