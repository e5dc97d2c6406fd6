"""`coroom merge`: the workspace's merge of one file as a command and as a git merge driver."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Never

import click

from coroom.workspace.merge import Merged, with_markers
from coroom.workspace.merge import merge as merge_texts


@click.command()
@click.argument("base", metavar="BASE")
@click.argument("ours", metavar="OURS")
@click.argument("theirs", metavar="THEIRS")
@click.option("--path", "name", help="The file's name, and hence its language; without it the name of OURS.")
@click.option("--output", help="Write the merged text here, with conflict markers when it is held.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")
def merge(base: str, ours: str, theirs: str, name: str | None, output: str | None, as_json: bool) -> None:
    """Merge OURS and THEIRS, which both began from BASE (three files).

    Exits 0 when the result is clean, 1 when it is held or doubtful, 2 when a file cannot be read or written.
    As a git merge driver: coroom merge %O %A %B --path %P --output %A
    """
    texts = _read(base), _read(ours), _read(theirs)
    merged = merge_texts(*texts, name or ours)
    if output is not None:
        marked = merged.text if merged.status == "clean" else with_markers(*texts)
        _write(output, marked)
    if as_json:
        sys.stdout.write(json.dumps(_document(merged)) + "\n")
    elif output is None and merged.status == "clean":
        sys.stdout.buffer.write(merged.text)
        sys.stdout.buffer.flush()
    if not as_json:
        _explain(merged, name or ours)
    sys.exit(1 if merged.status == "held" or merged.findings else 0)


def _document(merged: Merged) -> dict[str, object]:
    return {
        "status": merged.status,
        "layer": merged.layer,
        "text": merged.text.decode(errors="replace"),
        "conflicts": [
            {
                "start": each.start,
                "end": each.end,
                "base": each.base,
                "ours": each.ours,
                "theirs": each.theirs,
                "reason": each.reason,
            }
            for each in merged.conflicts
        ],
        "findings": [
            {"kind": each.kind, "line": each.line, "symbol": each.symbol, "message": each.message}
            for each in merged.findings
        ],
    }


def _explain(merged: Merged, name: str) -> None:
    for conflict in merged.conflicts:
        click.echo(f"{name}:{conflict.start}: held: {conflict.reason}", err=True)
    for finding in merged.findings:
        click.echo(f"{name}:{finding.line}: {finding.kind}: {finding.message}", err=True)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as fault:
        _refuse(f"cannot read {path}: {fault.strerror}; give the paths of three files, BASE OURS THEIRS")


def _write(path: str, text: bytes) -> None:
    """Replace a file whole, keeping its mode; a half-written result is never seen."""
    target = Path(path)
    temporary: str | None = None
    try:
        mode = target.stat().st_mode & 0o7777 if target.exists() else None
        with NamedTemporaryFile(dir=target.parent, prefix=".coroom-", delete=False) as file:
            temporary = file.name
            file.write(text)
        os.chmod(temporary, mode if mode is not None else 0o644)
        os.replace(temporary, os.path.realpath(target))
    except OSError as fault:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        _refuse(f"cannot write {path}: {fault.strerror}; name a file in a directory you may write to")


def _refuse(message: str) -> Never:
    click.echo(f"coroom merge: {message}", err=True)
    sys.exit(2)
