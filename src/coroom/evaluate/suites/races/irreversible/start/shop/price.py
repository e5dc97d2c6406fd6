"""What the lamp costs."""

PRICE = 10
