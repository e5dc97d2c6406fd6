"""A document and its replicas end in one text, and none of the CRDT library's traps is reachable."""

import os
import random
import resource
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pycrdt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coroom
from coroom.core.errors import Fault
from coroom.workspace import document as document_module
from coroom.workspace.difference import Replace, applied, operations
from coroom.workspace.document import BLOCKS_MAX, Document, Engine, Replica
from coroom.workspace.updates import Applied, Damaged, Gap, Known, Update, seal

# Larger campaigns: COROOM_TRIALS=1000000 pytest tests/workspace/test_document.py
TRIALS = int(os.environ.get("COROOM_TRIALS", "5000"))
ALPHABET = "aé😀\n\r\0̈ אb"
texts = st.text(st.characters(exclude_categories=["Cs"]))


def seeded(text: str, file: str = "f1", client_id: int = 1) -> tuple[Document, list[Update]]:
    document = Document(file, client_id)
    return document, [document.seed(text)]


def insert(document: Document, at: int, text: str, author: str = "ada") -> Update:
    update = document.apply_edit([Replace(at, at, text)], author)
    assert update is not None
    return update


def following(updates: list[Update], file: str = "f1") -> Replica:
    replica = Replica(file, 99)
    for update in updates:
        assert replica.receive(update) == Applied(update.seq)
    return replica


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


def random_edits(rng: random.Random, text: str, number: int = 3) -> list[Replace]:
    places = sorted(rng.randrange(len(text) + 1) for _ in range(2 * rng.randint(1, number)))
    return [
        Replace(start, end, "".join(rng.choices(ALPHABET, k=rng.randrange(4))))
        for start, end in zip(places[::2], places[1::2], strict=True)
    ]


# What the library alone does, and what we make of it.


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


# Documents and replicas.


def test_updates_shuffled_doubled_dropped_and_damaged_end_in_one_text_everywhere() -> None:
    rng = random.Random(f"trials of {TRIALS}")
    for trial in range(TRIALS):
        document, sent = seeded("".join(rng.choices(ALPHABET, k=rng.randrange(9))))
        model = document.text()
        for _ in range(rng.randrange(1, 8)):
            edits = random_edits(rng, model)
            model = applied(model, edits)
            update = document.apply_edit(edits, rng.choice(("ada", "bob")))
            sent += [update] if update is not None else []
            assert document.text() == model
        arriving = [update for update in sent if rng.random() < 0.8] + rng.choices(sent, k=3)
        rng.shuffle(arriving)
        replica = Replica("f1", 2)
        for update in arriving:
            if rng.random() < 0.05:
                assert isinstance(replica.receive(replace(update, payload=update.payload[:-1])), Damaged)
            replica.receive(update)
        if trial % 2:
            assert isinstance(replica.repair(document.catch_up(replica.progress())), Applied)
        else:
            for update in sent[replica.progress().seq :]:
                assert isinstance(replica.receive(update), Applied)
        assert replica.text() == model
        assert replica.progress() == document.progress()


@settings(max_examples=150)
@given(texts, st.lists(texts, max_size=5))
def test_whole_file_writes_arrive_exactly_over_all_of_unicode(first: str, later: list[str]) -> None:
    document, sent = seeded(first)
    for text in later:
        update = document.apply_edit(operations(document.text(), text), "ada")
        sent += [update] if update is not None else []
        assert document.text() == text
    assert following(sent).text() == document.text()


def test_an_edit_that_changes_nothing_makes_no_update() -> None:
    document, _ = seeded("abc")
    assert document.apply_edit([], "ada") is None
    assert document.apply_edit([Replace(1, 2, "b"), Replace(3, 3, "")], "ada") is None
    assert document.seq == 1


def test_an_edit_before_the_seed_is_a_fault() -> None:
    with pytest.raises(Fault, match="never seeded"):
        Document("f1", 1).apply_edit([Replace(0, 0, "x")], "ada")


def test_their_progress_is_equal_after_many_restarts_under_new_client_ids() -> None:
    rng = random.Random("restarts")
    document, sent = seeded("abc")
    for _ in range(40):
        document = Document.load(document.snapshot(), rng.randrange(2**32))
        sent.append(insert(document, 0, "x"))
    assert following(sent).progress() == document.progress()


def test_documents_and_repairs_that_are_over_leave_no_memory_behind() -> None:
    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    document, sent = seeded("x" * 100_000)
    replica = following(sent)

    def use() -> None:
        assert replica.repair(document.catch_up(None)) == Applied(1)
        other, _ = seeded("x" * 100_000)
        insert(other, 0, "y")
        other.undo("ada")

    for _ in range(20):
        use()
    before = resident_bytes()
    for _ in range(300):
        use()
    assert resident_bytes() - before < 20_000_000


def test_an_empty_file_is_seeded_too() -> None:
    document, sent = seeded("")
    sent.append(insert(document, 0, "first"))
    assert following(sent).text() == "first"


def test_a_replica_that_has_gone_wrong_is_found_by_its_progress_and_repaired() -> None:
    document, sent = seeded("abc")
    replica = following(sent)
    replica._engine.edit("abc", [Replace(0, 0, "strange ")], None)
    sent.append(insert(document, 3, "d"))
    replica.receive(sent[1])
    assert replica.progress() != document.progress()
    assert replica.repair(document.catch_up(replica.progress())) == Applied(2)
    assert replica.progress() == document.progress()


def test_a_replica_gone_wrong_unseen_is_told_and_repaired_by_the_whole() -> None:
    document, sent = seeded("abc")
    replica = following(sent)
    replica._engine.edit("abc", [Replace(0, 0, "strange ")], None)
    insert(document, 3, "d")
    assert isinstance(replica.repair(document.catch_up(replica.progress())), Damaged)
    assert replica.text() == "strange abc"
    assert replica.repair(document.catch_up(None)) == Applied(2)
    assert replica.text() == "abcd"


