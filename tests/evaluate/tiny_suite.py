"""A suite of one task with two units, each one function."""

from pathlib import Path

ONE = "def one() -> int:\n    return 1\n"


def tiny_suite(folder: Path) -> str:
    text = "title: two little modules\nbrief: Two modules, each with one function.\nunits:\n"
    for unit in "ab":
        text += f"  - {{id: {unit}, title: {unit.upper()} part, files: [p/{unit}.py], contract: one() returns 1}}\n"
        for path, code in (
            (f"reference/p/{unit}.py", ONE),
            (f"hidden/test_{unit}.py", f"from p.{unit} import one\ndef test_one() -> None:\n    assert one() == 1\n"),
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(code)
    (folder / "task.yaml").write_text(text + "hidden: {a: [hidden/test_a.py], b: [hidden/test_b.py]}\n")
    return str(folder)
