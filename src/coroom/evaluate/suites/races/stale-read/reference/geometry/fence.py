"""Fences."""

from geometry.area import area


def fence(size):
    return 2 * (size[0] + size[1]) if area(size) else 0
