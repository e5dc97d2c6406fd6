"""Documents with replicas that follow them, and edits by chance."""

import os
import random

from coroom.workspace.difference import Replace
from coroom.workspace.document import Document, Replica
from coroom.workspace.updates import Applied, Update

# Larger campaigns: COROOM_TRIALS=1000000 pytest tests/workspace
TRIALS = int(os.environ.get("COROOM_TRIALS", "5000"))


ALPHABET = "aé😀\n\r\0̈ אb"


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


def random_edits(rng: random.Random, text: str, number: int = 3) -> list[Replace]:
    places = sorted(rng.randrange(len(text) + 1) for _ in range(2 * rng.randint(1, number)))
    return [
        Replace(start, end, "".join(rng.choices(ALPHABET, k=rng.randrange(4))))
        for start, end in zip(places[::2], places[1::2], strict=True)
    ]
