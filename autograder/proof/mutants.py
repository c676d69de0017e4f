"""Small changes to right code, one at a time: whatever the tests do not notice is a hole in them.

The changes are those that array code goes wrong by: a comparison's edge, plus for minus, an axis or index off by one, a
slice's end, a statement or a keyword argument left out, sum for mean. Docstrings, other text and the sentences of
exceptions are left alone. Changed text stays where it was: the rest of the code keeps its lines and its comments.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_PAIRS = (
    "max min, amax amin, maximum minimum, argmax argmin, sum mean, exp expm1, log log1p, "
    "zeros ones, zeros_like ones_like, floor ceil, any all, tile repeat, vstack hstack"
)
_FUNCTIONS = {a: b for pair in _PAIRS.split(", ") for a, b in (pair.split(), reversed(pair.split()))}

_SYMMETRIC = ("maximum", "minimum", "add", "multiply")  # in their first two arguments


@dataclass(frozen=True)
class Mutant:
    """``code`` is a whole solution cell in which the lines ``before`` now read ``after`` (blanks squeezed)."""

    exercise: str
    before: str
    after: str
    code: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.exercise, self.before, self.after

    def __str__(self) -> str:
        return f"{self.exercise}: {self.before}  ->  {self.after}"


def mutants(exercise: str, code: str) -> list[Mutant]:
    """Every mutant of a cell, in the order of its text; the same code gives the same list."""
    found: dict[str, Mutant] = {}
    for node, text in sorted(_changes(ast.parse(code)), key=lambda change: _place(change[0])):
        start, end = _offset(code, node.lineno, node.col_offset), _offset(code, node.end_lineno, node.end_col_offset)
        changed = code[:start] + text + code[end:]
        try:
            compile(changed, exercise, "exec")
        except SyntaxError:
            continue
        first = code.rfind("\n", 0, start) + 1
        rest = len(code) - (len(code) if (last := code.find("\n", end)) < 0 else last)
        before, after = (" ".join(c[first : len(c) - rest].split()) for c in (code, changed))
        if before != after:
            found.setdefault(changed, Mutant(exercise, before, after, changed))
    return list(found.values())


def _place(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _offset(code: str, line: int | None, column: int | None) -> int:
    """A position of ast (line from 1, column in UTF-8 bytes) as an index into the text."""
    assert line is not None and column is not None
    lines = code.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())


def _changes(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Nodes and what to write in their place."""
    for node in _mutable(tree):
        if isinstance(node, ast.stmt):
            for statement in _changed_statements(node):
                yield node, ast.unparse(statement)
        elif isinstance(node, ast.expr):
            for expression in _changed_expressions(node):
                text = ast.unparse(expression)
                compound = isinstance(expression, ast.BinOp | ast.Compare | ast.IfExp | ast.BoolOp | ast.UnaryOp)
                yield node, f"({text})" if compound else text


def _mutable(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but docstrings, text, annotations, imports, what an exception says, and what makes no difference."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list") or isinstance(node, ast.Raise):
            continue
        for child in value if isinstance(value, list) else [value]:
            constant = child.value if isinstance(child, ast.Expr) else child
            text = isinstance(constant, ast.Constant) and isinstance(constant.value, str)
            if not isinstance(child, ast.AST) or text or isinstance(child, ast.JoinedStr | ast.Import | ast.ImportFrom):
                continue
            if isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(child, ast.Tuple):
                for axis in child.elts:  # but not their order
                    yield from _mutable(axis)
            elif not (_calls(node, ("reshape",)) and isinstance(child, ast.UnaryOp)):  # -1 or -2: reshape does not care
                yield from _mutable(child)


def _calls(node: ast.AST, names: tuple[str, ...]) -> bool:
    """Whether this is a call of np.<name> or <something>.<name>."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names


def _with(node: ast.AST, **changes: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def _changed_statements(node: ast.stmt) -> Iterator[ast.AST]:
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    if isinstance(node, ast.AugAssign | ast.Expr | ast.Raise | ast.Delete) or stored:
        yield ast.Pass()
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=0)
        if type(node.op) in _ARITHMETIC:
            yield _with(node, op=_ARITHMETIC[type(node.op)]())
    if isinstance(node, ast.Break | ast.Continue):
        yield ast.Break() if isinstance(node, ast.Continue) else ast.Continue()


def _changed_expressions(node: ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[op]):
            for other in _COMPARISONS[type(op)]:
                yield _with(node, ops=[other()])
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            yield _with(node, op=_ARITHMETIC[type(op)]())
        case ast.BoolOp(op=op, values=values):
            yield _with(node, op=ast.And() if isinstance(op, ast.Or) else ast.Or())
            for i in range(len(values)):
                rest = values[:i] + values[i + 1 :]
                yield rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert(), operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Constant(value=float(value)):
            yield ast.Constant(value + 1)
            yield ast.Constant(value / 2 if value else -1.0)
        case ast.Slice():
            for part in ("lower", "upper", "step"):
                if getattr(node, part) is not None:
                    yield _with(node, **{part: None})
        case ast.Attribute(attr=name) if name in _FUNCTIONS:
            yield _with(node, attr=_FUNCTIONS[name])
        case ast.Name(id=name) if name in ("max", "min", "any", "all"):
            yield _with(node, id=_FUNCTIONS[name])
        case ast.Call():
            yield from _changed_calls(node)
        case ast.Tuple(elts=[first, second, *rest], ctx=ast.Load()):
            yield _with(node, elts=[second, first, *rest])


def _changed_calls(node: ast.Call) -> Iterator[ast.AST]:
    for i in range(len(node.keywords)):
        yield _with(node, keywords=node.keywords[:i] + node.keywords[i + 1 :])
    if len(node.args) > 1 and not _calls(node, _SYMMETRIC):
        *before, last, end = node.args
        yield _with(node, args=[*before, end, last])
    root = node.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if isinstance(node.func, ast.Attribute) and not (isinstance(root, ast.Name) and root.id == "np"):
        yield node.func.value  # x.copy() -> x
