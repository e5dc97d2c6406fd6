"""What the lamp costs."""

PRICE = 12
