"""Where the tiles stand."""

import itertools

Box = tuple[int, int, int, int]


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def place(tiles: list[tuple[str, int, int]], columns: int) -> dict[str, Box]:
    """Each in turn, as far up and left as it goes."""
    placed: dict[str, Box] = {}
    for name, w, h in tiles:
        if w < 1 or h < 1 or w > columns or name in placed:
            message = f"tile {name} cannot be placed"
            raise ValueError(message)
        places = ((x, y, w, h) for y in itertools.count() for x in range(columns - w + 1))
        placed[name] = next(box for box in places if not any(_meet(box, other) for other in placed.values()))
    return placed


def height(placed: dict[str, Box]) -> int:
    """Rows in use."""
    return max((y + h for _, y, _, h in placed.values()), default=0)
