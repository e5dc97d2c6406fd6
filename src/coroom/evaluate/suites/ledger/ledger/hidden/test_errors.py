import pytest
from ledger.errors import CODES, Refused


def test_a_refusal_has_a_code_and_says_why() -> None:
    refusal = Refused("closed", "March is over")
    assert (refusal.code, refusal.why, str(refusal)) == ("closed", "March is over", "closed: March is over")
    assert isinstance(refusal, Exception)


def test_codes_are_as_agreed() -> None:
    assert CODES == {"bad-input", "unknown", "duplicate", "unbalanced", "closed", "forbidden", "currency", "insufficient"}
    with pytest.raises(ValueError):
        Refused("oops", "x")
