"""Rows of a SQL database as tools: select, insert, update, add, delete; undone by what they write down beside the deed.

What a call changed, row by row before and after, is stored in the table `coroom_calls` of the same database and in the
same transaction as the change. So nobody can come between the look and the deed, a call is performed once however
often it is tried, and what became of it can always be told. Undo locks the rows, compares them with what the call
left, and restores all of them or none.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint, Resource
from coroom.core.tool import NotPerformed, Performed, Probed, ToolCall, ToolSpec, canonical
from coroom.ports import OutsideChange, ToolFailed, UndoFailed
from coroom.tools import naming
from coroom.tools.registry import Toolbox, digest
from coroom.tools.signature import Signature
from coroom.tools.sql_schema import Database, Reference, Row, Session, Table
from coroom.tools.sql_values import key_text, named_rows, value_of

Scalar = None | bool | int | float | str
Where = dict[str, Scalar]

ROWS_MAX = 1_000
"""More rows than an agent can take in; a call that would change more is refused."""

_DONE, _UNDONE = "done", "undone"


def sql_tools(database: Database) -> Toolbox:
    """The five tools of one database, named after it: `shop_select`, `shop_insert` and so on."""
    return Toolbox([Select(database), Insert(database), Update(database), Add(database), Delete(database)])


class SqlTool(ABC):
    """What the five have in common: checking, the transaction, undo, probe and look."""

    verb: ClassVar[str]
    about: ClassVar[str]

    def __init__(self, database: Database) -> None:
        self._database = database
        self._signature = Signature(self._form())
        tables = ", ".join(
            f"{table.name}({', '.join(table.columns)}; key {', '.join(table.key)})"
            for table in database.tables().values()
        )
        self.spec = ToolSpec(
            name=f"{database.name}_{self.verb}",
            description=f"{self.about} Tables of {database.name}: {tables or 'none'}.",
            effect=Effect.REPLAYABLE,
            schema=self._signature.schema(),
            undoable=True,
            reads_value=self.verb == "select",
        )

    @abstractmethod
    def _form(self) -> Callable[..., object]: ...

    @abstractmethod
    def _touches(self, table: Table, given: Mapping[str, Row]) -> Footprint | Refused: ...

    @abstractmethod
    def _act(self, session: Session, table: Table, given: Mapping[str, Row]) -> tuple[object, "Change"]: ...

    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`."""
        read = self._read(arguments)
        return read if isinstance(read, Refused) else self._touches(*read)

    def prepare(self, call: ToolCall) -> str:
        """See `ports.Tool.prepare`: what undo needs is written by `perform`, in one transaction with the change."""
        read = self._read(call.arguments)
        if isinstance(read, Refused):
            raise ToolFailed(str(read))
        return "{}"

    def perform(self, call: ToolCall, prepared: str) -> str:  # noqa: ARG002  see prepare
        """See `ports.Tool.perform`."""
        read = self._read(call.arguments)
        if isinstance(read, Refused):
            raise ToolFailed(str(read))
        try:
            with self._database.transaction() as session:
                known = session.call(call.id)
                if known and known[0] == _DONE:
                    return known[1]
                returned, change = self._act(session, *read)
                result = canonical(returned)
                if self.verb != "select":
                    session.keep_call(call.id, _DONE, result, canonical(change))
                return result
        except self._database.failures as error:
            raise ToolFailed(f"The database declined: {str(error).splitlines()[0]}") from error

    def undo(self, call: ToolCall, prepared: str, result: str) -> None:  # noqa: ARG002  see prepare
        """See `ports.Tool.undo`."""
        try:
            with self._database.transaction() as session:
                known = session.call(call.id)
                if known is None or known[0] == _UNDONE:
                    return
                change = json.loads(known[2])
                table = self._database.tables()[change["table"]]
                for row in reversed(change["rows"]):
                    self._put_back(session, table, row["before"], row["after"])
                if "numbering" in change:
                    session.renumber(table, change["numbering"]["after"], change["numbering"]["before"])
                session.keep_call(call.id, _UNDONE, "", known[2])
        except self._database.failures as error:
            raise UndoFailed(f"The database declined: {str(error).splitlines()[0]}") from error

    def forget(self, calls: tuple[str, ...]) -> None:
        """See `ports.Forgets`."""
        with self._database.transaction() as session:
            for call in calls:
                session.drop_call(call)

    def probe(self, call: ToolCall, prepared: str) -> Probed:  # noqa: ARG002  see prepare
        """See `ports.Tool.probe`."""
        with self._database.transaction() as session:
            known = session.call(call.id)
        return Performed(known[1]) if known and known[0] == _DONE else NotPerformed()

    def image(self, resource: Resource) -> str:
        """See `ports.Tool.image`."""
        return digest(self.value(resource))

    def value(self, resource: Resource) -> str:
        """See `ports.Tool.value`: a row, the rows of a predicate, or where an allocator stands."""
        with self._database.transaction() as session:
            return canonical(value_of(session, self._database, resource))

    def _read(self, arguments: str) -> tuple[Table, Mapping[str, Row]] | Refused:
        given = self._signature.read(arguments)
        if isinstance(given, Refused):
            return given
        tables = self._database.tables()
        table = tables.get(str(given.pop("table")))
        if table is None:
            return _bad(f"{self._database.name} has no such table.", f"It has {', '.join(tables) or 'none'}.")
        if table.unseen and self.verb != "select":
            return Refused(Code.FORBIDDEN, f"{table.name} cannot be written here: {table.unseen}.", "Use another way.")
        columns: dict[str, Row] = {name: dict(part) for name, part in given.items() if isinstance(part, dict)}
        for part in columns.values():
            strange = [name for name in part if name not in table.columns]
            if strange:
                return _bad(f"{table.name} has no column '{strange[0]:.60}'.", f"It has {', '.join(table.columns)}.")
        return self._sound(table, columns) or (table, columns)

    def _sound(self, table: Table, given: Mapping[str, Row]) -> Refused | None:
        changed = [name for part in ("set", "add") for name in given.get(part, ()) if name in table.key]
        if changed:
            return _bad(
                f"'{changed[0]}' is the key of {table.name}, which is not changed.", "Delete and insert instead."
            )
        if any(part in given and not given[part] for part in ("set", "add", "values")):
            return _bad("There is nothing to write.", "Name at least one column.")
        return None

    def _addressed(self, table: Table, where: Row) -> Resource | Refused:
        key = key_text(table, where)
        if key is not None:
            return naming.row(self._database.name, table.name, key)
        return named_rows(self._database.name, table, where)

    def _put_back(self, session: Session, table: Table, before: Row | None, after: Row | None) -> None:
        standing = after or before
        assert standing is not None
        key = {name: standing[name] for name in table.key}
        found = session.select(table, key, for_change=True)
        if found != ([after] if after else []):
            named = self._addressed(table, key)
            assert isinstance(named, Resource)
            raise OutsideChange(named, "the row is not what the call left.")
        if before is None:
            session.delete(table, key)
        elif after is None:
            session.insert(table, before)
        else:
            session.update(table, key, {name: value for name, value in before.items() if name not in key}, {})

    def _checked(self, links: Iterable[Reference], values: Row) -> Iterator[Resource | Refused]:
        """The rows of other tables that the database looks up, for foreign keys with these values."""
        for link in links:
            other = self._database.tables()[link.other]
            known = {
                theirs: values[mine] for mine, theirs in zip(link.mine, link.theirs, strict=True) if mine in values
            }
            key = None if None in known.values() else key_text(other, known)
            if key is not None and len(known) == len(other.key):
                yield naming.row(self._database.name, other.name, key)
            else:
                yield named_rows(self._database.name, other, known)

    def _writes(self, *named: Resource | Refused, checks: Iterable[Resource | Refused] = ()) -> Footprint | Refused:
        """What is written is read as well, and what is looked up for it."""
        resources, looked_up = [], []
        for resource in named:
            if isinstance(resource, Refused):
                return resource
            resources.append(resource)
        for resource in checks:
            if isinstance(resource, Refused):
                return resource
            looked_up.append(resource)
        writes = tuple(dict.fromkeys(resources))
        return Footprint(tuple(dict.fromkeys((*writes, *looked_up))), writes)


