import pytest
from carts import cart_of
from shop.cart import Cart
from shop.catalogue import Catalogue
from shop.money import Money


def test_the_catalogue_knows_names_and_prices() -> None:
    catalogue = cart_of().catalogue
    assert catalogue.names() == ["cake", "mug", "tea"]
    assert catalogue.price("tea") == Money(350)
    with pytest.raises(KeyError):
        catalogue.price("beer")
    with pytest.raises(ValueError):
        catalogue.add("tea", Money(1))
    with pytest.raises(ValueError):
        catalogue.add("debt", Money(-1))


def test_lines_and_total_agree() -> None:
    cart = cart_of(tea=2, cake=1)
    assert cart.lines() == [("cake", 1, Money(499)), ("tea", 2, Money(700))]
    assert cart.total() == Money(1199)
    assert Cart(Catalogue()).total() == Money(0, "EUR")


def test_no_more_is_taken_out_than_there_is() -> None:
    cart = cart_of(tea=2)
    cart.remove("tea")
    assert cart.lines() == [("tea", 1, Money(350))]
    for name, count in (("tea", 2), ("cake", 1)):
        with pytest.raises(ValueError):
            cart.remove(name, count)
    cart.remove("tea")
    assert cart.lines() == []


def test_what_is_not_in_the_catalogue_cannot_be_wanted() -> None:
    with pytest.raises(KeyError):
        cart_of().add("beer")
