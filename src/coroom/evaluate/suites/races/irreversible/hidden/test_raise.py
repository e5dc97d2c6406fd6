from shop.price import PRICE


def test_the_price_is_raised() -> None:
    assert PRICE == 12
