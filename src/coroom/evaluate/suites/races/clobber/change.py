"""What adding a handler makes of the registry as it stands: the whole file anew."""

import re


def change(unit: str, texts: dict[str, str]) -> dict[str, str]:
    names = set(re.findall(r'"(\w+)": "handle_', texts["app/registry.py"]))
    every = sorted(names | {unit})
    lines = "".join(f'    "{name}": "handle_{name}",\n' for name in every)
    wanted = f"HANDLERS = {{\n{lines}}}\nCOUNT = {len(every)}\n"
    return {} if wanted == texts["app/registry.py"] else {"app/registry.py": wanted}
