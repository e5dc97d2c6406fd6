import oracle


def test_its_own_part() -> None:
    oracle.own("list")


def test_nothing_of_the_others_is_lost() -> None:
    oracle.together("list")
