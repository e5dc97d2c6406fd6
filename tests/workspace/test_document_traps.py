"""What the CRDT library does alone, and that none of its traps is reachable."""

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pycrdt
import pytest
from tests.workspace.documents import following, insert, seeded

import coroom
from coroom.core.errors import Fault
from coroom.workspace.difference import Replace
from coroom.workspace.document import Document, Engine, Replica
from coroom.workspace.updates import Applied, Damaged, Gap, Known, Update


def library_updates(*texts: str) -> list[bytes]:
    """Return the library's own updates for appending texts one by one, in one client."""
    text = pycrdt.Text()
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc({"text": text}, client_id=1)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for each in texts:
        text += each
    doc.unobserve(subscription)
    return updates


def library_text(updates: list[bytes]) -> str:
    text = pycrdt.Text()
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc({"text": text}, client_id=2)
    for update in updates:
        doc.apply_update(update)
    return str(text)


def test_the_library_loses_text_out_of_order_and_a_replica_refuses_and_heals() -> None:
    def wrong_of(shuffles: int) -> int:
        rng = random.Random("tripwire")
        wrong = 0
        for _ in range(shuffles):
            source = pycrdt.Text()
            doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc({"text": source}, client_id=1)
            updates: list[bytes] = []
            subscription = doc.observe(lambda event, taken=updates: taken.append(event.update))
            for letter in "abcdefghijkl":
                source.insert(rng.randrange(len(source) + 1), letter)
            doc.unobserve(subscription)
            rng.shuffle(updates)
            wrong += library_text(updates) != str(source)
        return wrong

    # Were this ever 0, the library would be mended and our ordering could be relaxed.
    assert wrong_of(200) > 0

    document, sent = seeded("")
    sent += [insert(document, at, letter) for at, letter in enumerate("abcd")]
    replica = following(sent[:1])
    assert [replica.receive(sent[index]) for index in (1, 3, 4, 2)] == [
        Applied(2),
        Gap(3),
        Gap(3),
        Applied(3),
    ]
    assert [replica.receive(update) for update in sent[3:]] == [Applied(4), Applied(5)]
    assert replica.text() == document.text() == "abcd"


def test_the_library_misplaces_text_by_byte_positions_and_a_document_counts_code_points() -> None:
    text = pycrdt.Text("a😀b")
    pycrdt.Doc({"text": text})
    text.insert(2, "X")
    assert str(text) == "a😀bX"
    text = pycrdt.Text("a😀bc")
    pycrdt.Doc({"text": text})
    del text[1:2]
    assert str(text) == "a"
    text = pycrdt.Text("abc")
    pycrdt.Doc({"text": text})
    text.insert(99, "X")
    assert str(text) == "abcX"

    document, sent = seeded("a😀b")
    sent.append(insert(document, 2, "X"))
    assert document.text() == "a😀Xb"
    removed = document.apply_edit([Replace(1, 2, "")], "ada")
    assert removed is not None
    assert document.text() == following([*sent, removed]).text() == "aXb"
    for edit in (Replace(99, 99, "X"), Replace(2, 99, ""), Replace(-1, 0, "X")):
        with pytest.raises(ValueError, match="does not fit"):
            document.apply_edit([edit], "ada")
    assert document.text() == "aXb"


def test_the_library_accepts_damaged_updates_and_a_replica_does_not() -> None:
    good = library_updates("a text of some length", " and some more")
    rng = random.Random("damage")

    def damage(payload: bytes) -> bytes:
        damaged = bytearray(payload)
        damaged[rng.randrange(len(damaged))] ^= 1 + rng.randrange(255)
        return bytes(damaged)

    accepted_otherwise = 0
    for _ in range(300):
        try:
            accepted_otherwise += library_text([good[0], damage(good[1])]) != library_text(good)
        except ValueError:
            continue
    assert accepted_otherwise > 0

    document, sent = seeded("a text of some length")
    sent.append(insert(document, 21, " and some more"))
    replica = following(sent[:1])
    for _ in range(2_000):
        assert isinstance(replica.receive(replace(sent[1], payload=damage(sent[1].payload))), Damaged)
    for other in (replace(sent[1], seq=3), replace(sent[1], epoch=2), replace(sent[1], crc32=0)):
        assert isinstance(replica.receive(other), Damaged)
    assert replica.text() == "a text of some length"
    assert replica.receive(sent[1]) == Applied(2)


