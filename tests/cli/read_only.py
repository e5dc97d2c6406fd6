"""Commands that need a room, while one part of the repository cannot be written, not even by root. Run in a mount
namespace of its own:

unshare --mount python -m tests.cli.read_only REPOSITORY

Prints one JSON document: for each part what each command said.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from coroom.cli import main

PARTS = ("objects", "refs", "refs/heads")
CALLS = (("run", "a task", "--agent", "command:true"), ("up", "--port", "0"))


def told(part: Path) -> dict[str, object]:
    subprocess.run(("mount", "--bind", str(part), str(part)), check=True)
    try:
        subprocess.run(("mount", "-o", "remount,bind,ro", str(part)), check=True)
        done = {words[0]: CliRunner().invoke(main, words) for words in CALLS}
    finally:
        subprocess.run(("umount", "-l", str(part)), check=True)
    return {name: (one.exit_code, one.stdout, one.stderr) for name, one in done.items()}


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sys.stdout.write(json.dumps({part: told(Path(sys.argv[1], ".git", part)) for part in PARTS}))
