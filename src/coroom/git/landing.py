"""Landing with git alone: a change waits in a queue of refs, and leaves it by landing or by being given back.

A change is in one place at a time, and every way from one to the next is one atomic change of refs:

    (its clone) -> refs/coroom/queue/ID -> main                 the claim ends in the same step
                                        -> refs/coroom/returned/ID

What is known of a change is in the message of a commit on top of it, so that one ref keeps both.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from urllib.parse import unquote

from coroom.core.errors import Fault
from coroom.core.resource import Resource
from coroom.git.claim_record import PREFIX, RECORD_BYTES_MAX, claim_ref, read_record
from coroom.git.command import Git
from coroom.git.commits import COMMITTER, SUBJECT_CHARS_MAX, is_ancestor, not_in, one_line
from coroom.git.mirror import email_of
from coroom.git.shared import NotPublished, Obstacle, Published, RefChange, SharedRefs

QUEUE = "refs/coroom/queue"
RETURNED = "refs/coroom/returned"

MESSAGE_BYTES_MAX = 1 << 16
TEXT_CHARS_MAX = 2_000
CLAIMS_MAX = 64
TRIES_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldClaim:
    """A claim as its holder had it: who, with which fence, and the id by which no other claim is known, whatever clock
    its fence came from. Renewing keeps all three, taking over changes them. Entries of old have no id.
    """

    ref: str
    holder: str
    fence: int
    claim: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A change that waits to land, or was given back (`why` and `kind` say for what reason).

    `id` sorts by age; `commit` is the one that describes it, `tip` what is to land on the branch `onto`. `checkout` is
    a word for where it came from: many agents of one machine may bear one name.
    """

    id: str
    commit: str
    tip: str
    onto: str
    agent: str
    task: str = ""
    title: str = ""
    claims: tuple[HeldClaim, ...] = ()
    kind: str = ""
    why: str = ""
    checkout: str = ""

    @property
    def ref(self) -> str:
        """Where it waits."""
        return f"{QUEUE}/{self.id}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a branch may become: one commit that holds what it stands on and every tip."""

    commit: str
    tree: str


@dataclass(frozen=True, slots=True)
class Clash:
    """A tip cannot be merged: the paths that both sides changed."""

    entry: Entry
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimLost:
    """Somebody else has what this entry's author held."""

    entry: Entry
    why: str


def submit(
    shared: SharedRefs,
    tip: str,
    *,
    onto: str,
    agent: str,
    task: str = "",
    title: str = "",
    claims: Sequence[HeldClaim] = (),
    checkout: str = "",
    now_ms: int = 0,
) -> Entry | NotPublished:
    """Put `tip` into the queue. From here on it is kept by the shared repository, whatever becomes of its author.

    Args:
        shared: where it lands.
        tip: a commit in `shared.git`.
        onto: the branch, by its short name.
        agent: the author's name.
        task: what it is for, if that has a name.
        title: a line for the history; by default the subject of `tip`.
        claims: what the author holds for it; it lands only while these are the author's, and they end with it.
        checkout: a word for where it came from.
        now_ms: the time since the epoch; 0 for now.

    Raises:
        GitFailed: there is no such commit, or the repository cannot be reached.
    """
    moment = now_ms or time.time_ns() // 1_000_000
    told = title or shared.git.line("log", "-1", "--format=%s", tip)
    entry = Entry(
        id=f"{moment:013d}-{token_hex(6)}",
        commit="",
        tip=tip,
        onto=onto,
        agent=agent,
        task=task,
        title=one_line(told)[:SUBJECT_CHARS_MAX],
        claims=tuple(claims),
        checkout=checkout,
    )
    entry = replace(entry, commit=_described(shared.git, entry))
    done = shared.publish([RefChange(entry.ref, entry.commit, "")])
    return done if isinstance(done, NotPublished) else entry


def queued(shared: SharedRefs, refs: Mapping[str, str] | None = None, below: str = QUEUE) -> list[Entry]:
    """The entries below a prefix, oldest first; refs that are no entries are passed over.

    Args:
        shared: the repository.
        refs: what was read there; read anew by default.
        below: `QUEUE` or `RETURNED`.

    Raises:
        GitFailed: it cannot be reached.
    """
    found = shared.read(below) if refs is None else refs
    mine = {ref: oid for ref, oid in found.items() if ref.startswith(below + "/")}
    listed = sorted(shared.fetch(mine).items())
    entries = (_entry(shared.git, ref.removeprefix(below + "/"), oid) for ref, oid in listed)
    return [entry for entry in entries if entry]


def give_back(shared: SharedRefs, entry: Entry, kind: str, why: str) -> Published | NotPublished:
    """Take an entry out of the queue and keep it, with the reason, for its author.

    Raises:
        GitFailed: the repository cannot be reached.
    """
    back = replace(entry, kind=kind, why=why[-TEXT_CHARS_MAX:])
    commit = _described(shared.git, back)
    changes = [RefChange(f"{RETURNED}/{entry.id}", commit, ""), RefChange(entry.ref, "", entry.commit)]
    return shared.publish(changes)


