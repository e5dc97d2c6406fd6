"""What each part makes of the library as it stands: callers call area as it is declared there and then."""

OLD = '"""Areas."""\n\n\ndef area(width, height):\n    return width * height\n'
NEW = '"""Areas."""\n\n\ndef area(size):\n    return size[0] * size[1]\n'
CALLERS = {
    "report": '"""Reports."""\n\nfrom geometry.area import area\n\n\ndef report(sizes):\n    return sum(area(%s) for size in sizes)\n',
    "fence": (
        '"""Fences."""\n\nfrom geometry.area import area\n\n\n'
        "def fence(size):\n    return 2 * (size[0] + size[1]) if area(%s) else 0\n"
    ),
}


def change(unit: str, texts: dict[str, str]) -> dict[str, str]:
    if unit == "shape":
        changed = {"geometry/area.py": NEW}
        for caller in CALLERS:
            path = f"geometry/{caller}.py"
            if path in texts:
                changed[path] = texts[path].replace("area(*size)", "area(size)")
        return {path: text for path, text in changed.items() if texts.get(path) != text}
    path = f"geometry/{unit}.py"
    wanted = CALLERS[unit] % ("size" if "def area(size)" in texts["geometry/area.py"] else "*size")
    return {} if texts.get(path) == wanted else {path: wanted}
