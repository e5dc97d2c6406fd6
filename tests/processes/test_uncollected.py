"""Imports during which nobody looks for garbage."""

import gc
from importlib import import_module

import pytest

from coroom.processes.uncollected import uncollected


@pytest.mark.parametrize("before", [True, False], ids=["collecting", "not collecting"])
def test_nobody_looks_for_garbage_meanwhile_and_afterwards_it_is_as_it_was_even_when_an_import_fails(
    *, before: bool
) -> None:
    (gc.enable if before else gc.disable)()
    try:
        with uncollected():
            assert not gc.isenabled()
            with pytest.raises(ModuleNotFoundError), uncollected():
                import_module("coroom.nowhere")
            assert not gc.isenabled()
        assert gc.isenabled() is before
        with pytest.raises(ModuleNotFoundError), uncollected():
            import_module("coroom.nowhere")
        assert gc.isenabled() is before
    finally:
        gc.enable()
