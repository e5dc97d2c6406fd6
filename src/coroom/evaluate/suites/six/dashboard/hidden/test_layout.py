import random

import pytest
from dashboard.layout import height, place


def cells(box: tuple[int, int, int, int]) -> set[tuple[int, int]]:
    x, y, w, h = box
    return {(x + i, y + j) for i in range(w) for j in range(h)}


def test_tiles_fill_a_row_and_then_the_next() -> None:
    placed = place([("a", 2, 1), ("b", 1, 2), ("c", 2, 1), ("d", 3, 1)], 3)
    assert placed == {"a": (0, 0, 2, 1), "b": (2, 0, 1, 2), "c": (0, 1, 2, 1), "d": (0, 2, 3, 1)}
    assert height(placed) == 3


def test_a_later_tile_fills_a_hole() -> None:
    placed = place([("a", 2, 2), ("b", 2, 1), ("c", 1, 1)], 3)
    assert placed["b"] == (0, 2, 2, 1)
    assert placed["c"] == (2, 0, 1, 1)


def test_any_tiles_stand_apart_inside_and_as_far_up_as_they_go() -> None:
    chance = random.Random(9)
    for _ in range(60):
        tiles = [(f"t{n}", chance.randrange(1, 5), chance.randrange(1, 4)) for n in range(chance.randrange(9))]
        placed = place(tiles, 5)
        taken: set[tuple[int, int]] = set()
        for name, w, h in tiles:
            x, y, *size = placed[name]
            assert size == [w, h]
            assert 0 <= x <= 5 - w
            earlier = [(cx, cy) for cy in range(y + 1) for cx in range(5 - w + 1) if (cy, cx) < (y, x)]
            assert all(cells((cx, cy, w, h)) & taken for cx, cy in earlier)
            assert not cells(placed[name]) & taken
            taken |= cells(placed[name])
        assert height(placed) == max((cy + 1 for _, cy in taken), default=0)


@pytest.mark.parametrize("tiles", [[("a", 4, 1)], [("a", 0, 1)], [("a", 1, 0)], [("a", 1, 1), ("a", 1, 1)]])
def test_what_cannot_be_placed_is_refused(tiles: list[tuple[str, int, int]]) -> None:
    with pytest.raises(ValueError):
        place(tiles, 3)
