"""Writing CSV."""

import csv
import io

from ledger.journal import Journal


def _safe(text: str) -> str:
    return "'" + text if text.startswith(("=", "+", "-", "@")) else text


def to_csv(journal: Journal) -> str:
    """One line a journal line."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["id", "day", "text", "account", "cents"])
    for entry in journal.entries():
        for line in entry.lines:
            writer.writerow([entry.id, entry.day.isoformat(), _safe(entry.text), line.account, line.cents])
    return written.getvalue()
