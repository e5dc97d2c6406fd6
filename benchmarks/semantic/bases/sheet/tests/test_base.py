from export import to_csv
from formula import FormulaError, parse_formula
from functions import call
from refs import column_letters, expand, split_ref
from sheet import Sheet
s = Sheet("sales")
s.put("A1", "2")
s.put("A2", "3.5")
s.put("B1", "=SUM(A1:A2)-1")
s.put("B2", "=B1+A1")
assert s.value("B2") == 6.5 and s.value("C9") is None
assert s.used() == ["A1", "A2", "B1", "B2"]
assert to_csv(s) == "2.0,4.5\n3.5,6.5"
assert split_ref("AB12") == (28, 12) and column_letters(28) == "AB"
assert expand("A1", "B2") == ["A1", "B1", "A2", "B2"]
assert call("MAX", [1.0, 4.0]) == 4.0
try:
    parse_formula("=A1+?")
    raise SystemExit("accepted")
except FormulaError as err:
    assert err.pos == 4
s.put("A1", "")
assert s.raw("A1") == ""
