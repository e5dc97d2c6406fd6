"""Real language servers settle what names leave open; one that is missing, fails or is silent leaves it as it was."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.plan.planned import task

from coroom.host.plans import resolving, type_session
from coroom.host.plans.planning import Plan, ground_of, plan_for
from coroom.host.plans.resolving import Resolver
from coroom.host.plans.type_session import installed_in
from coroom.plan import servers

ROOT = Path(__file__).parents[2]
PLENTY_S = 110.0

MANY_ADDS = "".join(
    f"\n\nclass {name}:\n    def add(self, row):\n        return row\n" for name in ("Bin", "Cart", "Jar")
)
PYTHON = {
    "shop/__init__.py": "",
    "shop/store.py": f"class Store:\n    def add(self, row):\n        return row\n\n\nSHELF = Store()\n{MANY_ADDS}",
    "shop/order.py": (
        "from shop.store import Cart, Store\n\n\nclass Order:\n    def __init__(self, store: Store) -> None:\n"
        "        self.store = store\n\n    def checkout(self, row):\n        self.store.add(row)\n\n\n"
        "def fill(cart: Cart, row):\n    'é😀'; cart.add(row)\n\n\ndef listed(rows: set[int]):\n    rows.add(1)\n\n\n"
        "def unsaid(it, row):\n    it.add(row)\n"
    ),
    "shop/broken.py": "from shop.store import Store\n\n\ndef half(it: Store):\n    it.add(1)\n    return it.add(",
}
SCRIPT = {
    "tsconfig.json": '{"compilerOptions": {"strict": true}}',
    "src/store.ts": "".join(
        f"export class {name} {{\n  add(row: number) {{\n    return row;\n  }}\n}}\n"
        for name in ("Store", "Cart", "Bin", "Jar")
    ),
    "src/index.ts": (
        "import * as all from './store';\nexport const shop = { make: () => new all.Store(), cart: new all.Cart() };\n"
    ),
    "src/order.ts": (
        "import { shop } from './index';\nexport function checkout(row: number) { return shop.make().add(row); }\n"
        "export function fill(row: number) { return shop.cart.add(row); }\n"
    ),
}
ADD, CHECKOUT = "symbol:shop/store.py#Store.add", "symbol:shop/order.py#Order.checkout"


def written(at: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (at / path).parent.mkdir(parents=True, exist_ok=True)
        (at / path).write_text(text)
    return at


def planned(
    at: Path, *touches: str, wanted: str = "auto", isolation: str = "plain", within_s: float = PLENTY_S
) -> Plan:
    """One task for each of what is touched, planned with a server."""
    tasks = [task(f"t{number}", "work", each) for number, each in enumerate(touches)]
    return plan_for(ground_of(at), tasks, None, Resolver(wanted=wanted, isolation=isolation, within_s=within_s))


def tied(made: Plan) -> set[tuple[str, str]]:
    """The pairs of which one is said to use what the other changes."""
    return {(pair.a, pair.b) for pair in made.pairs if pair.uses}


def asked_about(made: Plan) -> list[str]:
    """The notes but for those on history, which there is none of here."""
    return [note for note in made.notes if "history" not in note]


@pytest.fixture
def script_server(monkeypatch: pytest.MonkeyPatch) -> None:
    told = subprocess.run([ROOT / "scripts" / "servers.sh"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    monkeypatch.setenv("PATH", told.stdout.strip(), prepend=":")


def test_what_types_tell_is_settled_by_a_real_python_server(tmp_path: Path) -> None:
    touches = (ADD, CHECKOUT, *(f"symbol:shop/order.py#{name}" for name in ("fill", "listed", "unsaid")))
    home = written(tmp_path, PYTHON)
    guessed = planned(home, *touches, wanted="none")
    assert tied(guessed) == set()
    made = planned(home, *touches, wanted="ty")
    assert tied(made) == {("t0", "t1")}
    assert "Order.checkout uses Store.add (shop/store.py, says ty), which t0 changes" in made.pairs[0].reasons
    assert made.pairs[0].first == "t0"
    assert asked_about(made) == [*asked_about(guessed), "ty was asked about 4 uses of names and settled 3"]
    assert (made.resolved.open, made.resolved.settled) == (4, 3)


def test_what_names_get_wrong_a_real_python_server_gets_right(tmp_path: Path) -> None:
    files = {
        "a.py": "class Store:\n    def put_row(self, row):\n        return row\n",
        "elsewhere.py": (
            "class Other:\n    def put_row(self, row):\n        return row\n\n\n"
            "def made() -> Other:\n    return Other()\n"
        ),
        "c.py": "import elsewhere\n\n\ndef use():\n    elsewhere.made().put_row(1)\n",
    }
    touches = ("symbol:a.py#Store.put_row", "symbol:c.py#use")
    home = written(tmp_path, files)
    assert tied(planned(home, *touches, wanted="none")) == {("t0", "t1")}
    assert tied(planned(home, *touches, wanted="ty")) == set()


def test_a_file_half_written_is_asked_about_as_it_is(tmp_path: Path) -> None:
    made = planned(written(tmp_path, PYTHON), ADD, "symbol:shop/broken.py#half", wanted="ty")
    assert tied(made) == {("t0", "t1")}
    assert any("do not parse" in note for note in made.notes)


def test_what_types_tell_is_settled_by_a_real_typescript_server(tmp_path: Path, script_server: None) -> None:
    home = written(tmp_path, SCRIPT)
    touches = ("symbol:src/store.ts#Store.add", "symbol:src/order.ts#checkout", "symbol:src/order.ts#fill")
    assert tied(planned(home, *touches, wanted="none")) == set()
    made = planned(home, *touches)
    assert tied(made) == {("t0", "t1")}
    assert "checkout uses Store.add (src/store.ts, says tsc), which t0 changes" in made.pairs[0].reasons
    assert asked_about(made) == ["tsc was asked about 2 uses of names and settled 2"]


def test_in_bubblewrap_both_say_the_same_and_change_nothing(tmp_path: Path, script_server: None) -> None:
    subprocess.run([ROOT / "scripts" / "isolation.sh"], check=True, capture_output=True)
    home = written(tmp_path, PYTHON | SCRIPT)
    before = sorted(path for path in home.rglob("*"))
    touches = (ADD, CHECKOUT, "symbol:src/store.ts#Store.add", "symbol:src/order.ts#checkout")
    made = planned(home, *touches, isolation="bubblewrap")
    assert tied(made) == {("t0", "t1"), ("t2", "t3")}
    assert sorted(path for path in home.rglob("*")) == before


# A server that does what it is told, in place of the checkout's own.

FAKE = """#!{python} -ES
import json, os, sys
got = sys.stdin.buffer
def send(**message):
    body = json.dumps({{"jsonrpc": "2.0", **message}}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    sys.stdout.buffer.flush()
def heard():
    length = 0
    while (line := got.readline()).strip():
        length = int(line.split(b":")[1])
    return json.loads(got.read(length)) if length else sys.exit(0)
definitions = 0
while True:
    message = heard()
    with open({log!r}, "a") as log:
        log.write(json.dumps(message) + "\\n")
    method, number, params = message.get("method"), message.get("id"), message.get("params")
    span = {{"start": {{"line": 1, "character": 8}}, "end": {{"line": 1, "character": 11}}}}
    store = {{"uri": "file://" + os.getcwd() + "/shop/store.py", "range": span}}
    if method == "initialize":
        send(id=number, result={{}})
    elif method == "textDocument/definition":
        definitions += 1
{does}
"""


def fake(home: Path, does: str) -> Path:
    """A server that does this when it is asked where something is defined; returns where it notes what it hears."""
    program, log = home / ".venv/bin/ty", home / "heard.log"
    program.parent.mkdir(parents=True)
    indented = "".join(f"        {line}\n" for line in does.splitlines())
    program.write_text(FAKE.format(python=sys.executable, log=str(log), does=indented))
    program.chmod(0o755)
    return log


ANSWER = "send(id=number, result=store)"


@pytest.mark.parametrize(
    ("does", "why"),
    [
        (f"{ANSWER} if definitions == 1 else sys.exit('out of ideas')", "it ended with exit code 1: out of ideas"),
        (f"{ANSWER} if definitions == 1 else os.kill(os.getpid(), 9)", "it ended with signal 9"),
        (
            f"{ANSWER} if definitions == 1 else print('Content-Length: 2\\r\\n\\r\\n[]', flush=True)",
            "no message of the protocol",
        ),
        (
            f"{ANSWER} if definitions == 1 else print('Content-Length: 99999999999\\r\\n\\r\\n', flush=True)",
            "no message",
        ),
        (f"{ANSWER} if definitions == 1 else print('x' * 100000, flush=True)", "no message of the protocol"),
    ],
    ids=["ends", "is killed", "no object", "too long", "no header"],
)
def test_a_server_that_fails_in_the_middle_has_said_what_it_has_said(tmp_path: Path, does: str, why: str) -> None:
    home = written(tmp_path, PYTHON)
    fake(home, does)
    made = planned(home, ADD, CHECKOUT, "symbol:shop/order.py#fill")
    assert tied(made) == {("t0", "t1")}
    (note,) = (one for one in made.notes if one.startswith("ty "))
    assert note.startswith("ty was asked about 2 uses of names and settled 1; ")
    assert why in note
    assert note.endswith(", so the rest is guessed by name")


def test_an_error_is_no_answer_and_is_not_kept_as_one(tmp_path: Path) -> None:
    home = written(tmp_path, PYTHON)
    error = "send(id=number, error={'code': -32801, 'message': 'content modified'})"
    log = fake(home, f"{ANSWER} if definitions == 1 else {error}")
    subprocess.run(["git", "init", "-q", home], check=True)
    subprocess.run(["git", "-C", home, "add", "shop"], check=True)
    subprocess.run(["git", "-C", home, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"], check=True)
    touches = ADD, CHECKOUT, "symbol:shop/order.py#fill"
    made = planned(home, *touches)
    (note,) = (one for one in made.notes if one.startswith("ty "))
    assert note == (
        "ty was asked about 2 uses of names and settled 1; it answered 1 with an error: content modified, "
        "so the rest is guessed by name"
    )
    log.unlink()
    again = planned(home, *touches)
    # Asked once more: about what it gave an error for, and not about what it has answered.
    assert log.read_text().count("textDocument/definition") == 1
    assert [one for one in again.notes if one.startswith("ty ")] == ["ty was asked about 2 uses of names and settled 2"]


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    home = written(tmp_path, PYTHON)
    fake(home, "pass")
    made = planned(home, ADD, CHECKOUT, within_s=0.2)
    assert "settled none; it did not answer within 0.2 s, so the rest is guessed by name" in made.notes[-1]
    assert tied(made) == set()


def test_one_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    home = written(tmp_path, PYTHON)
    fake(home, "pass")
    (home / ".venv/bin/ty").write_text("#!/no/such/interpreter\n")
    made = planned(home, ADD, CHECKOUT)
    assert "ty was asked about 1 use of a name and settled none; it " in made.notes[-1]


def test_one_that_refuses_to_begin_is_told_with_what_it_says(tmp_path: Path) -> None:
    home = written(tmp_path, PYTHON)
    fake(home, ANSWER)
    program = home / ".venv/bin/ty"
    refusal = "send(id=number, error={'code': -32603, 'message': 'no licence'})"
    program.write_text(program.read_text().replace("send(id=number, result={})", refusal))
    made = planned(home, ADD, CHECKOUT)
    assert made.notes[-1] == (
        "ty was asked about 1 use of a name and settled none; it refuses to begin: no licence, "
        "so the rest is guessed by name"
    )


def test_what_a_server_says_last_reaches_a_terminal_without_power_over_it(tmp_path: Path) -> None:
    home = written(tmp_path, PYTHON)
    fake(home, "sys.exit('\\x1b[2Jall \\u202ewell\\x07' + 'x' * 1_000)")
    (note,) = (one for one in planned(home, ADD, CHECKOUT).notes if one.startswith("ty "))
    assert "it ended with exit code 1: all wellxxx" in note
    assert note.isprintable()
    assert len(note) < 400


def test_what_is_open_beyond_the_most_that_are_asked_about_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = written(tmp_path, PYTHON)
    fake(home, ANSWER)
    monkeypatch.setattr(resolving, "USES_MAX", 1)
    made = planned(home, ADD, CHECKOUT, "symbol:shop/order.py#fill")
    assert asked_about(made)[-2:] == [
        "1 use of a name guessed by name: of 2 open uses a server is asked about 1 at most",
        "ty was asked about 1 use of a name and settled 1",
    ]
    assert (made.resolved.open, made.resolved.settled) == (2, 1)


def test_one_that_is_missing_is_told_where_there_was_something_to_ask(tmp_path: Path) -> None:
    home = written(tmp_path, PYTHON)
    made = planned(home, ADD, CHECKOUT, wanted="jedi")
    assert made.notes[-1] == ("1 use of a name in python files guessed by name: jedi is not here; install it")
    assert planned(home, CHECKOUT, "symbol:shop/order.py#fill", wanted="jedi").notes == made.notes[:-1]


def test_one_of_another_language_and_none_at_all_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = written(tmp_path, PYTHON)
    said = "1 use of a name in python files guessed by name: "
    assert planned(home, ADD, CHECKOUT, wanted="gopls").notes[-1] == f"{said}gopls does not read them"
    unheard = servers.KnownServer(name="unheard", languages={"python": "python"}, command=("no-such-program",))
    monkeypatch.setattr(servers, "SERVERS", (unheard,))
    assert planned(home, ADD, CHECKOUT).notes[-1] == f"{said}no language server is here; known are unheard"


def test_it_is_shown_the_code_and_its_settings_and_asked_nothing_that_was_answered_before(tmp_path: Path) -> None:
    home = written(tmp_path / "home", {**PYTHON, "pyproject.toml": "", "secret.txt": "s"})
    log = fake(home, f"print(sorted(os.listdir('.')), file=sys.stderr); {ANSWER}")
    subprocess.run(["git", "init", "-q", home], check=True)
    subprocess.run(["git", "-C", home, "add", "shop", "pyproject.toml"], check=True)
    subprocess.run(["git", "-C", home, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"], check=True)
    assert tied(planned(home, ADD, CHECKOUT)) == {("t0", "t1")}
    heard = [json.loads(line) for line in log.read_text().splitlines()]
    assert [each["method"] for each in heard] == [
        "initialize",
        "initialized",
        "textDocument/didOpen",
        "textDocument/definition",
    ]
    assert heard[2]["params"]["textDocument"]["text"] == PYTHON["shop/order.py"]
    root = heard[0]["params"]["rootUri"]
    assert not root.endswith(str(home))
    assert tied(planned(home, ADD, CHECKOUT)) == {("t0", "t1")}
    assert len(log.read_text().splitlines()) == len(heard)
    written(home, {"shop/store.py": PYTHON["shop/store.py"] + "\n"})
    assert tied(planned(home, ADD, CHECKOUT)) == {("t0", "t1")}
    assert len(log.read_text().splitlines()) == 2 * len(heard)


@pytest.mark.parametrize("place", [".venv/lib/python3.11/site-packages", "node_modules"])
def test_it_is_asked_anew_when_packages_beside_the_code_have_changed(tmp_path: Path, place: str) -> None:
    home = written(tmp_path, {**PYTHON, ".gitignore": ".venv\nnode_modules\nheard.log\n"})
    log = fake(home, "send(id=number, result=None)")
    for words in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(["git", "-C", home, *words], check=True)
    planned(home, ADD, CHECKOUT)
    once = len(log.read_text().splitlines())
    planned(home, ADD, CHECKOUT)
    assert len(log.read_text().splitlines()) == once
    (home / place / "shelves").mkdir(parents=True)
    planned(home, ADD, CHECKOUT)
    assert len(log.read_text().splitlines()) == 2 * once


def test_it_is_asked_anew_when_a_package_of_a_scope_has_changed(tmp_path: Path) -> None:
    home = written(tmp_path, {**PYTHON, ".gitignore": "node_modules\nheard.log\n"})
    (home / "node_modules/@types").mkdir(parents=True)
    before = [(each, each.stat().st_mtime_ns) for each in installed_in(home)]
    (home / "node_modules/@types/node").mkdir()
    after = [(each, each.stat().st_mtime_ns) for each in installed_in(home)]
    assert [each for each, _ in before] == [home / "node_modules", home / "node_modules/@types"]
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_server_that_asks_is_told_its_settings(tmp_path: Path) -> None:
    home = written(tmp_path, PYTHON)
    does = f"""items = [{{"section": "python.analysis"}}, {{}}]
send(id="q", method="workspace/configuration", params={{"items": items}})
told = heard()["result"]
send(id="r", method="client/registerCapability", params={{}})
assert heard()["result"] is None and told[0]["diagnosticMode"] == "openFilesOnly" and told[1] is None
send(method="window/logMessage", params={{}})
{ANSWER}"""
    fake(home, does)
    (home / ".venv/bin/ty").rename(home / ".venv/bin/pyright-langserver")
    assert tied(planned(home, ADD, CHECKOUT, wanted="pyright")) == {("t0", "t1")}


@pytest.mark.parametrize(
    "answer",
    [
        "None",
        "[]",
        "[1, {}]",
        "{'uri': 'file:///etc/passwd'}",
        "{'targetUri': store['uri'], 'targetSelectionRange': {'start': {'line': 'x'}}}",
    ],
)
def test_what_it_does_not_know_stays_as_guessed(tmp_path: Path, answer: str) -> None:
    home = written(tmp_path, PYTHON)
    fake(home, f"send(id=number, result={answer})")
    made = planned(home, ADD, CHECKOUT)
    assert made.notes[-1] == "ty was asked about 1 use of a name and settled none"


def test_an_answer_may_be_links_and_the_rest_of_what_is_said_is_passed_over(tmp_path: Path) -> None:
    home = written(tmp_path, PYTHON)
    link = "{'targetUri': store['uri'], 'targetSelectionRange': store['range']}"
    fake(home, f"send(id=99, result=1); send(method='telemetry/event'); send(id=number, result=[{link}])")
    assert tied(planned(home, ADD, CHECKOUT)) == {("t0", "t1")}


def test_one_that_takes_long_and_runs_what_the_project_says_is_asked_by_its_name_and_isolated_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = written(tmp_path, PYTHON)
    log = fake(home, ANSWER)
    bold = servers.KnownServer(name="ty", languages={"python": "python"}, command=("ty",), heavy=True)
    monkeypatch.setattr(servers, "SERVERS", (bold,))
    made = planned(home, ADD, CHECKOUT)
    assert made.notes[-1] == (
        "1 use of a name in python files guessed by name: no language server is asked unless named: --resolve ty"
    )
    made = planned(home, ADD, CHECKOUT, wanted="ty")
    assert "1 use of a name guessed by name, for ty is not asked: it runs what the project says" in made.notes[-1]
    assert not log.exists()


def test_where_no_isolation_works_one_is_started_only_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = written(tmp_path, PYTHON)
    log = fake(home, ANSWER)
    monkeypatch.setenv("PATH", str(tmp_path))
    made = planned(home, ADD, CHECKOUT, isolation="")
    assert made.notes[-1] == (
        "1 use of a name guessed by name, for ty is not asked: no isolation works here (coroom doctor); "
        "--resolve ty asks it without one"
    )
    refused = planned(home, ADD, CHECKOUT, isolation="bubblewrap")
    assert "for ty is not asked: bubblewrap is not installed here." in refused.notes[-1]
    assert not log.exists()
    assert tied(planned(home, ADD, CHECKOUT, isolation="", wanted="ty")) == {("t0", "t1")}


def test_files_that_cannot_be_read_any_more_leave_names_guessed(tmp_path: Path) -> None:
    home = written(tmp_path, PYTHON)
    ground = ground_of(home)
    tasks = [task("a", "work", ADD), task("b", "work", CHECKOUT)]
    home.rename(tmp_path.parent / f"{tmp_path.name}-gone")
    made = plan_for(ground, tasks, None, Resolver(wanted="ty", isolation="plain"))
    assert made.notes[-1].endswith("ty is not asked: it cannot be shown the files: No such file or directory")


def test_of_too_many_files_no_copy_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = written(tmp_path, PYTHON)
    log = fake(home, ANSWER)
    monkeypatch.setattr(resolving, "FILES_MAX", 3)
    assert "its 4 files are more than the 3 that one is shown" in planned(home, ADD, CHECKOUT).notes[-1]
    assert not log.exists()


def test_one_that_says_when_it_has_read_the_project_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = written(tmp_path, PYTHON)
    fake(home, ANSWER)
    text = (home / ".venv/bin/ty").read_text()
    ready = "send(method='status', params={'quiet': False}); send(method='status', params={'quiet': True})"
    (home / ".venv/bin/ty").write_text(
        text.replace("send(id=number, result={})", f"send(id=number, result={{}}); {ready}")
    )
    known = servers.KnownServer(
        name="ty", languages={"python": "python"}, command=("ty",), ready=("status", {"quiet": True})
    )
    monkeypatch.setattr(servers, "SERVERS", (known,))
    assert tied(planned(home, ADD, CHECKOUT)) == {("t0", "t1")}


def test_packages_of_the_checkout_are_beside_the_copy_and_nothing_is_written_into_them(tmp_path: Path) -> None:
    tree, home = tmp_path / "tree", tmp_path / "home"
    (home / "node_modules/a").mkdir(parents=True)
    type_session._write(tree, {"node_modules/b.ts": b"", "../out.ts": b"", "/abs.ts": b"", "c.ts": b""})
    assert list(type_session._packages(tree, home)) == []
    assert sorted(path.name for path in tree.rglob("*")) == ["b.ts", "c.ts", "node_modules"]
    other = tmp_path / "other"
    type_session._write(other, {"c.ts": b""})
    assert list(type_session._packages(other, home)) == [home / "node_modules"]
    assert (other / "node_modules/a").is_dir()
    assert not (tmp_path / "out.ts").exists()


@pytest.mark.parametrize(("version", "speaks"), [("7.0.2", True), ("6.1.0", False), ("x", False)])
def test_a_tsc_is_a_language_server_from_version_seven_on(tmp_path: Path, version: str, speaks: bool) -> None:
    program = tmp_path / "node_modules/typescript/bin/tsc"
    written(
        tmp_path,
        {
            "node_modules/typescript/bin/tsc": "",
            "node_modules/typescript/package.json": json.dumps({"version": version}),
        },
    )
    program.chmod(0o755)
    (tmp_path / "node_modules/.bin").mkdir()
    (tmp_path / "node_modules/.bin/tsc").symlink_to("../typescript/bin/tsc")
    (known,) = (each for each in servers.SERVERS if each.name == "tsc")
    found = servers.program_of(known, tmp_path)
    assert (found == tmp_path / "node_modules/.bin/tsc") is speaks
