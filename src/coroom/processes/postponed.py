"""Packages whose own module runs when it is first asked for something, not when one of its parts is imported; and
models that are built when they are first used.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType

from pydantic import BaseModel, ConfigDict, TypeAdapter


def postpone(package: str) -> None:
    """Let the package's `__init__` run at the first look at what only that gives (PEP 562), so that importing a part of
    the package imports that part alone. Nothing else about it changes. Does nothing where it was imported before.
    """
    if package in sys.modules:
        return
    spec = find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    module = module_from_spec(spec)
    vars(module)["__getattr__"] = _first_look(module, spec)
    sys.modules[package] = module
    within, _, name = package.rpartition(".")
    if within:
        setattr(sys.modules[within], name, module)


def _first_look(module: ModuleType, spec: ModuleSpec) -> Callable[[str], object]:
    lock, begun = RLock(), False

    def looked(name: str) -> object:
        nonlocal begun
        with lock:
            # What the package asks of itself while it runs, and has not made yet, is not there.
            if not begun:
                begun = True
                assert spec.loader
                try:
                    spec.loader.exec_module(module)
                except BaseException:
                    begun = False
                    raise
        try:
            return vars(module)[name]
        except KeyError:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}") from None

    return looked


@contextmanager
def built_when_used() -> Iterator[None]:
    """Pydantic's models and type adapters that are made in here get their validators when they are first used
    (`defer_build`), not when they are made, nor when what they name has been made as well (`model_rebuild`); so do
    models that are later derived from them. Nothing else about them changes.
    """
    later = BaseModel.model_config | ConfigDict(defer_build=True)
    rebuild: Callable[..., bool | None] = vars(BaseModel)["model_rebuild"].__func__

    def when_used(model: type[BaseModel], /, **how: object) -> bool | None:
        # Whoever uses a model says more.
        return rebuild(model, **how) if how else None

    with (
        _instead(BaseModel, "model_config", later),
        _instead(BaseModel, "model_rebuild", classmethod(when_used)),
        # What an adapter asks itself: a union has no config that could say it. Where Pydantic does not ask it under
        # this name of its own, adapters are built at once.
        _instead(TypeAdapter, "_defer_build", True),
    ):
        yield


@contextmanager
def _instead(owner: type, name: str, value: object) -> Iterator[None]:
    before = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
