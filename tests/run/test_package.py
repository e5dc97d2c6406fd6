"""Fetching, unpacking and committing the main job's package."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from coroom.run import package
from coroom.run.demo import load_demo
from coroom.run.package import DemoUnavailableError


def put_archive(cache: Path, members: dict[str, bytes], *, link: str = "") -> str:
    """Put another archive where the cached one would be; returns its SHA-256."""
    kept = cache / "sdist" / load_demo().archive
    kept.parent.mkdir(parents=True)
    with tarfile.open(kept, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        if link:
            member = tarfile.TarInfo(link)
            member.type, member.linkname = tarfile.SYMTYPE, "/"
            tar.addfile(member)
    return package._sha256(kept)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    environment = package.test_environment(print)
    monkeypatch.setenv("COROOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(package, "test_environment", lambda _progress: environment)
    return tmp_path / "cache"


@pytest.fixture
def offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From when the environment is there."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def pin(monkeypatch: pytest.MonkeyPatch, sha256: str) -> None:
    demo = load_demo()
    changed = type(demo)(**{name: getattr(demo, name) for name in type(demo).__dataclass_fields__} | {"sha256": sha256})
    monkeypatch.setattr(package, "load_demo", lambda: changed)


def test_the_repository_has_one_commit_with_the_same_id_every_time_and_a_clean_tree(tmp_path: Path) -> None:
    ids = set()
    for name in ("one", "two"):
        made = package.prepare(tmp_path / name, print)
        log = subprocess.check_output(["git", "-C", made, "log", "--format=%H"], text=True).split()
        assert len(log) == 1
        ids.update(log)
        assert subprocess.check_output(["git", "-C", made, "status", "--porcelain", "--ignored"]) == b""
    assert len(ids) == 1


def test_the_second_time_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package.source_archive(print)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    said: list[str] = []
    package.prepare(tmp_path / "again", said.append)
    assert said == [f"unpacking {load_demo().archive}"]


@pytest.mark.usefixtures("offline")
def test_without_a_network_the_error_says_what_why_and_what_next(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(DemoUnavailableError) as error:
        package.prepare(tmp_path / "repository", print)
    demo = load_demo()
    for part in ("Cannot fetch", demo.archive, "No matching distribution", demo.sha256, str(cache / "sdist")):
        assert part in str(error.value)
    assert not (tmp_path / "repository").exists()


@pytest.mark.usefixtures("offline")
def test_a_cached_archive_with_another_hash_is_not_used(cache: Path, tmp_path: Path) -> None:
    put_archive(cache, {"boltons-26.2.0/setup.py": b"raise SystemExit"})
    with pytest.raises(DemoUnavailableError, match="Cannot fetch"):
        package.prepare(tmp_path / "repository", print)


@pytest.mark.parametrize("name", ["boltons/../../out.py", "/etc/out.py", "boltons/.git/config", "boltons"])
def test_an_archive_that_reaches_out_of_its_folder_is_refused(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pin(monkeypatch, put_archive(cache, {name: b"x"}))
    with pytest.raises(DemoUnavailableError, match="it contains"):
        package.prepare(tmp_path / "repository", print)
    assert not (tmp_path / "out.py").exists()
    assert not (tmp_path / "repository").exists()


def test_an_archive_with_a_link_is_refused(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(monkeypatch, put_archive(cache, {"boltons/a.py": b""}, link="boltons/link"))
    with pytest.raises(DemoUnavailableError, match="it contains 'boltons/link'"):
        package.prepare(tmp_path / "repository", print)


def test_a_directory_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DemoUnavailableError, match="not empty"):
        package.prepare(tmp_path, print)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_the_environment_is_made_once() -> None:
    said: list[str] = []
    first = package.test_environment(print)
    assert package.test_environment(said.append) == first
    assert said == []
    variables = first.variables({"PATH": "/bin", "PYTHONPATH": "/elsewhere"})
    assert variables["PATH"].split(":") == [str(first.directory / "bin"), "/bin"]
    assert "PYTHONPATH" not in variables
