"""From predicates to names of resources, and from names back to what the database holds."""

from collections.abc import Mapping
from urllib.parse import quote, unquote

from coroom.core.errors import Refused
from coroom.core.resource import Resource, Scheme
from coroom.tools import naming
from coroom.tools.sql_schema import NOTHING, Database, Row, Session, Table

VALUE_ROWS_MAX = 1_000


def named_rows(database: str, table: Table, where: Mapping[str, object]) -> Resource | Refused:
    """The resource of the rows with these values; a column whose equality is not plain text is left out of it."""
    words = {name: table.columns[name].word(value) for name, value in where.items()}
    return naming.rows(database, table.name, {name: word for name, word in words.items() if word is not None})


def key_text(table: Table, where: Mapping[str, object]) -> str | None:
    """The key as it stands in the name of a row; None where it is not whole, or may be written in two ways."""
    if not set(table.key) <= where.keys():
        return None
    words = [table.columns[name].word(where[name]) for name in table.key]
    if len(words) == 1:
        return words[0]
    return None if None in words else ",".join(quote(word or "", safe="") for word in words)


def value_of(session: Session, database: Database, resource: Resource) -> object:
    """What a `row:`, `set:` or `key:` of this database holds now; None for anything else."""
    place, _, query = resource.name.partition("?")
    parts = [unquote(part) for part in place.split("/", 2)]
    table = database.tables().get(parts[1]) if len(parts) > 1 and parts[0] == database.name else None
    if table is None:
        return None
    if resource.scheme is Scheme.KEY:
        return session.numbering(table) if table.numbered else None
    if resource.scheme is Scheme.ROW and len(parts) == 3:
        texts = [unquote(part) for part in parts[2].split(",")] if len(table.key) > 1 else parts[2:]
        if len(texts) != len(table.key):
            return None
        found = session.select(table, dict(zip(table.key, texts, strict=True)))
        return found[0] if found else None
    if resource.scheme is not Scheme.SET:
        return None
    where = _conditions(table, query)
    return None if where is None else session.select(table, where, limit=VALUE_ROWS_MAX)


def _conditions(table: Table, query: str) -> Row | None:
    where: Row = {}
    for condition in query.split("&") if query else ():
        name, _, text = condition.partition("=")
        column = table.columns.get(unquote(name))
        if column is None:
            return None
        word = "" if text == "%" else unquote(text)
        where[column.name] = None if word == NOTHING else word
    return where
