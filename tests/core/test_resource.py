import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.core.errors import Code, Refused
from coroom.core.resource import Resource, Scheme, corner, covers, file, overlaps, parse, ref, task

FILES = ("src/a.py", "src/b.py", "src/deep/a.py", "a.py", "src", "app/[id]/p.py")
NAMES = (
    *(f"file:{path}" for path in FILES),
    "dir:src/",
    "dir:src/deep",
    "dir:.",
    "dir:app/[id]/",
    "glob:src/*.py",
    "glob:src/**/*.py",
    "glob:**",
    "glob:app/[id]/*",
    "symbol:src/a.py#A",
    "symbol:src/a.py#A.b",
    "symbol:src/a.py#B",
    "symbol:src/b.py#A",
    "task:1",
    "task:12",
    "ref:main",
    "ref:refs/heads/main",
    "row:db/t/1",
    "row:db/t/2",
    "row:db/u/1",
    "set:db/t",
    "set:db/t?a=1",
    "set:db/t?a=2",
    "set:db/t?a=1&b=2",
    "set:db/t?a=1&a=2",
    "set:db/t?open",
    "set:db/u",
    "k8s:apps/v1",
    "k8s:apps/v1/deployments",
    "k8s:apps/v1/deployments/web",
    "k8s:apps/v2",
    "key:k",
)


def made(text: str) -> Resource:
    one = parse(text)
    assert isinstance(one, Resource), one
    return one


resources = st.sampled_from([made(name) for name in NAMES])


@given(resources, resources)
def test_overlaps_is_symmetric_and_reflexive(a: Resource, b: Resource) -> None:
    assert overlaps(a, a)
    assert overlaps(a, b) == overlaps(b, a)


@given(resources, resources, resources)
def test_covers_is_reflexive_and_transitive_and_implies_overlaps(a: Resource, b: Resource, c: Resource) -> None:
    assert covers(a, a)
    if covers(a, b):
        assert overlaps(a, b)
        if covers(b, c):
            assert covers(a, c)


@given(resources, resources, st.sampled_from(FILES))
def test_two_that_cover_one_file_overlap(a: Resource, b: Resource, path: str) -> None:
    if covers(a, file(path)) and covers(b, file(path)):
        assert overlaps(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("dir:src/", "file:src/a.py"),
        ("dir:src/", "symbol:src/a.py#A"),
        ("dir:.", "glob:**/*.py"),
        ("file:src/a.py", "symbol:src/a.py#A"),
        ("symbol:src/a.py#A", "symbol:src/a.py#A.b"),
        ("glob:src/**/*.py", "file:src/deep/a.py"),
        ("set:db/t", "row:db/t/1"),
        ("set:db/t", "set:db/t?a=1"),
        ("k8s:apps/v1", "k8s:apps/v1/deployments/web"),
        ("ref:main", "ref:refs/heads/main"),
        ("dir:app/[id]/", "file:app/[id]/p.py"),
    ],
)
def test_the_first_covers_the_second(a: str, b: str) -> None:
    assert covers(made(a), made(b))
    assert overlaps(made(a), made(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("symbol:src/a.py#A.b", "symbol:src/a.py#A"),
        ("symbol:src/a.py#A", "file:src/a.py"),
        ("row:db/t/1", "set:db/t"),
        ("set:db/t?a=1", "row:db/t/1"),
        ("glob:src/*.py", "dir:src/"),
    ],
)
def test_the_first_meets_the_second_without_covering_it(a: str, b: str) -> None:
    assert not covers(made(a), made(b))
    assert overlaps(made(a), made(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("file:src/a.py", "file:src/b.py"),
        ("symbol:src/a.py#A", "symbol:src/a.py#AB"),
        ("symbol:src/a.py#A", "symbol:src/b.py#A"),
        ("task:1", "task:12"),
        ("row:db/t/1", "row:db/t/2"),
        ("row:db/u/1", "set:db/t"),
        ("set:db/t?a=1", "set:db/t?a=2"),
        ("set:db/u", "set:db/t"),
        ("k8s:apps/v1", "k8s:apps/v2"),
        ("file:a.py", "task:1"),
        ("row:db/t/1", "file:a.py"),
    ],
)
def test_these_have_nothing_in_common(a: str, b: str) -> None:
    assert not overlaps(made(a), made(b))
    assert not covers(made(a), made(b))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("file:./src//a.py", "file:src/a.py"),
        ("  file:a.py ", "file:a.py"),
        ("file:src/", "dir:src/"),
        ("file:src/*.py", "glob:src/*.py"),
        ("glob:src/a.py", "file:src/a.py"),
        ("dir:src", "dir:src/"),
        ("dir:./", "dir:."),
        ("symbol:./a.py#A.b", "symbol:a.py#A.b"),
        ("ref:refs/heads/main", "ref:main"),
        ("set:db/t?a=1", "set:db/t?a=1"),
        ("k8s:apps/v1", "k8s:apps/v1"),
    ],
)
def test_names_are_brought_into_one_form(text: str, normal: str) -> None:
    assert str(made(text)) == normal
    assert made(normal) == made(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file",
        "file:",
        "nonsense:x",
        "file:/etc/passwd",
        "file:../up",
        "file:a/../../b",
        "file:a\\b",
        "file:a\x00b",
        "file:a\nb",
        "file:.",
        "dir:/",
        "dir:/etc",
        "dir:..",
        "symbol:a.py",
        "symbol:a.py#",
        "symbol:a.py#A..b",
        "symbol:/a.py#A",
        "row:db/t",
        "ref:refs/heads/",
        "set:db",
        "set:db/t/x",
        "file:" + "a" * 5_000,
    ],
)
def test_a_name_of_nothing_is_refused_with_examples(text: str) -> None:
    refused = parse(text)
    assert isinstance(refused, Refused)
    assert refused.code is Code.BAD_INPUT
    assert "file:src/a.py" in refused.next_step
    assert len(str(refused)) < 6_000


@given(st.text(st.characters(), max_size=40))
def test_any_text_is_a_resource_or_refused(text: str) -> None:
    for scheme in Scheme:
        one = parse(f"{scheme.value}:{text}")
        if isinstance(one, Resource):
            assert parse(str(one)) == one
            assert overlaps(one, one)


def test_short_ways_to_name_what_is_known_to_be_clean() -> None:
    assert file("a.py") == made("file:a.py")
    assert task("7") == made("task:7")
    assert ref("refs/heads/x") == made("ref:x")
    assert file("a.py").path == "a.py"
    assert made("symbol:a.py#A").path == "a.py"
    assert made("dir:a").path is None


@given(resources, resources)
def test_what_overlaps_is_found_in_the_same_corner(a: Resource, b: Resource) -> None:
    assert corner(a) == corner(b) or not overlaps(a, b)
