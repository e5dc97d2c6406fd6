"""The colour it has."""

ENDS = {
    "work": ((0xC0, 0x39, 0x2B), (0xE6, 0x7E, 0x22)),
    "short": ((0x1E, 0x84, 0x49), (0x58, 0xD6, 0x8D)),
    "long": ((0x1F, 0x61, 0x8D), (0x85, 0xC1, 0xE9)),
}


def colour(mode: str, fraction: float) -> str:
    """Between the mode's two ends."""
    if mode not in ENDS:
        message = f"no mode: {mode}"
        raise ValueError(message)
    share = min(max(fraction, 0.0), 1.0)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(*ENDS[mode], strict=True))
