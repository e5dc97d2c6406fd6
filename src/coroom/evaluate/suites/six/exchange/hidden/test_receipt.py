from carts import cart_of
from shop.money import Money
from shop.receipt import receipt, shares


def test_the_receipt_has_lines_discount_total_and_taxes() -> None:
    text = receipt(cart_of(tea=2, mug=1), [("fixed", Money(100))], {"tea": "reduced"})
    assert text.splitlines() == ["1 x mug 12.95 EUR", "2 x tea 7.00 EUR", "discount -1.00 EUR", "total 18.95 EUR", "19% 2.07 EUR", "7% 0.46 EUR"]


def test_what_is_nothing_is_not_printed() -> None:
    assert receipt(cart_of(tea=1), [], {"tea": "none"}) == "1 x tea 3.50 EUR\ntotal 3.50 EUR"
    assert receipt(cart_of(), [("fixed", Money(5))], {}) == "total 0.00 EUR"


def test_shares_sum_to_what_is_paid() -> None:
    parts = shares(cart_of(tea=1, cake=1), [("percent", 10)], 3)
    assert sum(part.cents for part in parts) == 849 - 85
    assert max(parts).cents - min(parts).cents <= 1
