"""What adding a route makes of the site as it stands."""

import re


def change(unit: str, texts: dict[str, str]) -> dict[str, str]:
    routes, count = texts["pages/routes.py"], texts["pages/count.py"]
    if f"    {unit},\n" in routes:
        return {}
    names = [*re.findall(r"^    (\w+),$", routes, re.MULTILINE), unit]
    imports = "".join(f"from pages import {name}\n" for name in names)
    listed = "".join(f"    {name},\n" for name in names)
    raised = re.sub(r"COUNT = (\d+)", lambda found: f"COUNT = {int(found[1]) + 1}", count)
    return {
        f"pages/{unit}.py": f'"""A route."""\n\n\ndef handle() -> str:\n    return "{unit}"\n',
        "pages/routes.py": f'"""Every route of the site."""\n\n{imports}\nROUTES = [\n{listed}]\n',
        "pages/count.py": raised,
    }