def test_a_damaged_repair_changes_nothing() -> None:
    document, sent = seeded("abc")
    replica = following(sent)
    insert(document, 3, "d")
    good = document.catch_up(replica.progress())
    for bad in (
        replace(good, payload=good.payload[::-1]),
        replace(good, whole=not good.whole),
        replace(good, progress=replace(good.progress, seq=7)),
        replace(good, progress=replace(good.progress, epoch=7)),
        replace(good, progress=replace(good.progress, text_crc32=7)),
    ):
        assert isinstance(replica.repair(bad), Damaged)
        assert replica.text() == "abc"
    assert replica.repair(good) == Applied(2)


def test_undo_takes_back_one_authors_edits_and_leaves_everybody_elses() -> None:
    document, sent = seeded("one\n")
    sent.append(insert(document, 4, "ada 1\n", "ada"))
    sent.append(insert(document, 0, "bob 1\n", "bob"))
    sent.append(insert(document, 0, "ada 2\n", "ada"))
    assert document.text() == "ada 2\nbob 1\none\nada 1\n"
    for expected in ("bob 1\none\nada 1\n", "bob 1\none\n"):
        undone = document.undo("ada")
        assert undone is not None
        sent.append(undone)
        assert document.text() == expected
    assert document.undo("ada") is None
    assert document.undo("nobody") is None
    assert following(sent).text() == "bob 1\none\n"


def test_undo_never_takes_back_the_seed() -> None:
    document, _ = seeded("seed")
    insert(document, 0, "x")
    document.undo("ada")
    assert document.undo("ada") is None
    assert document.undo("") is None
    assert document.text() == "seed"


def test_undo_of_what_another_has_deleted_brings_nothing_back_and_takes_the_edit_before_it() -> None:
    document, _ = seeded("ab")
    insert(document, 2, "earlier", "ada")
    insert(document, 0, "X", "ada")
    document.apply_edit([Replace(0, 1, "")], "bob")
    document.undo("ada")
    assert document.text() == "ab"

    document, _ = seeded("ab")
    insert(document, 1, "X", "ada")
    document.apply_edit([Replace(0, 3, "")], "bob")
    assert document.undo("ada") is None
    assert document.text() == ""


def test_a_document_comes_back_from_its_snapshot_and_the_updates_after_it() -> None:
    rng = random.Random("snapshots")
    document, sent = seeded("some text\n" * 5)
    snapshots = [document.snapshot()]
    for _ in range(30):
        update = document.apply_edit(random_edits(rng, document.text()), "ada")
        if update is not None:
            sent.append(update)
            snapshots.append(document.snapshot())
    for taken, snapshot in enumerate(snapshots, start=1):
        loaded = Document.load(snapshot, 7_000 + taken)
        for update in sent[taken:]:
            loaded.replay(update)
        assert (loaded.text(), loaded.seq) == (document.text(), document.seq)
        assert loaded.progress() == document.progress()
        after = insert(loaded, 0, "after the restart")
        replica = following(sent)
        assert replica.receive(after) == Applied(after.seq)
        assert replica.progress() == loaded.progress()


def test_a_snapshot_with_any_byte_changed_or_missing_is_a_fault() -> None:
    document, _ = seeded("a text")
    insert(document, 2, "longer ")
    snapshot = document.snapshot()
    for position in range(len(snapshot)):
        damaged = bytearray(snapshot)
        damaged[position] ^= 0x41
        with pytest.raises(Fault, match="damaged"):
            Document.load(bytes(damaged), 2)
        with pytest.raises(Fault, match=r"damaged|short"):
            Document.load(snapshot[:position], 2)


def test_a_replayed_update_that_is_damaged_or_not_the_next_is_a_fault() -> None:
    document, _ = seeded("a")
    snapshot = document.snapshot()
    updates = [insert(document, 0, "x"), insert(document, 0, "y")]
    loaded = Document.load(snapshot, 2)
    for bad in (updates[1], replace(updates[0], payload=b"\0\0")):
        with pytest.raises(Fault, match="damaged or not the next"):
            loaded.replay(bad)
    loaded.replay(updates[0])
    assert loaded.text() == "xa"


def test_a_document_of_many_blocks_begins_a_new_epoch_that_replicas_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert BLOCKS_MAX == 10_000
    monkeypatch.setattr(document_module, "BLOCKS_MAX", 50)
    rng = random.Random("epochs")
    document, sent = seeded("text 😀\n")
    snapshot = document.snapshot()
    late = following(sent)
    while document.progress().epoch < 4:
        update = document.apply_edit(random_edits(rng, document.text()), "ada")
        sent += [update] if update is not None else []
    assert len({update.epoch for update in sent}) == 4
    assert following(sent).progress() == document.progress()
    assert late.repair(document.catch_up(late.progress())) == Applied(document.seq)
    assert late.text() == document.text()
    loaded = Document.load(snapshot, 9)
    for update in sent[1:]:
        loaded.replay(update)
    assert loaded.progress() == document.progress()


def test_undo_does_not_reach_beyond_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "BLOCKS_MAX", 5)
    document, _ = seeded("")
    while document.progress().epoch == 1:
        insert(document, 0, "x")
    text = document.text()
    assert document.undo("ada") is None
    assert document.text() == text


def test_a_seal_covers_every_field_of_an_update() -> None:
    update = Update(file="f", epoch=1, seq=2, crc32=0, payload=b"p")
    others = [replace(update, file="g"), replace(update, epoch=2), replace(update, seq=3)]
    assert seal(update) not in {seal(other) for other in [*others, replace(update, payload=b"q")]}
