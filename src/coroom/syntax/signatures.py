"""Parameters of a definition, arguments of a call, and whether the one fits the other."""

from tree_sitter import Node

from coroom.core.quick import dataclass
from coroom.syntax.languages import Grammar


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter: `plain`, `positional` or `keyword` (only), `rest` (`*args`) or `options` (`**kw`)."""

    name: str
    required: bool
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `receiver` is what stands before the last dot, None for a bare name.

    `spread` says that arguments are unpacked, so their number is not known.
    """

    name: str
    receiver: str | None
    positional: int
    keywords: tuple[str, ...]
    spread: bool
    line: int
    text: str


_RECEIVERS = frozenset({"self_parameter", "receiver_parameter"})


def parameters_of(node: Node, grammar: Grammar) -> tuple[Parameter, ...] | None:
    """The parameters of a function node; None when the language's form is one we cannot read."""
    single = node.child_by_field_name("parameter")
    listed = node.child_by_field_name("parameters")
    if listed is None:
        return (Parameter(name=_text(single), required=True, kind="plain"),) if single is not None else None
    if grammar.name == "python":
        return _python_parameters(listed)
    found: list[Parameter] = []
    for each in listed.named_children:
        if each.type not in _RECEIVERS and "comment" not in each.type and each.type != "attribute_item":
            found.extend(_parameter(each, grammar))
    return tuple(found)


def _parameter(node: Node, grammar: Grammar) -> list[Parameter]:
    pattern = node.child_by_field_name("pattern") or node.child_by_field_name("name") or node
    kind = "plain"
    if (
        node.type in {"rest_pattern", "variadic_parameter_declaration", "spread_parameter"}
        or pattern.type == "rest_pattern"
    ):
        kind = "rest"
    required = (
        node.type not in {"optional_parameter", "assignment_pattern"} and node.child_by_field_name("value") is None
    )
    if _text(pattern) == "this":
        return []
    if grammar.name == "go":
        names = node.children_by_field_name("name")
        return [Parameter(name=_text(each), required=kind == "plain", kind=kind) for each in names or [node]]
    # A JavaScript function may be called with fewer arguments than it names.
    required = required and kind == "plain" and grammar.name != "javascript"
    return [Parameter(name=_text(pattern), required=required, kind=kind)]


def _python_parameters(listed: Node) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    kind = "plain"
    for each in listed.named_children:
        if each.type == "positional_separator":
            found = [Parameter(name=done.name, required=done.required, kind="positional") for done in found]
        elif each.type == "keyword_separator":
            kind = "keyword"
        elif each.type != "comment":
            named = each.child_by_field_name("name") or (
                each.named_children[0] if each.type == "typed_parameter" else each
            )
            name = _text(named).lstrip("*")
            if named.type == "list_splat_pattern":
                found.append(Parameter(name=name, required=False, kind="rest"))
                kind = "keyword"
            elif named.type == "dictionary_splat_pattern":
                found.append(Parameter(name=name, required=False, kind="options"))
            else:
                found.append(Parameter(name=name, required=each.child_by_field_name("value") is None, kind=kind))
    return tuple(found)


def call_of(node: Node, grammar: Grammar) -> Call | None:
    """The call that this call node makes, or None when what is called has no name."""
    target = node.child_by_field_name(grammar.calls[node.type])
    arguments = node.child_by_field_name("arguments")
    if target is None or arguments is None:
        return None
    receiver, name = _callee(node, target)
    if name is None:
        return None
    positional, keywords, spread = 0, list[str](), False
    if arguments.type == "generator_expression":
        positional = 1
    for each in arguments.named_children if positional == 0 else ():
        if each.type == "keyword_argument":
            keywords.append(_text(each.child_by_field_name("name") or each))
        elif each.type in {"list_splat", "dictionary_splat", "spread_element", "variadic_argument"}:
            spread = True
        elif "comment" not in each.type:
            positional += 1
    # f(g()) in Go hands on as many values as g returns.
    if grammar.name == "go" and positional == 1 and arguments.named_children[0].type == "call_expression":
        spread = True
    line, text = node.start_point[0] + 1, " ".join(_text(node).split())
    return Call(
        name=name,
        receiver=receiver,
        positional=positional,
        keywords=tuple(keywords),
        spread=spread,
        line=line,
        text=text,
    )


def _callee(node: Node, target: Node) -> tuple[str | None, str | None]:
    owner = node.child_by_field_name("object")
    if node.type == "method_invocation":
        return (_text(owner) if owner is not None else None), _text(target)
    if target.type in {"identifier", "type_identifier"}:
        return None, _text(target)
    for outer, inner in (
        ("object", "attribute"),
        ("object", "property"),
        ("operand", "field"),
        ("value", "field"),
        ("path", "name"),
    ):
        holder, member = target.child_by_field_name(outer), target.child_by_field_name(inner)
        if holder is not None and member is not None:
            return _text(holder), _text(member)
    return None, None


def fits(call: Call, parameters: tuple[Parameter, ...]) -> bool:
    """Whether the call can be made with these parameters; True when arguments are unpacked, for then it may."""
    if call.spread:
        return True
    ordered = [each for each in parameters if each.kind in {"plain", "positional"}]
    rest = any(each.kind == "rest" for each in parameters)
    options = any(each.kind == "options" for each in parameters)
    if call.positional > len(ordered) and not rest:
        return False
    given = {each.name for each in ordered[: call.positional]}
    by_name = {each.name for each in parameters if each.kind in {"plain", "keyword"}}
    if any((name not in by_name and not options) or name in given for name in call.keywords):
        return False
    filled = given | set(call.keywords)
    return all(each.name in filled for each in parameters if each.required)


def means_the_same(call: Call, before: tuple[Parameter, ...], after: tuple[Parameter, ...]) -> bool:
    """Whether no positional argument of the call lands on another of the parameters it could have meant before.

    One may land among the rest when that has another name: `add(target)` can become `add(*targets)`.
    """
    olds = [each.name for each in before if each.kind in {"plain", "positional"}][: call.positional]
    news = [each.name for each in after if each.kind in {"plain", "positional"}]
    rest = any(each.kind == "rest" for each in after)
    named = {each.name for each in after}
    return all(
        (news[place] == name or name not in news) if place < len(news) else rest and name not in named
        for place, name in enumerate(olds)
    )


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
