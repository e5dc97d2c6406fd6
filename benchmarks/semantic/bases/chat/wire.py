from urllib.parse import quote, unquote


def encode(kind, **fields):
    parts = [kind]
    for key in sorted(fields):
        parts.append("%s=%s" % (key, quote(str(fields[key]))))
    return " ".join(parts)


def decode(line):
    kind, *pairs = line.split(" ")
    fields = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        fields[key] = unquote(value)
    return kind, fields
