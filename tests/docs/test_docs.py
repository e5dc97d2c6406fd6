"""The documents say what is there: links lead somewhere, commands exist, words and promises are defined."""

import ast
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from coroom.cli import COMMANDS, main
from coroom.core.claim import Mode
from coroom.core.policies import POLICIES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WORDS = ("room", "event", "command", "agent", "resource", "claim", "task", "tool", "action", "notice", "policy", "view")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_COMMAND = re.compile(r"(?:^|[`$ ])coroom (?P<name>[a-z]+)\b", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in _LINK.finditer(page.read_text(encoding="utf-8")):
        target, _, heading = link["target"].partition("#")
        if "://" in target:
            continue
        there = page.parent / target if target else page
        assert there.exists(), f"{page.name} links to {target}"
        if heading:
            assert heading in _headings(there), f"{page.name} links to {link['target']}"


def _headings(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    told = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in told}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), re.DOTALL))
    for named in _COMMAND.finditer(code):
        assert named["name"] in COMMANDS, f"{page.name} names coroom {named['name']}"


def test_every_command_is_in_the_readme_and_explains_itself() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert re.search(rf"coroom {name}\b", readme) or f"`{name}`" in readme, name
        result = CliRunner().invoke(main, [name, "--help"])
        assert result.exit_code == 0, result.output
        described = result.output.split("\n\n")[1]
        assert len(described.split()) >= 5, f"coroom {name} --help says too little"


def test_every_option_has_a_help_text() -> None:
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"coroom {name} --{option.name}"


def test_the_glossary_defines_the_words_of_the_core() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").lower()
    for word in [*Mode, *POLICIES]:
        assert f"`{word}`" in glossary, word
    modules = {path.stem for path in (ROOT / "src/coroom/core").iterdir()}
    for word in WORDS:
        assert word in modules, word
        assert f"**{word}**" in glossary, word


def test_no_page_names_a_path_of_somebodys_machine() -> None:
    for page in PAGES:
        found = re.search(r"(?<![\w.])/(home|root|work|Users)/\w", page.read_text(encoding="utf-8"))
        assert not found, f"{page.name}: {found and found.group()}"


PACKAGES = sorted(
    path.parent for path in (ROOT / "src/coroom").rglob("__init__.py") if "suites" not in path.relative_to(ROOT).parts
)
_IN_CODE = re.compile(r"`(?P<file>[\w/]+\.py)`(?: `(?P<name>[\w.]+)`)?")


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_the_map_of_a_package_names_all_that_is_in_it(package: Path) -> None:
    told = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    modules = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    if package.name == "cli":
        modules = {name for name in modules - set(COMMANDS) if not name.startswith(("bench_", "evaluate_"))}
    missing = {name for name in modules if f"`{name}`" not in told and not name.startswith("__")}
    assert not missing, f"{package.name}/__init__.py says nothing of {sorted(missing)}"


def test_the_page_on_reading_names_what_is_there() -> None:
    page = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    named = list(_IN_CODE.finditer(page))
    assert len(named) > 40
    for one in named:
        path = ROOT / "src/coroom" / one["file"]
        path = path if path.exists() else ROOT / one["file"]
        assert path.exists(), one["file"]
        if one["name"]:
            assert _defines(ast.parse(path.read_text(encoding="utf-8")), one["name"].split(".")), one.group()


def _defines(tree: ast.AST, names: list[str]) -> bool:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = [node for node in ast.iter_child_nodes(tree) if isinstance(node, kinds) and node.name == names[0]]
    return any(len(names) == 1 or _defines(node, names[1:]) for node in found)


_SEE = re.compile(r"(?:[Ss]ee|Implements) `(?:[a-z_]+\.)*(?P<owner>[A-Z]\w+)(?:\.(?P<name>\w+))?`")
_OF_OTHERS = {"AgentMiddleware"}


def test_what_a_docstring_tells_to_see_is_there() -> None:
    members: dict[str, set[str]] = {}
    told: set[tuple[str, str]] = set()
    for path in (ROOT / "src/coroom").rglob("*.py"):
        if "suites" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        told |= {(one["owner"], one["name"] or "") for one in _SEE.finditer(text)}
        for owner in re.finditer(r"^class (\w+)|^(\w+) = ", text, re.MULTILINE):
            members.setdefault(owner[1] or owner[2], set()).update(
                re.findall(r"^ +(?:async )?(?:def )?(\w+)", text, re.MULTILINE)
            )
    missing = {
        (owner, name)
        for owner, name in told
        if owner not in _OF_OTHERS and (owner not in members or (name and name not in members[owner]))
    }
    assert not missing
    assert len(told) > 100
