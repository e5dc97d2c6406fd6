from pomodoro.events import Events


def test_callbacks_are_called_in_order_with_what_was_told() -> None:
    events, heard = Events(), []
    events.on("a", lambda *args: heard.append(("first", *args)))
    events.on("a", lambda *args: heard.append(("second", *args)))
    events.on("b", lambda *args: heard.append(("other", *args)))
    events.emit("a", 1, 2)
    events.emit("nobody")
    assert heard == [("first", 1, 2), ("second", 1, 2)]


def test_the_same_callback_twice_is_two_and_each_ends_for_itself() -> None:
    events, heard = Events(), []
    end = events.on("a", heard.append)
    events.on("a", heard.append)
    end()
    end()
    events.emit("a", 1)
    assert heard == [1]


def test_one_that_raises_keeps_nobody_from_hearing() -> None:
    events, heard = Events(), []

    def broken(_value: int) -> None:
        raise RuntimeError

    events.on("a", broken)
    events.on("a", heard.append)
    events.emit("a", 1)
    assert heard == [1]


def test_who_comes_meanwhile_hears_of_the_next_one() -> None:
    events, heard = Events(), []
    events.on("a", lambda value: events.on("a", heard.append) and None)
    events.emit("a", 1)
    assert heard == []
    events.emit("a", 2)
    assert heard == [2]


def test_once_is_once_also_when_it_causes_the_same_again() -> None:
    events, heard = Events(), []

    def again(value: int) -> None:
        heard.append(value)
        if value < 5:
            events.emit("a", value + 1)

    events.once("a", again)
    events.emit("a", 1)
    events.emit("a", 2)
    assert heard == [1]
