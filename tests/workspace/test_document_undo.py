"""What is taken back, and what comes back: undo, snapshots, epochs."""

import random
from dataclasses import replace

import pytest
from tests.workspace.documents import following, insert, random_edits, seeded

from coroom.core.errors import Fault
from coroom.workspace import document as document_module
from coroom.workspace.difference import Replace
from coroom.workspace.document import BLOCKS_MAX, Document
from coroom.workspace.updates import Applied, Update, seal


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
