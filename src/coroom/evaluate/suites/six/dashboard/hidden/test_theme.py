import re

import pytest
from dashboard.theme import DARK, LIGHT, Theme, contrast


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ff0000", "#ffffff") == contrast("#ffffff", "#ff0000") == pytest.approx(4.0, abs=0.01)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_both_themes_can_be_read(colours: dict[str, str]) -> None:
    assert set(colours) == {"background", "text", "accent", "grid"}
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours.values())
    assert contrast(colours["text"], colours["background"]) >= 7
    assert contrast(colours["accent"], colours["background"]) >= 3


def test_toggling_is_its_own_inverse() -> None:
    theme = Theme()
    assert (theme.name, theme.colours) == ("light", LIGHT)
    assert theme.toggle() == "dark"
    assert theme.colours == DARK
    assert theme.toggle() == "light"
