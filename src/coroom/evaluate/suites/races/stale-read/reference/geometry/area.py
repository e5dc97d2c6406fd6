"""Areas."""


def area(size):
    return size[0] * size[1]
