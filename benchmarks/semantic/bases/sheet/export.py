from refs import column_letters, split_ref


def grid(sheet):
    corners = [split_ref(ref) for ref in sheet.used()]
    width = max((c for c, _ in corners), default=0)
    height = max((r for _, r in corners), default=0)
    return [
        [sheet.value(column_letters(c) + str(r)) for c in range(1, width + 1)]
        for r in range(1, height + 1)
    ]


def to_csv(sheet) -> str:
    lines = []
    for row in grid(sheet):
        lines.append(",".join("" if v is None else str(v) for v in row))
    return "\n".join(lines)