def forget(shared: SharedRefs, entry: Entry) -> Published | NotPublished:
    """Its author knows why it was given back.

    Raises:
        GitFailed: the repository cannot be reached.
    """
    return shared.publish([RefChange(f"{RETURNED}/{entry.id}", "", entry.commit)])


def candidate(git: Git, base: str, entries: Sequence[Entry]) -> Candidate | Clash:
    """Merge the tips into `base`, in order, without any checkout: one commit, with all of them as its parents.

    One commit, so that no commit of the branch is one that was not tested. Renames are followed, as `git merge` does.

    Raises:
        GitFailed: a commit is missing, or the disk is full.
    """
    reached, tree, parents = base, git.line("rev-parse", f"{base}^{{tree}}"), [base]
    for at, entry in enumerate(entries, 1):
        merged = git.run(
            "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", reached, entry.tip, expect=(0, 1)
        )
        before, (tree, *paths) = tree, os.fsdecode(merged.out).rstrip("\0").split("\0")
        if merged.code:
            return Clash(entry, tuple(dict.fromkeys(paths)))
        if tree != before or not is_ancestor(git, entry.tip, base):
            parents.append(entry.tip)
        if at < len(entries):
            reached = _commit(git, tree, (reached, entry.tip), "step", "")
    return Candidate(_commit(git, tree, parents, message_of(entries), entries[0].agent if entries else ""), tree)


def land(
    shared: SharedRefs, onto: str, base: str, made: str, entries: Sequence[Entry], options: Sequence[str] = ()
) -> Published | NotPublished | ClaimLost:
    """Move the branch from `base` to `made`, end the claims of the entries and take them out of the queue, in one step.

    Promises: either all of it or nothing; only while every claim is still held by who held it when the entry was
    queued, with the same fence; and what is landed is proven to be in the branch before it counts.

    Raises:
        GitFailed: the repository cannot be reached.
        Fault: `made` does not contain what it should; nothing was moved.
    """
    for commit in not_in(shared.git, [*filter(None, [base]), *(entry.tip for entry in entries)], made):
        raise Fault(f"{made[:12]} does not contain {commit[:12]}; nothing has landed")
    for _ in range(TRIES_MAX):
        held = held_claims(shared, entries)
        if isinstance(held, ClaimLost):
            return held
        done = shared.publish(
            [
                RefChange(f"refs/heads/{onto}", made, base),
                *(RefChange(entry.ref, "", entry.commit) for entry in entries),
                *(RefChange(ref, "", oid) for ref, oid in held.items()),
            ],
            options,
        )
        renewed = isinstance(done, NotPublished) and done.obstacle is Obstacle.STALE and set(done.refs) <= set(held)
        if not renewed:
            return done
    return NotPublished(Obstacle.STALE, "a claim was renewed again and again meanwhile")


def held_claims(shared: SharedRefs, entries: Iterable[Entry]) -> Mapping[str, str] | ClaimLost:
    """Where the claims of the entries stand now, or whose has been lost.

    Raises:
        GitFailed: the repository cannot be reached.
    """
    listed = list(entries)
    refs, claims = _claims_at(shared, sorted({claim.ref for entry in listed for claim in entry.claims}))
    for entry in listed:
        for claim in entry.claims:
            now = claims.get(claim.ref)
            if now is None or now != replace(claim, claim=claim.claim or now.claim):
                by = "by another claim" if now and now.holder == claim.holder else ""
                holder = f"{now.holder} holds it {by}".rstrip() if now else "nobody holds it"
                return ClaimLost(entry, f"{claim.holder} no longer holds {_shown(claim.ref)}: {holder} now")
    return refs


def _claims_at(shared: SharedRefs, wanted: Sequence[str]) -> tuple[Mapping[str, str], Mapping[str, HeldClaim]]:
    """Where those of the refs stand that there are, and the claim that each describes.

    A ref is fetched by its name. One that was renewed between the look and the fetch comes as it is now, without the
    object that was seen; it is looked at again, since it is no less its holder's.
    """
    for _ in range(TRIES_MAX):
        refs = shared.fetch(shared.read(*wanted)) if wanted else {}
        words = {ref: _words_at(shared.git, oid) for ref, oid in refs.items()}
        if None not in words.values():
            break
    return refs, {ref: _claim_of(ref, refs[ref], said or b"") for ref, said in words.items()}


def _words_at(git: Git, oid: str) -> bytes | None:
    """What an object says; None when it is not here, or no blob."""
    found = git.run("cat-file", "blob", oid, expect=(0, 1, 128), out_bytes_max=RECORD_BYTES_MAX)
    return found.out if found.code == 0 else None


def _claim_of(ref: str, oid: str, words: bytes) -> HeldClaim:
    record = read_record(ref, oid, words)
    return HeldClaim(ref=ref, holder=record.holder, fence=record.fence, claim=record.claim)


