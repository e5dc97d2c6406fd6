import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coroom.workspace import syscalls
from coroom.workspace.beneath import KernelResolver, Refusal, Resolver, Root, WalkingResolver
from coroom.workspace.names import RefusalReason
from coroom.workspace.states import FileState, Kind, Signature, content_hash, trusted

RESOLVERS: list[type[Resolver]] = [KernelResolver, WalkingResolver]
LIMIT = 1 << 20


@pytest.fixture(params=RESOLVERS, ids=["kernel", "walking"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Root]:
    (tmp_path / "tree").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    with Root(str(tmp_path / "tree"), resolver=request.param()) as opened:
        yield opened


def read(root: Root, path: str, limit: int = LIMIT) -> FileState:
    state = root.read(path, limit)
    assert isinstance(state, FileState), state
    return state


def tree(root: Root) -> Path:
    return Path(root.path)


def test_this_kernel_is_asked_for_its_own_safe_resolution(tmp_path: Path) -> None:
    with Root(str(tmp_path)) as opened:
        if not KernelResolver.works(opened.fd):
            pytest.skip("this kernel or sandbox has no openat2")
        assert isinstance(opened._resolver, KernelResolver)


def test_a_file_is_read_with_its_hash_mode_links_and_signature(root: Root) -> None:
    file = tree(root) / "src" / "run.sh"
    file.parent.mkdir()
    file.write_bytes(b"echo\r\n")
    file.chmod(0o750)
    state = read(root, "src/run.sh")
    assert (state.kind, state.data, state.hash) == (Kind.FILE, b"echo\r\n", content_hash(b"echo\r\n"))
    assert (state.mode, state.executable, state.links, state.settled) == (0o750, True, 1, True)
    assert state.signature == Signature.of(file.lstat())


def test_a_file_over_the_limit_is_told_but_not_read(root: Root) -> None:
    (tree(root) / "log").write_bytes(b"x" * 101)
    state = read(root, "log", 100)
    assert state.oversize
    assert state.data is None
    assert state.signature is not None
    assert state.signature.size == 101
    assert read(root, "log", 101).data == b"x" * 101


def test_an_empty_file_is_empty_and_not_missing(root: Root) -> None:
    (tree(root) / "empty").touch()
    assert read(root, "empty").data == b""


def test_nothing_at_a_path_is_a_state_also_below_a_file_or_a_missing_directory(root: Root) -> None:
    (tree(root) / "file").touch()
    for path in ("none", "no/where", "file/below"):
        assert read(root, path).kind is Kind.MISSING
        looked = root.lstat(path)
        assert isinstance(looked, FileState)
        assert looked.kind is Kind.MISSING


def test_a_link_is_read_as_a_link_wherever_it_points(root: Root) -> None:
    (tree(root) / "x").symlink_to("/etc/passwd")
    state = read(root, "x")
    assert (state.kind, state.data) == (Kind.SYMLINK, b"/etc/passwd")
    assert root.readlink("x") == b"/etc/passwd"
    assert root.readlink("none") is None


def test_nothing_is_read_listed_made_or_removed_through_a_linked_directory(root: Root) -> None:
    (tree(root) / "d").symlink_to("../outside")
    (tree(root) / "loop").symlink_to("loop")
    for refused in (
        root.read("d/secret", LIMIT),
        root.lstat("d/secret"),
        root.readlink("d/secret"),
        root.list("d"),
        root.make_parents("d/new/file"),
        root.read("loop/x", LIMIT),
    ):
        assert isinstance(refused, Refusal)
        assert refused.reason is RefusalReason.NOT_BENEATH
    assert "'d' is a symlink" in root.explain("d/secret", OSError(40, ""))
    (tree(root).parent / "outside" / "empty").mkdir()
    root.remove_empty_parents("d/empty/file")
    assert sorted(os.listdir(tree(root).parent / "outside")) == ["empty", "secret"]


def test_a_bad_name_is_refused_by_every_operation(root: Root) -> None:
    for path in ("../outside/secret", "/etc/passwd", "a\0b", ".git/config", "x" * 300):
        for answer in (
            root.read(path, LIMIT),
            root.lstat(path),
            root.readlink(path),
            root.list(path),
            root.make_parents(path),
        ):
            assert isinstance(answer, Refusal)


def test_git_is_read_only_for_the_runtime_itself(root: Root) -> None:
    (tree(root) / ".git").mkdir()
    (tree(root) / ".git" / "config").write_text("x")
    assert isinstance(root.read(".git/config", LIMIT), Refusal)
    state = root.read(".git/config", LIMIT, allow_git=True)
    assert isinstance(state, FileState)
    assert state.data == b"x"


def test_a_pipe_or_socket_is_told_and_cannot_hang_the_reader(root: Root) -> None:
    os.mkfifo(tree(root) / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        before = os.getcwd()
        os.chdir(root.path)
        try:
            listening.bind("socket")
        finally:
            os.chdir(before)
    assert read(root, "pipe").kind is Kind.OTHER
    assert read(root, "socket").kind is Kind.OTHER
    assert list(root.walk(lambda _path, _is_dir: False)) == []


def test_names_that_are_not_unicode_survive(root: Root) -> None:
    raw = os.fsencode(root.path) + b"/latin-\xe9"
    with open(raw, "wb") as file:
        file.write(b"x")
    (entry,) = root.walk(lambda _path, _is_dir: False)
    assert entry.path == "latin-\udce9"
    assert read(root, entry.path).data == b"x"


def test_a_walk_yields_files_and_links_and_follows_nothing(root: Root) -> None:
    base = tree(root)
    (base / "a" / "b").mkdir(parents=True)
    (base / "a" / "b" / "f").write_text("12345")
    (base / "link").symlink_to("../outside")
    (base / ".git").mkdir()
    (base / ".git" / "config").touch()
    (base / "skipped").mkdir()
    (base / "skipped" / "x").touch()
    (base / "skipped.o").touch()
    (base / "empty").mkdir()
    seen = {entry.path: entry for entry in root.walk(lambda path, _is_dir: path.startswith("skipped"))}
    assert set(seen) == {"a/b/f", "link"}
    assert seen["link"].kind is Kind.SYMLINK
    assert seen["a/b/f"].signature == Signature.of((base / "a/b/f").lstat())
    assert seen["a/b/f"].mode == stat.S_IMODE((base / "a/b/f").stat().st_mode)


def test_a_skipped_directory_is_not_even_opened(root: Root) -> None:
    (tree(root) / "node_modules" / "deep").mkdir(parents=True)
    asked: list[str] = []

    def skip(path: str, is_dir: bool) -> bool:
        asked.append(path)
        return is_dir

    assert list(root.walk(skip)) == []
    assert asked == ["node_modules"]


def test_a_directory_that_cannot_be_listed_is_told(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree(root) / "closed").mkdir()
    (tree(root) / "closed" / "f").touch()
    opener = root.open_directory

    def refuse(directory: str) -> int:
        if directory == "closed":
            raise PermissionError(13, "no", directory)
        return opener(directory)

    monkeypatch.setattr(root, "open_directory", refuse)
    told: list[str] = []
    assert list(root.walk(lambda _path, _is_dir: False, told.append)) == []
    assert told == ["closed"]
    assert isinstance(root.list("closed"), Refusal)


def test_a_listing_names_directories_and_leaves_git_out(root: Root) -> None:
    (tree(root) / "d").mkdir()
    (tree(root) / "f").touch()
    (tree(root) / "l").symlink_to("d")
    (tree(root) / ".git").mkdir()
    listed = root.list("")
    assert not isinstance(listed, Refusal)
    assert dict(listed) == {"d": True, "f": False, "l": False}
    assert root.list("none") == ()


def test_parents_are_made_and_removed_when_they_are_empty_again(root: Root) -> None:
    assert root.make_parents("a/b/c/file") is None
    assert (tree(root) / "a/b/c").is_dir()
    (tree(root) / "a/keep").touch()
    root.remove_empty_parents("a/b/c/file")
    assert sorted(os.listdir(tree(root) / "a")) == ["keep"]
    (tree(root) / "file").touch()
    refused = root.make_parents("file/x/y")
    assert isinstance(refused, Refusal)
    assert "'file' is a file" in refused.detail


def test_a_file_that_changes_under_every_look_is_marked_as_not_settled(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tree(root) / "busy"
    file.write_text("0")
    real = os.read

    def read_and_disturb(fd: int, size: int) -> bytes:
        data = real(fd, size)
        with open(file, "a") as writer:
            writer.write("x")
        return data

    monkeypatch.setattr(os, "read", read_and_disturb)
    assert not read(root, "busy").settled


def test_a_signature_is_trusted_only_when_it_is_older_than_the_clock_tick() -> None:
    signature = Signature(1, 2, 3, 1_000_000_000)
    assert trusted(signature, 2_000_000_000) == signature
    assert trusted(signature, 1_000_000_001) is None
    assert trusted(signature, 0) is None
    assert trusted(None, 2_000_000_000) is None


PARTS = st.sampled_from(["..", ".", "", "a", "d", "file", "out", "abs", "\0", "x" * 256, ".git", "é", "\udcff"])


@pytest.mark.parametrize("resolver", RESOLVERS)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(parts=st.lists(PARTS, max_size=6), text=st.text(st.characters(codec=None), max_size=8))
def test_no_path_whatever_reads_outside_the_root(
    parts: list[str], text: str, resolver: type[Resolver], tmp_path: Path
) -> None:
    base = tmp_path / "tree"
    if not base.exists():
        (base / "d").mkdir(parents=True)
        (tmp_path / "secret").write_text("secret")
        (base / "file").write_text("inside")
        (base / "out").symlink_to("..")
        (base / "abs").symlink_to(str(tmp_path))
    with Root(str(base), resolver=resolver()) as opened:
        for path in ("/".join([*parts, "secret"]), "/".join([*parts, text]), text):
            state = opened.read(path, LIMIT)
            assert isinstance(state, Refusal) or state.data != b"secret"
            listed = opened.list(path)
            assert isinstance(listed, Refusal) or "secret" not in dict(listed)


@pytest.mark.promise("room:confined")
def test_a_directory_swapped_for_a_link_at_any_moment_lets_nothing_out(root: Root) -> None:
    base = tree(root)
    (base / "d").mkdir()
    (base / "d" / "secret").write_text("inside")
    inside = (base / "d" / "secret").stat().st_ino
    (base / "evil").symlink_to("../outside")
    stop = threading.Event()
    swaps = 0

    def swap() -> None:
        nonlocal swaps
        while not stop.is_set():
            syscalls.renameat2(root.fd, "d", root.fd, "evil", syscalls.RENAME_EXCHANGE)
            swaps += 1

    swapper = threading.Thread(target=swap)
    swapper.start()
    answers: dict[str, int] = {}
    try:
        for number in range(3_000):
            state = root.read("d/secret", LIMIT)
            what = state.reason.value if isinstance(state, Refusal) else str(state.data)
            answers[what] = answers.get(what, 0) + 1
            if number % 10 == 0:
                root.make_parents("d/made/file")
                found = [entry for entry in root.walk(_nothing) if entry.path.endswith("/secret")]
                assert all(entry.signature.ino == inside for entry in found)
    finally:
        stop.set()
        swapper.join()
    assert str(b"secret") not in answers
    assert {str(b"inside"), RefusalReason.NOT_BENEATH.value} <= set(answers)
    assert swaps > 10
    assert os.listdir(base.parent / "outside") == ["secret"]


def _nothing(_path: str, _is_dir: bool) -> bool:
    return False
