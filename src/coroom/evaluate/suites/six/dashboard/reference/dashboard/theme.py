"""Light and dark."""

LIGHT = {"background": "#ffffff", "text": "#1a1a1a", "accent": "#1f5fbf", "grid": "#d0d0d0"}
DARK = {"background": "#14171a", "text": "#f2f2f2", "accent": "#7db2ff", "grid": "#3a3f45"}


def _luminance(colour: str) -> float:
    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour[1:3]) + 0.7152 * linear(colour[3:5]) + 0.0722 * linear(colour[5:7])


def contrast(a: str, b: str) -> float:
    """By WCAG 2."""
    dark, light = sorted((_luminance(a), _luminance(b)))
    return (light + 0.05) / (dark + 0.05)


class Theme:
    """Which of the two."""

    def __init__(self) -> None:
        self.name = "light"

    @property
    def colours(self) -> dict[str, str]:
        """Its colours."""
        return LIGHT if self.name == "light" else DARK

    def toggle(self) -> str:
        """The other one."""
        self.name = "dark" if self.name == "light" else "light"
        return self.name
