from geometry.fence import fence


def test_it_goes_round_and_round_nothing() -> None:
    assert fence((3, 4)) == 14
    assert fence((0, 4)) == 0