Change = dict[str, object]
"""What a call changed: the table, its rows before and after, and how its allocator moved."""


class Select(SqlTool):
    """Reads rows."""

    verb = "select"
    about = f"Rows of a table that have these values (all rows without any), ordered by key, {ROWS_MAX} at most."

    def _form(self) -> Callable[..., object]:
        def select(table: str, where: Where = {}) -> object:  # noqa: B006  read for its hints only
            ...

        return select

    def _touches(self, table: Table, given: Mapping[str, Row]) -> Footprint | Refused:
        named = named_rows(self._database.name, table, given["where"])
        return named if isinstance(named, Refused) else Footprint((named,))

    def _sound(self, table: Table, given: Mapping[str, Row]) -> Refused | None:
        unsure = [name for name, value in given["where"].items() if table.columns[name].word(value) is None]
        if unsure:
            why = f"Rows cannot be selected by '{unsure[0]}': its values have no one way of being written."
            return _bad(why, "Select by columns of whole numbers and text, and look through what comes back.")
        return None

    def _act(self, session: Session, table: Table, given: Mapping[str, Row]) -> tuple[object, Change]:
        return session.select(table, given["where"], limit=ROWS_MAX), {}


class Insert(SqlTool):
    """Adds one row."""

    verb = "insert"
    about = "Add one row. A key that the database numbers may be left out; the answer names it."

    def _form(self) -> Callable[..., object]:
        def insert(table: str, values: Where) -> object: ...

        return insert

    def _sound(self, table: Table, given: Mapping[str, Row]) -> Refused | None:
        missing = [name for name in table.key if name not in given["values"] and name != table.numbered]
        if missing:
            return _bad(f"A row of {table.name} needs its key '{missing[0]}'.", "Give it among the values.")
        return super()._sound(table, given)

    def _touches(self, table: Table, given: Mapping[str, Row]) -> Footprint | Refused:
        values = given["values"]
        added = named_rows(self._database.name, table, values)
        # A row that comes may be one that others refer to already, where that is looked at later.
        checks = (*self._checked(table.refers, values), *self._checked(table.referred, values))
        if table.numbered:
            return self._writes(added, naming.allocator(self._database.name, table.name), checks=checks)
        return self._writes(added, checks=checks)

    def _act(self, session: Session, table: Table, given: Mapping[str, Row]) -> tuple[object, Change]:
        change: Change = {"table": table.name}
        numbering = session.numbering(table) if table.numbered else ""
        key = session.insert(table, given["values"])
        if table.numbered:
            change["numbering"] = {"before": numbering, "after": session.numbering(table)}
        change["rows"] = [{"before": None, "after": session.select(table, key)[0]}]
        return {"key": key}, change