def test_the_library_doubles_a_file_seeded_twice_and_a_document_is_seeded_once() -> None:
    def seed(client_id: int) -> bytes:
        doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc({"text": pycrdt.Text("print(1)\n")}, client_id=client_id)
        return doc.get_update()

    assert library_text([seed(5), seed(6)]) == "print(1)\nprint(1)\n"

    document, sent = seeded("print(1)\n")
    with pytest.raises(Fault, match="already"):
        document.seed("print(1)\n")
    other = Document("f1", 6)
    again = other.seed("print(1)\n")
    replica = following(sent)
    assert replica.receive(again) == Known(1)
    assert replica.text() == document.text() == "print(1)\n"
    assert not hasattr(Replica, "seed")


def test_the_library_loses_one_of_two_files_made_at_one_path_and_replicas_tell_them_apart() -> None:
    def create(client_id: int, content: str) -> bytes:
        files: pycrdt.Map[pycrdt.Text] = pycrdt.Map()
        doc: pycrdt.Doc[pycrdt.Map[pycrdt.Text]] = pycrdt.Doc({"files": files}, client_id=client_id)
        files["src/a.py"] = pycrdt.Text(content)
        return doc.get_update()

    files: pycrdt.Map[pycrdt.Text] = pycrdt.Map()
    doc: pycrdt.Doc[pycrdt.Map[pycrdt.Text]] = pycrdt.Doc({"files": files}, client_id=3)
    doc.apply_update(create(1, "ada's"))
    doc.apply_update(create(2, "bob's"))
    assert str(files["src/a.py"]) in {"ada's", "bob's"}

    (one, ones), (other, others) = seeded("ada's", file="f1"), seeded("bob's", file="f2", client_id=2)
    replica = following(ones)
    assert isinstance(replica.receive(others[0]), Damaged)
    assert isinstance(replica.repair(other.catch_up(None)), Damaged)
    assert (replica.text(), following(others, "f2").text()) == (one.text(), other.text()) == ("ada's", "bob's")


def test_a_panic_of_the_library_is_outside_exception_and_becomes_a_fault_that_stays() -> None:
    text = pycrdt.Text("abc")
    pycrdt.Doc({"text": text})
    with pytest.raises(BaseException, match="remove") as panic:
        del text[0:50]
    assert not isinstance(panic.value, Exception)

    engine = Engine(1)
    with pytest.raises(Fault, match="PanicException"):
        engine.edit("longer than it is", [Replace(0, 9, "")], "ada")
    with pytest.raises(Fault, match="failed before"):
        engine.text()


def test_the_library_rolls_nothing_back_and_a_document_checks_all_before_it_changes_anything() -> None:
    text = pycrdt.Text("abc")
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc({"text": text})

    def fail_half_way() -> None:
        with doc.transaction():
            text.insert(0, "half ")
            raise LookupError

    with pytest.raises(LookupError):
        fail_half_way()
    assert str(text) == "half abc"

    document, sent = seeded("abc")
    for bad in (Replace(2, 9, ""), Replace(0, 1, "overlaps"), Replace(3, 3, "\ud800")):
        with pytest.raises(ValueError, match=r"."):
            document.apply_edit([Replace(0, 2, "half "), bad], "ada")
    sent.append(insert(document, 3, "d"))
    assert document.text() == following(sent).text() == "abcd"


@pytest.mark.parametrize(
    "use",
    [
        lambda document, replica, update: document.apply_edit([Replace(0, 0, "x")], "ada"),
        lambda document, replica, update: document.undo("ada"),
        lambda document, replica, update: document.snapshot(),
        lambda document, replica, update: document.progress(),
        lambda document, replica, update: replica.receive(update),
        lambda document, replica, update: replica.text(),
    ],
    ids=["edit", "undo", "snapshot", "progress", "receive", "text"],
)
def test_use_in_another_thread_is_a_fault_and_changes_nothing(
    use: Callable[[Document, Replica, Update], object],
) -> None:
    document, sent = seeded("abc")
    replica = following(sent)
    sent.append(insert(document, 0, "x"))
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            use(document, replica, sent[1])
        except Fault as fault:
            caught.append(fault)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert [str(fault) for fault in caught] == ["a document was used outside the thread that made it"]
    assert replica.receive(sent[1]) == Applied(2)
    assert document.text() == replica.text() == "xabc"


@pytest.mark.parametrize("client_id", [-1, 2**32, 2**53])
def test_a_client_id_that_old_peers_would_cut_short_is_refused(client_id: int) -> None:
    with pytest.raises(ValueError, match="2\\^32"):
        Document("f1", client_id)
    assert Document("f1", 2**32 - 1).seed("abc").seq == 1


def test_nothing_but_the_document_file_knows_the_library() -> None:
    source = Path(coroom.__file__).parent
    knowing = [path.name for path in source.rglob("*.py") if "pycrdt" in path.read_text(encoding="utf-8")]
    assert knowing == ["document.py"]
