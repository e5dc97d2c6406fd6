"""Every case that a bridge must survive has a test that names it."""

import re
from pathlib import Path

CASES = {
    1: "partial write seen",
    2: "fast truncate",
    3: "editor save by rename",
    4: "own echo",
    5: "two bridges, one room, no ping-pong",
    6: "read-modify-write across a remote change",
    7: "remote change during a tool call",
    8: "put races with write",
    9: "writer holds the old inode open",
    10: "append by a logger",
    11: "queue overflow",
    12: "burst",
    13: "fresh nested directories",
    14: "git checkout of another branch",
    15: "git operations inside the tree",
    16: "rename of a file",
    17: "rename of a directory",
    18: "delete against edit",
    19: "delete then recreate quickly",
    20: "same path created twice",
    21: "same file seeded twice",
    22: "bridge down, disk changed",
    23: "crash between put and shadow",
    24: "symbolic link inside the tree",
    25: "symbolic link out of the tree",
    26: "path traversal from a peer",
    27: "executable bit",
    28: "read-only file and read-only directory",
    29: "binary file",
    30: "not UTF-8, BOM, CRLF, no newline at end",
    31: "multi-byte neighbours",
    32: "huge file",
    33: "ignored files",
    34: "disk full",
    35: "formatter in a loop",
    36: "same size, same mtime",
    37: "case-only rename, Unicode forms",
    38: "watch limit",
    39: "mmap and sparse writes",
    40: "hard link",
}


def test_every_case_has_a_test_that_names_it() -> None:
    tested = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        tested |= {
            int(number) for number in re.findall(r"^async def test_case_(\d\d)_", file.read_text(), re.MULTILINE)
        }
    assert tested == set(CASES)