class _Changing(SqlTool):
    def _touches(self, table: Table, given: Mapping[str, Row]) -> Footprint | Refused:
        where = given["where"]
        added, changed = given.get("add", {}), given.get("set", {})
        kept = {name: value for name, value in where.items() if name not in added}
        touched = {*added, *changed} or {*table.columns}
        refers = [link for link in table.refers if touched & {*link.mine}] if added or changed else []
        referred = [link for link in table.referred if touched & {*link.mine}]
        checks = (*self._checked(refers, changed), *self._checked(referred, kept if added or changed else where))
        return self._writes(self._addressed(table, where), self._addressed(table, kept | changed), checks=checks)

    def _act(self, session: Session, table: Table, given: Mapping[str, Row]) -> tuple[object, Change]:
        found = session.select(table, given["where"], for_change=True, limit=ROWS_MAX + 1)
        if len(found) > ROWS_MAX:
            raise ToolFailed(f"More than {ROWS_MAX} rows have these values; say more narrowly which ones you mean.")
        rows: list[Row] = []
        for before in found:
            key = {name: before[name] for name in table.key}
            self._change(session, table, key, given)
            left = session.select(table, key)
            rows.append({"before": before, "after": left[0] if left else None})
        changed = [row for row in rows if row["before"] != row["after"]]
        keys = [{name: before[name] for name in table.key} for before in found]
        return {"keys": keys}, {"table": table.name, "rows": changed}

    @abstractmethod
    def _change(self, session: Session, table: Table, key: Row, given: Mapping[str, Row]) -> None: ...


class Update(_Changing):
    """Sets columns."""

    verb = "update"
    about = "Set columns of the rows that have these values. Answers with the keys of those rows."

    def _form(self) -> Callable[..., object]:
        def update(table: str, where: Where, set: Where) -> object:  # noqa: A002  read for its hints only
            ...

        return update

    def _change(self, session: Session, table: Table, key: Row, given: Mapping[str, Row]) -> None:
        session.update(table, key, given["set"], {})


class Add(_Changing):
    """Adds to numbers."""

    verb = "add"
    about = "Add to numbers in the rows that have these values (a negative number takes away). Answers with their keys."

    def _form(self) -> Callable[..., object]:
        def add(table: str, where: Where, add: dict[str, int | float]) -> object: ...

        return add

    def _change(self, session: Session, table: Table, key: Row, given: Mapping[str, Row]) -> None:
        session.update(table, key, {}, given["add"])


class Delete(_Changing):
    """Removes rows."""

    verb = "delete"
    about = "Delete the rows that have these values. Answers with their keys."

    def _form(self) -> Callable[..., object]:
        def delete(table: str, where: Where) -> object: ...

        return delete

    def _change(self, session: Session, table: Table, key: Row, given: Mapping[str, Row]) -> None:  # noqa: ARG002
        session.delete(table, key)


def _bad(why: str, next_step: str) -> Refused:
    return Refused(Code.BAD_INPUT, why, next_step)
