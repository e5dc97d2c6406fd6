"""A route."""


def handle() -> str:
    return "r8"