def claims_of(
    shared: SharedRefs, holder: str, resources: Iterable[Resource], named: str = ""
) -> tuple[HeldClaim, ...] | Resource:
    """The claims on these resources as `holder` has them now, or the first resource that it does not hold; `named`: by
    the claim of this id and no other of its name.

    Raises:
        GitFailed: the repository cannot be reached.
    """
    wanted = {claim_ref(resource): resource for resource in resources}
    _, claims = _claims_at(shared, tuple(wanted))
    found = []
    for ref, resource in wanted.items():
        claim = claims.get(ref)
        if claim is None or claim.holder != holder or (named and claim.claim != named):
            return resource
        found.append(claim)
    return tuple(found)


def _shown(ref: str) -> str:
    return unquote(ref.removeprefix(PREFIX))


def settle(shared: SharedRefs, onto: str, entries: Iterable[Entry], main: str) -> list[Entry]:
    """Finish what a killed lander left half done, and return the entries that are still to land on `onto`.

    An entry whose tip is in the branch has landed: it leaves the queue, and its claims end if they are still its own.

    Raises:
        GitFailed: the repository cannot be reached.
    """
    waiting = []
    for entry in entries:
        if entry.onto != onto:
            continue
        if not (main and is_ancestor(shared.git, entry.tip, main)):
            waiting.append(entry)
            continue
        held = held_claims(shared, [entry])
        ended = {} if isinstance(held, ClaimLost) else held
        changes = [RefChange(entry.ref, "", entry.commit), *(RefChange(ref, "", oid) for ref, oid in ended.items())]
        shared.publish(changes)
    return waiting


def message_of(entries: Sequence[Entry]) -> str:
    """The message of a landing: what landed, and trailers that name each task and agent."""
    titles = [one_line(entry.title) or f"Work of {entry.agent}" for entry in entries]
    subject = titles[0] if len(titles) == 1 else f"Land {len(titles)} changes"
    body = [] if len(titles) == 1 else ["\n".join(f"- {title}" for title in titles)]
    trailers = []
    for entry in entries:
        trailers += [f"Coroom-Task: {one_line(entry.task)}"] if entry.task else []
        trailers += [f"Coroom-Agent: {one_line(entry.agent)}", f"Coroom-Change: {entry.id}"]
    return "\n\n".join([subject[:SUBJECT_CHARS_MAX], *body, "\n".join(trailers)]) + "\n"


def _commit(git: Git, tree: str, parents: Iterable[str], message: str, agent: str) -> str:
    name, _, rest = COMMITTER.partition(" <")
    author = (one_line(agent) or name, email_of(one_line(agent)) if agent else rest.rstrip(">"))
    identity = {
        "user.name": name,
        "user.email": rest.rstrip(">"),
        "author.name": author[0],
        "author.email": author[1],
    }
    given = [option for parent in dict.fromkeys(parents) for option in ("-p", parent)]
    return git.run(
        "commit-tree", tree, *given, "-F", "-", stdin=message.encode("utf-8", "replace"), config=identity
    ).line


def _described(git: Git, entry: Entry) -> str:
    facts = {
        "onto": entry.onto,
        "agent": entry.agent,
        "task": entry.task,
        "title": entry.title,
        "claims": [{"ref": c.ref, "holder": c.holder, "fence": c.fence, "claim": c.claim} for c in entry.claims],
        "kind": entry.kind,
        "why": entry.why,
        "checkout": entry.checkout,
    }
    message = f"coroom: a change for {one_line(entry.onto)}\n\n{json.dumps(facts, ensure_ascii=True)}\n"
    return _commit(git, f"{entry.tip}^{{tree}}", (entry.tip,), message, entry.agent)


def _entry(git: Git, name: str, oid: str) -> Entry | None:
    """The entry that a commit describes. Anybody may have written it: what is not as it should be is no entry."""
    found = git.run("log", "-1", "--format=%P%n%B", oid, expect=(0, 128), out_bytes_max=MESSAGE_BYTES_MAX)
    parents, _, message = found.out.decode("utf-8", "replace").partition("\n")
    try:
        told = json.loads(message.partition("\n\n")[2])
        claims = tuple(
            HeldClaim(
                ref=str(one["ref"]), holder=str(one["holder"]), fence=int(one["fence"]), claim=str(one.get("claim", ""))
            )
            for one in told["claims"][:CLAIMS_MAX]
        )
        texts = {key: str(told[key])[:TEXT_CHARS_MAX] for key in ("onto", "agent", "task", "title", "kind", "why")}
        texts["checkout"] = str(told.get("checkout", ""))[:TEXT_CHARS_MAX]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if len(parents.split()) != 1 or not all(claim.ref.startswith(PREFIX) for claim in claims):
        return None
    return Entry(id=name, commit=oid, tip=parents.strip(), claims=claims, **texts)
