"""The room's answers in each client's own JSON."""

from collections.abc import Mapping

from coroom.core.codec import Json
from coroom.hooks.clients import Client

Words = dict[str, Json]


def deny(client: Client, why: str) -> Words:
    """The tool must not run, and the model reads why."""
    match client.name:
        case "gemini":
            return {"decision": "deny", "reason": why}
        case "cursor":
            return {"permission": "deny", "agent_message": why, "user_message": why}
        case "plain":
            return {"allow": False, "why": why}
        case _:
            decided = {"permissionDecision": "deny", "permissionDecisionReason": why}
            return {"hookSpecificOutput": {"hookEventName": client.events["before"], **decided}}


def allow(client: Client) -> Words:
    """The tool may run as far as the room is concerned; the client's own permissions stay as they are."""
    return {"allow": True} if client.name == "plain" else {}


def tell(client: Client, moment: str, event: Mapping[str, Json], news: str) -> Words:
    """News for the model, at the start or after a tool; nothing when there is none."""
    if not news:
        return {}
    if client.name == "cursor":
        return {"additional_context": news}
    if client.name == "plain":
        return {"news": news}
    # A call that failed has an event of its own at Claude Code, which wants that name back.
    given = event.get("hook_event_name")
    name = given if isinstance(given, str) and given else client.events[moment]
    return {"hookSpecificOutput": {"hookEventName": name, "additionalContext": news}}


def keep_going(client: Client, news: str) -> Words:
    """The turn is not over: there is something unread."""
    match client.name:
        case "cursor":
            return {"followup_message": news}
        case "plain":
            return {"stop": False, "news": news}
        case "gemini":
            return {"decision": "deny", "reason": news}
        case _:
            return {"decision": "block", "reason": news}


def let_stop(client: Client) -> Words:
    """The turn may end."""
    return {"stop": True} if client.name == "plain" else {}
