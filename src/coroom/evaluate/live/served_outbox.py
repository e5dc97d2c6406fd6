"""The tool of an office that sends mail, in a room of its own process: what is sent is sent."""

import json
from pathlib import Path

from coroom.core.resource import Resource
from coroom.tools.registry import tool

SENT = Path(__file__).with_name("sent.jsonl")


def _sent() -> list[dict[str, object]]:
    return [json.loads(line) for line in SENT.read_text(encoding="utf-8").splitlines()]


@tool(writes="key:mail/{to}", effect="irreversible", name="office_send")
def send(to: str, amount: int, call_id: str = "") -> str:
    """Send an invoice over an amount to a customer. It cannot be taken back."""
    if call_id not in {one["call"] for one in _sent()}:
        with SENT.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"call": call_id, "mail": {"to": to, "amount": amount}}) + "\n")
    return "sent"


@send.probe
def was_sent(call_id: str) -> str | None:
    """What became of a call whose outcome was lost."""
    return "sent" if call_id in {one["call"] for one in _sent()} else None


@send.value
def look(resource: Resource) -> list[object]:
    """What a customer was sent."""
    to = resource.name.removeprefix("mail/")
    return [one["mail"] for one in _sent() if isinstance(one["mail"], dict) and one["mail"]["to"] == to]
