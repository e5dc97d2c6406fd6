"""Every bound the room enforces, each with its reason (promise room:bounded)."""

from coroom.core.quick import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one room; written into the log when it opens, so that a replay enforces the same."""

    agents_max: int = 256
    """A room of hundreds is the goal; more is a leak of identities."""

    claim_resources_max: int = 64
    """All-or-nothing over more is a plan, not a claim; it would make every refusal unreadable."""

    claims_per_agent_max: int = 64
    """An agent that holds more holds the room."""

    claim_ttl_ms_default: int = 120_000
    """Longer than any one tool call of the clients we tried, short enough that a dead agent is soon passed."""

    claim_ttl_ms_max: int = 3_600_000
    """An hour without a sign of life is death."""

    name_chars_max: int = 64
    """Agent names and operation ids appear in every line of the log."""

    resource_chars_max: int = 4_200
    """A path of PATH_MAX bytes, a scheme and a symbol."""

    text_chars_max: int = 4_000
    """A message is a note, not a document; files carry documents."""

    title_chars_max: int = 200
    """One line."""

    description_chars_max: int = 20_000
    """A task text from an issue tracker, whole."""

    tasks_max: int = 10_000
    """Board and near-duplicate search stay well under a frame."""

    task_touches_max: int = 64
    """As many as a claim may hold, since a task's touch-set becomes one."""

    attempts_kept_max: int = 20
    """A task that came back more often needs a person, not a longer history."""

    inbox_notices_max: int = 500
    """An agent that reads nothing must not grow the room; the oldest observed notices go first."""

    notices_kept_max: int = 1_000
    """What board and page show; older ones stay in the log."""

    operations_per_agent_max: int = 256
    """A client repeats its last call, not last week's."""

    result_chars_kept_max: int = 20_000
    """What a call gave is kept for a repeat after it is final, unless that is longer: the log has it."""

    reads_per_agent_max: int = 5_000
    """Files an agent is remembered to have read; the oldest go first."""

    ended_kept_max: int = 1_000
    """Ended actions, settled held edits, closed findings and verdicts that are remembered of each; the log has all."""

    held_open_max: int = 1_000
    """Held edits are handed back; a thousand open ones mean nobody is working."""

    wanted_max: int = 256
    """Refused claimants who are told when the resource is free."""

    tools_max: int = 256
    """A library that nobody can survey is asked for what it already has."""

    messages_per_minute_max: int = 120
    """Two a second for a minute: beyond that somebody loops."""
