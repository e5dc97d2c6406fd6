"""A document and its replicas end in one text."""

import random
import resource
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.workspace.documents import ALPHABET, TRIALS, following, insert, random_edits, seeded

from coroom.core.errors import Fault
from coroom.workspace.difference import Replace, applied, operations
from coroom.workspace.document import Document, Replica
from coroom.workspace.updates import Applied, Damaged

texts = st.text(st.characters(exclude_categories=["Cs"]))


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
