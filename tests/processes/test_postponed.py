"""A package that is postponed: its parts come alone, and it comes whole to whoever asks for more."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Barrier

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from coroom.processes.postponed import built_when_used, postpone

WHOLE = """\
import sys
sys.runs_of_orchard.append("whole")
from .apple import COLOUR
from . import pear
SEEN = hasattr(sys.modules[__name__], "HARVEST")
HARVEST = [COLOUR, pear.COLOUR]
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What of the package `orchard` has run, in order."""
    texts = {
        "__init__": WHOLE,
        "apple": "import sys\nsys.runs_of_orchard.append('apple')\nCOLOUR = 'red'\n",
        "pear": "import sys\nsys.runs_of_orchard.append('pear')\nCOLOUR = 'green'\n",
    }
    (tmp_path / "orchard").mkdir()
    for name, text in texts.items():
        (tmp_path / "orchard" / f"{name}.py").write_text(text)
    ran: list[str] = []
    monkeypatch.setattr(sys, "runs_of_orchard", ran, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    yield ran
    for name in [name for name in sys.modules if name.partition(".")[0] == "orchard"]:
        del sys.modules[name]


def test_a_part_is_imported_without_the_rest(runs: list[str]) -> None:
    postpone("orchard")
    assert import_module("orchard.apple").COLOUR == "red"
    assert runs == ["apple"]


def test_the_first_look_runs_the_package_once_and_gives_what_it_gives(runs: list[str]) -> None:
    postpone("orchard")
    import_module("orchard.apple")
    orchard = import_module("orchard")
    assert orchard.apple is sys.modules["orchard.apple"]
    assert runs == ["apple"]
    assert orchard.HARVEST == ["red", "green"]
    assert orchard.HARVEST is orchard.HARVEST
    assert not orchard.SEEN
    assert runs == ["apple", "whole", "pear"]
    with pytest.raises(AttributeError, match="module 'orchard' has no attribute 'PLUM'"):
        _ = orchard.PLUM


def test_many_threads_that_look_first_see_the_whole(runs: list[str]) -> None:
    postpone("orchard")
    orchard, together = import_module("orchard"), Barrier(8)

    def look(_: int) -> object:
        together.wait(60)
        return orchard.HARVEST

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(look, range(8))) == [["red", "green"]] * 8
    assert runs.count("whole") == 1


def test_what_was_imported_before_stays_as_it_is(runs: list[str]) -> None:
    orchard = import_module("orchard")
    postpone("orchard")
    assert sys.modules["orchard"] is orchard
    assert runs.count("whole") == 1


def test_a_package_that_breaks_says_so_to_each_who_looks(runs: list[str], tmp_path: Path) -> None:
    (tmp_path / "orchard" / "__init__.py").write_text(f"{WHOLE}raise ValueError('frost')\n")
    postpone("orchard")
    orchard = import_module("orchard")
    for _ in range(2):
        with pytest.raises(ValueError, match="frost"):
            _ = orchard.PLUM
    assert runs.count("whole") == 2


def test_a_package_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(ModuleNotFoundError, match="'orchard_nowhere'"):
        postpone("orchard_nowhere")


def test_models_that_are_built_when_they_are_used_are_as_others() -> None:
    before = BaseModel.model_config
    with built_when_used():

        class Fruit(BaseModel):
            name: str
            weight_g: int = 100

    class Pear(Fruit):
        ripe: bool

    class Apple(BaseModel):
        name: str

    assert BaseModel.model_config is before
    assert [kind.__pydantic_complete__ for kind in (Fruit, Pear, Apple)] == [False, False, True]
    assert Pear(name="p", ripe=True).model_dump() == {"name": "p", "weight_g": 100, "ripe": True}
    assert Fruit.model_validate({"name": "f"}) == Fruit(name="f", weight_g=100)
    for kind in (Fruit, Pear):
        with pytest.raises(ValidationError, match="name"):
            kind.model_validate({"ripe": True})
        assert kind.__pydantic_complete__


def test_a_model_that_names_a_later_one_is_built_when_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "basket.py").write_text(
        "from __future__ import annotations\n"
        "from pydantic import BaseModel\n"
        "class Basket(BaseModel):\n    fruit: Fruit\n"
        "class Fruit(BaseModel):\n    name: str\n"
        "Basket.model_rebuild()\n"
        "class Used(BaseModel):\n    name: str\n"
        "PEAR = Used(name='pear')\n"
        "class Forced(BaseModel):\n    name: str\n"
        "Forced.model_rebuild(force=True)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with built_when_used():
        basket = import_module("basket")
    assert not basket.Basket.__pydantic_complete__
    assert basket.Used.__pydantic_complete__
    assert basket.Forced.__pydantic_complete__
    assert basket.PEAR.model_dump() == {"name": "pear"}
    assert basket.Basket(fruit={"name": "fig"}).model_dump() == {"fruit": {"name": "fig"}}
    assert basket.Basket.model_rebuild() is None
    assert basket.Basket.model_rebuild(force=True) is True
    del sys.modules["basket"]


def test_models_are_made_as_ever_after_what_made_others_broke() -> None:
    before, rebuild = BaseModel.model_config, vars(BaseModel)["model_rebuild"]
    with pytest.raises(ZeroDivisionError), built_when_used():
        _ = 1 / 0
    assert BaseModel.model_config is before
    assert TypeAdapter(list[int]).pydantic_complete
    assert vars(BaseModel)["model_rebuild"] is rebuild


def test_an_adapter_of_a_union_is_built_when_it_is_used_and_is_as_others() -> None:
    with built_when_used():

        class Fruit(BaseModel):
            name: str

        adapters = [TypeAdapter(Fruit | int), TypeAdapter[Fruit | int](Fruit | int)]
    for adapter in adapters:
        assert not adapter.pydantic_complete
        assert adapter.validate_python({"name": "f"}) == Fruit(name="f")
        assert adapter.dump_json(7) == b"7"
        with pytest.raises(ValidationError, match="name"):
            adapter.validate_json("{}")
        assert adapter.pydantic_complete
