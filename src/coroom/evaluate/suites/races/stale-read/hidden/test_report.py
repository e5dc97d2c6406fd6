from geometry.report import report


def test_it_adds_areas_up() -> None:
    assert report([(1, 2), (3, 4)]) == 14
    assert report([]) == 0
