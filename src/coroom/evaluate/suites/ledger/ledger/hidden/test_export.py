import csv
import io

import pytest
from books import DAY, empty, filled
from ledger.export import to_csv


def test_every_line_is_written_in_order() -> None:
    journal = filled(5)
    rows = list(csv.reader(io.StringIO(to_csv(journal))))
    assert rows[0] == ["id", "day", "text", "account", "cents"]
    wanted = [[str(e.id), e.day.isoformat(), e.text, line.account, str(line.cents)] for e in journal.entries() for line in e.lines]
    assert rows[1:] == wanted
    assert "\r" not in to_csv(journal)
    assert to_csv(empty()) == "id,day,text,account,cents\n"


@pytest.mark.parametrize("text", ['a,b "c"', "two\nlines"])
def test_texts_are_quoted(text: str) -> None:
    journal = empty()
    journal.post(DAY, text, [("1000", 5), ("4000", -5)])
    assert next(iter(csv.reader(io.StringIO(to_csv(journal).split("\n", 1)[1]))))[2] == text


@pytest.mark.parametrize("first", ["=", "+", "-", "@"])
def test_no_text_is_a_formula(first: str) -> None:
    journal = empty()
    journal.post(DAY, f"{first}1+1", [("1000", 5), ("4000", -5)])
    assert list(csv.reader(io.StringIO(to_csv(journal))))[1][2] == f"'{first}1+1"
