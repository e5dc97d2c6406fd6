"""What is kept of the last texts."""

from coroom.syntax.last_texts import of_last_texts


def test_what_was_made_of_a_text_that_is_asked_for_again_outlives_what_was_made_of_others() -> None:
    made: list[str] = []

    @of_last_texts(4)
    def upper(text: str) -> str:
        made.append(text)
        return text.upper()

    assert [upper(each) for each in ("aa", "bb", "aa", "cc", "aa", "bb", "aa", "cc")] == [
        "AA",
        "BB",
        "AA",
        "CC",
        "AA",
        "BB",
        "AA",
        "CC",
    ]
    assert made == ["aa", "bb", "cc", "bb", "cc"]


def test_a_text_larger_than_the_room_takes_it_alone_and_leaves_it_to_the_next() -> None:
    made: list[str] = []

    @of_last_texts(4)
    def upper(text: str) -> str:
        made.append(text)
        return text.upper()

    assert [upper(each) for each in ("a", "large", "large", "a", "b", "a")] == ["A", "LARGE", "LARGE", "A", "B", "A"]
    assert made == ["a", "large", "a", "b"]
