"""Values of Python's standard library that are followed: dates and times, exact numbers, paths."""

import datetime as dt
import decimal
import fractions
import pathlib
import uuid
from collections.abc import Mapping

from coroom.syntax import Module

_CLASSES: Mapping[str, type[object]] = {
    "date": dt.date, "datetime": dt.datetime, "time": dt.time, "timedelta": dt.timedelta,
    "Decimal": decimal.Decimal, "Fraction": fractions.Fraction, "Path": pathlib.Path, "UUID": uuid.UUID,
}  # fmt: skip
STANDARD = frozenset(_CLASSES)
"""The kinds of these values; each is called as its class is."""
ATTRIBUTES: Mapping[str, frozenset[str]] = {kind: frozenset(dir(made)) for kind, made in _CLASSES.items()}
"""What values of a kind have, in the Python that this runs on."""
ABILITIES: Mapping[str, frozenset[str]] = {
    "date": frozenset({"<", "+", "-"}), "datetime": frozenset({"<", "+", "-"}), "time": frozenset({"<"}),
    "timedelta": frozenset({"<", *"+-*/%", "//"}), "Path": frozenset({"<", "/"}), "UUID": frozenset({"<"}),
    **dict.fromkeys(("Decimal", "Fraction"), frozenset({"<", *"+-*/%", "//", "**", "format-number"})),
}  # fmt: skip

_MODULES = {"datetime": ("date", "datetime", "time", "timedelta"), "decimal": ("Decimal",), "uuid": ("UUID",),
            "fractions": ("Fraction",), "pathlib": ("Path",)}  # fmt: skip
_KINDS: Mapping[str, str] = {
    **{f"{module}.{kind}": kind for module, kinds in _MODULES.items() for kind in kinds},
    **dict.fromkeys(("pathlib.PurePath", "pathlib.PurePosixPath", "pathlib.PosixPath"), "Path"),
}
_CALLED: Mapping[str, str] = {
    **_KINDS,
    "datetime.date.today": "date", "datetime.date.fromisoformat": "date", "datetime.date.fromtimestamp": "date",
    **{f"datetime.datetime.{name}": "datetime"
       for name in ("now", "utcnow", "today", "combine", "strptime", "fromisoformat", "fromtimestamp")},
    "datetime.time.fromisoformat": "time", "pathlib.Path.cwd": "Path", "pathlib.Path.home": "Path",
    "uuid.uuid4": "UUID", "uuid.uuid1": "UUID", "decimal.Decimal.from_float": "Decimal",
    "json.dumps": "str", "re.sub": "str", "re.escape": "str", "textwrap.dedent": "str", "os.getcwd": "str",
    "html.escape": "str", "os.path.join": "str", "os.path.basename": "str", "os.path.dirname": "str",
    "time.time": "float", "time.monotonic": "float", "time.perf_counter": "float", "math.sqrt": "float",
    "random.random": "float", "math.floor": "int", "math.ceil": "int", "time.time_ns": "int",
}  # fmt: skip

_TEXTS = ("isoformat", "strftime", "ctime", "name", "stem", "suffix", "as_posix", "read_text", "hex")
_COUNTS = ("year", "month", "day", "hour", "minute", "second", "weekday", "isoweekday", "toordinal", "days", "seconds",
           "numerator", "denominator", "int", "write_text", "write_bytes")  # fmt: skip
_FOUND: Mapping[tuple[str, str], str] = {
    ("datetime", "date"): "date", ("datetime", "time"): "time", ("datetime", "timestamp"): "float",
    ("timedelta", "total_seconds"): "float", ("Path", "read_bytes"): "bytes", ("Path", "exists"): "bool",
    ("Path", "is_file"): "bool", ("Path", "is_dir"): "bool",
    **{(kind, "replace"): kind for kind in ("date", "datetime", "time")}, ("datetime", "astimezone"): "datetime",
    **{("Path", name): "Path" for name in ("parent", "joinpath", "with_suffix", "with_name", "resolve", "absolute")},
    **{("Decimal", name): "Decimal" for name in ("quantize", "normalize", "copy_abs")},
    **{(kind, name): "str" for kind, names in ATTRIBUTES.items() for name in _TEXTS if name in names},
    **{(kind, name): "int" for kind, names in ATTRIBUTES.items() for name in _COUNTS if name in names},
}  # fmt: skip


def qualified(name: str, module: Module) -> str:
    """The name under which a dotted name of a module is known everywhere, empty when it is not imported."""
    head, _, rest = name.partition(".")
    spec, there = module.imports.get(head, ("", ""))
    return ".".join(each for each in (spec, there, rest) if each) if spec else ""


def kind_named(name: str, module: Module) -> str:
    """The kind that a name in an annotation means; empty when it means none of these."""
    return _KINDS.get(qualified(name, module), "")


def kind_called(name: str, module: Module) -> str:
    """The kind that a call of a dotted name gives; empty when that is not known."""
    return _CALLED.get(qualified(name, module), "")


def kind_of(held: str, name: str, *, called: bool) -> str:
    """The kind of an attribute of one of these values, or of what it gives when it is called; empty when that is not
    known.
    """
    is_method = held in _CLASSES and callable(getattr(_CLASSES[held], name, None))
    return _FOUND.get((held, name), "") if is_method is called else ""


_NUMBERS = frozenset({"int", "float", "bool"})
_WHOLE = frozenset({"int", "bool"})


def reckoned(sign: str, left: str, right: str) -> str:
    """The kind of what an operator makes of two kinds, `none` when it cannot; empty when that is not known."""
    pair = {left, right}
    if pair & {"Decimal", "Fraction"}:
        exact = left if left in {"Decimal", "Fraction"} else right
        if pair <= _WHOLE | {exact}:
            return "int" if exact == "Fraction" and sign == "//" else exact
        return "float" if pair == {"Fraction", "float"} else "none"
    if "Path" in pair:
        return "Path" if sign == "/" and pair <= {"Path", "str"} else "none"
    found = _TIMES.get((left, sign, right))
    if found is None and "timedelta" in pair and sign in {"*", "/", "//"} and pair & _NUMBERS:
        return "timedelta" if sign == "*" or left == "timedelta" else "none"
    return found or "none"


_TIMES: Mapping[tuple[str, str, str], str] = {
    **{(kind, sign, "timedelta"): kind for kind in ("date", "datetime") for sign in "+-"},
    **{("timedelta", "+", kind): kind for kind in ("date", "datetime")},
    **{(kind, "-", kind): "timedelta" for kind in ("date", "datetime")},
    **{("timedelta", sign, "timedelta"): "timedelta" for sign in "+-%"},
    ("timedelta", "/", "timedelta"): "float", ("timedelta", "//", "timedelta"): "int",
}  # fmt: skip
