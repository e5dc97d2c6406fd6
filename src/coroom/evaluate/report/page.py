"""How a report is set: one HTML page that needs nothing from elsewhere, and the same as Markdown."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A title, what to know about it, the columns and the rows; a cell is text, or (text, where it leads)."""

    title: str
    columns: Sequence[str]
    lines: Sequence[Sequence[str | tuple[str, str]]]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One suite: its plots by title, and its tables."""

    title: str
    plots: Mapping[str, str]
    tables: Sequence[Table]


def as_html(label: str, setting: Sequence[str], notes: Sequence[str], sections: Sequence[Section]) -> str:
    """The page."""
    body = [f"<h1>Coroom evaluation <small>{html.escape(label)}</small></h1>"]
    body += [f"<p>{html.escape(line)}</p>" for line in setting]
    body.append("<h2>What may not be concluded</h2><ul>")
    body += [f"<li>{html.escape(note)}</li>" for note in notes]
    body.append("</ul><nav>")
    body += [f'<a href="#{_anchor(s.title)}">{html.escape(s.title)}</a>' for s in sections]
    body.append("</nav>")
    for section in sections:
        body.append(f'<h2 id="{_anchor(section.title)}">{html.escape(section.title)}</h2><div class="plots">')
        body += [
            f"<figure><figcaption>{html.escape(title)} <small>{html.escape(label)}</small></figcaption>{svg}</figure>"
            for title, svg in section.plots.items()
        ]
        body.append("</div>")
        body += [_table(table) for table in section.tables]
    return _PAGE.format(title=html.escape(f"Coroom evaluation: {label}"), body="\n".join(body))


def as_markdown(label: str, setting: Sequence[str], notes: Sequence[str], sections: Sequence[Section]) -> str:
    """The tables, without plots."""
    parts = [f"# Coroom evaluation: {label}\n", *[line + "\n" for line in setting], "## What may not be concluded\n"]
    parts += [f"- {note}" for note in notes]
    for section in sections:
        parts.append(f"\n## {section.title}")
        for table in section.tables:
            parts.append(f"\n### {table.title} ({label})\n")
            parts += [f"{table.note}\n"] if table.note else []
            parts.append("| " + " | ".join(table.columns) + " |\n|" + "---|" * len(table.columns))
            parts += ["| " + " | ".join(map(_plain, line)) + " |" for line in table.lines]
    return "\n".join(parts) + "\n"


def _anchor(title: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in title.lower())


def _plain(cell: str | tuple[str, str]) -> str:
    return (cell if isinstance(cell, str) else f"[{cell[0]}]({cell[1]})").replace("|", "\\|")


def _table(table: Table) -> str:
    first = table.lines[0] if table.lines else ("",) * len(table.columns)
    head = "".join(
        f"<th{_align(cell)}>{html.escape(column)}</th>" for column, cell in zip(table.columns, first, strict=True)
    )
    body = "".join("<tr>" + "".join(map(_cell, line)) + "</tr>" for line in table.lines)
    note = f"<p>{html.escape(table.note)}</p>" if table.note else ""
    return (
        f"<h3>{html.escape(table.title)}</h3>{note}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(cell: str | tuple[str, str]) -> str:
    if isinstance(cell, str):
        return f"<td{_align(cell)}>{html.escape(cell)}</td>"
    return f'<td><a href="{html.escape(cell[1])}">{html.escape(cell[0])}</a></td>'


def _align(cell: str | tuple[str, str]) -> str:
    return ' class="n"' if isinstance(cell, str) and cell and cell[0] in "-0123456789" else ""


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 84rem; margin: 2rem auto; padding: 0 1rem; }}
body {{ color: #1a1a1a; background: #fff; }}
small {{ color: #707070; font-weight: normal; }}
nav {{ display: flex; gap: 1rem; flex-wrap: wrap; padding: .5rem 0; border-bottom: 1px solid #e2e2e2; }}
h2 {{ margin-top: 2.5rem; }} h3 {{ margin: 1.5rem 0 .25rem; font-size: 1rem; }}
table {{ border-collapse: collapse; font-size: 13px; display: block; overflow: auto; max-height: 40rem; }}
th {{ position: sticky; top: 0; background: #fff; font-weight: 600; }}
th, td {{ text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #e2e2e2; white-space: nowrap; }}
td:first-child, th:first-child {{ position: sticky; left: 0; background: #fff; }} th:first-child {{ z-index: 1; }}
.n {{ font-variant-numeric: tabular-nums; text-align: right; }}
.plots {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem 2rem; }}
figure {{ margin: 0; }} figcaption {{ font-weight: 600; }} svg {{ max-width: 100%; height: auto; }}
</style>
<body>
{body}
</body></html>
"""
