"""Reports."""

from geometry.area import area


def report(sizes):
    return sum(area(size) for size in sizes)
