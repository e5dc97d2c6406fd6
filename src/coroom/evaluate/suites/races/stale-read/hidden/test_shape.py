import pytest
from geometry.area import area


def test_it_takes_a_pair() -> None:
    assert area((3, 4)) == 12
    with pytest.raises(TypeError):
        area(3, 4)
