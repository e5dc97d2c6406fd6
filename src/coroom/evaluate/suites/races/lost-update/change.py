"""What entering a feature makes of the two files as they stand."""

import re


def change(unit: str, texts: dict[str, str]) -> dict[str, str]:
    changes, build = texts.get("product/CHANGES.md", ""), texts["product/build.py"]
    if f"- {unit}\n" in changes:
        return {}
    raised = re.sub(r"BUILD = (\d+)", lambda found: f"BUILD = {int(found[1]) + 1}", build)
    return {"product/build.py": raised, "product/CHANGES.md": f"{changes}- {unit}\n"}
