"""What a report says of trials with real agents: which they were, what the harness took, what may not be concluded."""

from collections.abc import Mapping, Sequence
from statistics import median

from coroom.evaluate.trial import TrialResult


def harness_line(found: Sequence[TrialResult]) -> str:
    """What the harness took beyond the agents' time; empty where no trial tells."""
    told = [r.metrics for r in found if not r.infrastructure and "harness_share" in r.metrics]
    if not told:
        return ""
    took, shares = [m["harness_s"] for m in told], [m["harness_share"] for m in told]
    return (
        f"Harness: {median(took):.1f} s a trial (median; at most {max(took):.1f} s), "
        f"{median(shares):.1%} of its wall time (at most {max(shares):.1%})."
    )


def setting_lines(found: Sequence[TrialResult], about: Mapping[str, str]) -> list[str]:
    """Who worked, in which versions, how bounded; nothing for synthetic agents."""
    if "versions" not in about:
        return []
    model = f", model {about['model']}" if about.get("model") else ""
    versions = f" ({about['versions']})" if about["versions"] else ""
    lines = [f"Agents: {about['agent']}{versions}{model}; isolation {about['isolation']}; bounds {about['bounds']}."]
    return [*lines, *filter(None, [harness_line(found)])]


def real_notes(agents: Sequence[str]) -> list[str]:
    """What may not be concluded from trials with these agents."""
    notes = []
    if any(agent.startswith("tape") for agent in agents):
        notes.append(
            "Tapes play again what was recorded once. They test the room and this harness; they are no further trials "
            "of a model, and an interval over them says nothing."
        )
    if any(not agent.startswith(("tape", "synthetic")) for agent in agents):
        notes.append(
            "Who answers under a model's name changes without notice, and so do its speed and its limits: trials of "
            "other days, machines or versions are other trials."
        )
    return notes
