from shop.cart import Cart
from shop.catalogue import Catalogue
from shop.money import Money


def cart_of(**counts: int) -> Cart:
    catalogue = Catalogue()
    for name, cents in {"tea": 350, "cake": 499, "mug": 1295}.items():
        catalogue.add(name, Money(cents))
    cart = Cart(catalogue)
    for name, count in counts.items():
        cart.add(name, count)
    return cart
