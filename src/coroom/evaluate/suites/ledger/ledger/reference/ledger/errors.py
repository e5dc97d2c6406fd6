"""How things are refused."""

CODES = frozenset({"bad-input", "unknown", "duplicate", "unbalanced", "closed", "forbidden", "currency", "insufficient"})


class Refused(Exception):
    """Nothing was changed, and why."""

    def __init__(self, code: str, why: str) -> None:
        if code not in CODES:
            message = f"no code: {code}"
            raise ValueError(message)
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why
