"""Which files a shell command probably reads and writes: a guess, to refuse early and to know what was read.

Clients without a read tool read with `cat` and `sed`, and a redirection goes round every edit tool. A wrong guess costs
a needless notice or a refusal that names its reason; what is missed is still caught by the watcher on the disk.
"""

import shlex
from collections.abc import Iterator
from itertools import pairwise

from coroom.core.quick import dataclass

_READERS = {"cat", "head", "tail", "less", "more", "nl", "bat", "wc", "tac", "od", "xxd", "file", "diff", "cmp"}
_READERS_AFTER_PATTERN = {"sed", "grep", "rg", "egrep", "fgrep", "awk", "jq"}
_WRITERS = {"tee", "rm", "unlink", "touch", "truncate", "mv", "shred", "patch"}
_WRITERS_OF_LAST = {"cp", "install", "ln"}
_IN_PLACE = {"sed", "perl", "gsed"}
_PREFIXES = {"sudo", "command", "exec", "time", "nohup", "env"}
_SEPARATORS = {"|", "||", "&", "&&", ";", "\n", "(", ")", "|&", ";;"}
_WRITES_TO = {">", ">>", ">|", "<>", "&>", "&>>"}
_NO_FILE_AFTER = {*_WRITES_TO, "-e", "<<", "<<<", ">&", "<&"}
_COMMAND_CHARS_MAX = 20_000
_PATHS_MAX = 64


@dataclass(frozen=True, slots=True)
class ShellPaths:
    """The paths that a command probably reads and those it probably writes, as it names them."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


def shell_paths(command: str) -> ShellPaths:
    """The guess for a whole command line; nothing for one that cannot be taken apart."""
    reads: list[str] = []
    writes: list[str] = []
    for words in _simple_commands(command[:_COMMAND_CHARS_MAX]):
        reads += _read_by(words)
        writes += _written_by(words)
    return ShellPaths(_named(reads), _named(writes))


def _simple_commands(command: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;()<>\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:
        return
    words: list[str] = []
    for token in [*tokens, ";"]:
        if token not in _SEPARATORS:
            if words or token not in _PREFIXES:
                words.append(token)
        elif words:
            yield words
            words = []


def _read_by(words: list[str]) -> list[str]:
    program = words[0].rpartition("/")[2]
    if program in _READERS:
        return _plain(words)
    if program in _READERS_AFTER_PATTERN:
        return _plain(words) if {"-e", "-f"} & set(words) else _plain(words)[1:]
    return []


def _written_by(words: list[str]) -> list[str]:
    program, plain = words[0].rpartition("/")[2], _plain(words)
    found = [word for before, word in pairwise(words) if before in _WRITES_TO]
    if program in _WRITERS:
        found += plain
    elif program in _WRITERS_OF_LAST:
        found += plain[-1:]
    elif program in _IN_PLACE and any(word.startswith(("-i", "-pi", "--in-place")) for word in words):
        found += plain if "-e" in words else plain[1:]
    elif words[:2] in (["git", "rm"], ["git", "mv"]):
        found += plain[1:]
    return found


def _plain(words: list[str]) -> list[str]:
    """The arguments that are neither options nor redirections."""
    return [
        word
        for before, word in pairwise(words)
        if before not in _NO_FILE_AFTER and not word.startswith(("-", "<", ">", "&")) and not word.isdigit()
    ]


def _named(paths: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for path in paths if not path.startswith("/dev/")))[:_PATHS_MAX]
