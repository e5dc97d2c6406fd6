"""Which files a shell command probably reads: a guess, since clients without a read tool read with `cat` and `sed`."""

import shlex
from itertools import pairwise

_READERS = {"cat", "head", "tail", "less", "more", "nl", "bat", "wc", "tac", "od", "xxd", "file", "diff", "cmp"}
_READERS_AFTER_PATTERN = {"sed", "grep", "rg", "egrep", "fgrep", "awk", "jq"}
_SEPARATORS = {"|", "||", "&", "&&", ";", "\n", "(", ")"}
_NO_READ_AFTER = {"-e", ">", ">>", "<<", "<<<", ">|", "<>", ">&", "&>"}
_COMMAND_CHARS_MAX = 20_000
_PATHS_MAX = 64


def read_by(command: str) -> tuple[str, ...]:
    """The arguments of well-known reading programs that look like paths. Wrong guesses cost a needless notice."""
    try:
        words = shlex.shlex(command[:_COMMAND_CHARS_MAX], posix=True, punctuation_chars="|&;()<>\n")
        words.whitespace = " \t\r"
        words.commenters = ""
        words.whitespace_split = True
        tokens = list(words)
    except ValueError:
        return ()
    found: list[str] = []
    simple: list[str] = []
    for token in [*tokens, ";"]:
        if token in _SEPARATORS:
            found += _read_by_one(simple)
            simple = []
        else:
            simple.append(token)
    return tuple(dict.fromkeys(found))[:_PATHS_MAX]


def _read_by_one(words: list[str]) -> list[str]:
    words = [word for word in words if word not in {"sudo", "command", "exec", "time"}]
    if not words:
        return []
    program = words[0].rpartition("/")[2]
    if program not in _READERS | _READERS_AFTER_PATTERN:
        return []
    plain = [
        word
        for before, word in pairwise(words)
        if before not in _NO_READ_AFTER and not word.startswith(("-", "<", ">", "&")) and not word.isdigit()
    ]
    pattern_first = program in _READERS_AFTER_PATTERN and not {"-e", "-f"} & set(words)
    return plain[1:] if pattern_first else plain
