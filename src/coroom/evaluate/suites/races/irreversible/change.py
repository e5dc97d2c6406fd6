"""What raising and announcing make of the shop as it stands. What is sent stays sent."""

import re


def change(unit: str, texts: dict[str, str]) -> dict[str, str]:
    price, sent = texts["shop/price.py"], texts.get("outbox/sent.txt", "")
    changed: dict[str, str] = {}
    if unit == "raise":
        price = price.replace("PRICE = 10", "PRICE = 12")
        changed["shop/price.py"] = price
    found = re.search(r"PRICE = (\d+)", price)
    line = f"the lamp costs {found[1] if found else 0}\n"
    if not sent.endswith(line) and (sent or unit == "announce"):
        changed["outbox/sent.txt"] = sent + (f"correction: {line}" if sent else line)
    return {path: text for path, text in changed.items() if texts.get(path) != text}
