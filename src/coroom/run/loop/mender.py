"""The scripted agent of the loop's scene: puts right what was put wrong for its task, as a model would with an edit.

`mender.py SEEDS [--stall MARK [--at N]]`, in a workplace, with the task in COROOM_TASK. It stands alone on the standard
library. With `--stall` its Nth session writes half of the change, makes the file MARK, and never ends.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path


def main() -> int:
    """Exit code 0 when the task is done, 1 when it is none that this agent knows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("seeds", type=Path)
    parser.add_argument("--stall", type=Path)
    parser.add_argument("--at", type=int, default=1)
    given, _ = parser.parse_known_args()
    task = os.environ.get("COROOM_TASK", "").removeprefix("test:")
    seeds = json.loads(given.seeds.read_text(encoding="utf-8"))["seeds"]
    seed = next((one for one in seeds if one["test"] == task), None)
    if seed is None:
        sys.stdout.write(f"I do not know how to mend {task}.\n")
        return 1
    path = Path(seed["path"])
    lines = path.read_text(encoding="utf-8").split("\n")
    place = lines.index(seed["new"])
    if given.stall and _session(given.stall) == given.at:
        lines[place] = f"{seed['old']}  # half of it"
        path.write_text("\n".join(lines), encoding="utf-8")
        given.stall.touch()
        signal.pause()
    lines[place] = seed["old"]
    path.write_text("\n".join(lines), encoding="utf-8")
    sys.stdout.write(f"Mended line {place + 1} of {path}.\n")
    return 0


def _session(mark: Path) -> int:
    """Which session this is, by a line for each beside the mark."""
    with mark.with_suffix(".begun").open("a+", encoding="ascii") as file:
        file.write("x\n")
        file.seek(0)
        return len(file.readlines())


if __name__ == "__main__":
    sys.exit(main())
