import pytest
from books import DAY, empty, refused
from ledger.errors import Refused
from ledger.load import from_csv

HEAD = "id,day,text,account,cents\n"


def test_entries_are_posted_as_written() -> None:
    journal = empty()
    journal.post(DAY, "before", [("1000", 1), ("4000", -1)])
    text = HEAD + "7,2026-03-01,a,1000,5\n7,2026-03-01,a,4000,-5\n9,2026-03-02,\"b, c\",5000,3\n9,2026-03-02,\"b, c\",1000,-3\n"
    assert from_csv(text, journal) == 2
    assert [(e.id, e.day.isoformat(), e.text, [(line.account, line.cents) for line in e.lines]) for e in journal.entries()[1:]] == [
        (2, "2026-03-01", "a", [("1000", 5), ("4000", -5)]),
        (3, "2026-03-02", "b, c", [("5000", 3), ("1000", -3)]),
    ]
    assert from_csv(HEAD, journal) == 0


def test_what_was_made_no_formula_is_a_text_again() -> None:
    journal = empty()
    from_csv(HEAD + "1,2026-03-01,'=x,1000,5\n1,2026-03-01,'=x,4000,-5\n2,2026-03-01,'quoted,1000,5\n2,2026-03-01,'quoted,4000,-5\n", journal)
    assert [e.text for e in journal.entries()] == ["=x", "'quoted"]


@pytest.mark.parametrize(
    ("lines", "code", "where"),
    [
        ("1,2026-03-01,a,1000,5\n1,2026-03-01,a,4000,-4\n", "unbalanced", "line 2: "), ("1,2026-03-01,a,1000,x\n1,2026-03-01,a,4000,-4\n", "bad-input", "line 2: "),
        ("1,1.3.2026,a,1000,5\n1,1.3.2026,a,4000,-5\n", "bad-input", "line 2: "), ("1,2026-03-01,a,1000,5\n1,2026-03-01,a,4000,-5\n2,2026-03-01,a,9999,5\n2,2026-03-01,a,4000,-5\n", "unknown", "line 4: "),
    ],
)  # fmt: skip
def test_all_or_nothing(lines: str, code: str, where: str) -> None:
    journal = empty()
    with pytest.raises(Refused) as found:
        from_csv(HEAD + lines, journal)
    assert found.value.code == code
    assert found.value.why.startswith(where)
    assert journal.entries() == []


@pytest.mark.parametrize("text", ["", "a,b\n", "id,day,text,cents,account\n"])
def test_another_header_is_refused(text: str) -> None:
    with refused("bad-input"):
        from_csv(text, empty())
