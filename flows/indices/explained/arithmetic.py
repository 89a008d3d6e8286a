"""Evaluate plain arithmetic over numbers and names, and nothing else."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping

Number = int | float

OPERATORS: Mapping[type[ast.AST], Callable[[Number, Number], Number]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Gt: lambda a, b: int(a > b),
    ast.GtE: lambda a, b: int(a >= b),
    ast.Lt: lambda a, b: int(a < b),
    ast.LtE: lambda a, b: int(a <= b),
}
FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    "ln": math.log,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "floor": math.floor,
    "round": round,
    "count": lambda *values: len(values),
}
"""`count` gives how many arguments it has; a comparison gives 1 or 0."""

GREATEST_POWER = 64


class CalculationError(ValueError):
    """A text is no plain arithmetic, names what is not there, or has no value."""


def evaluate(expression: str, names: Mapping[str, Number]) -> Number:
    """Give the value of an expression; whole numbers stay whole and exact.

    Args:
        expression: digits, + - * / ** ( ), comparisons, names, and calls of `FUNCTIONS`.
        names: values of the names it may use.

    Raises:
        CalculationError: it holds anything else, an unknown name, or has no value.

    """
    try:
        return valued(ast.parse(expression, mode="eval").body, names)
    except (SyntaxError, ArithmeticError, ValueError, TypeError) as error:
        if isinstance(error, CalculationError):
            raise
        raise CalculationError(f"cannot evaluate {expression[:200]!r}: {error}") from error


def valued(node: ast.AST, names: Mapping[str, Number]) -> Number:  # noqa: PLR0911 - a case each
    """Give the value of a part of an expression."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -valued(operand, names)
        case ast.BinOp(op=ast.Pow(), left=left, right=right):
            return power(valued(left, names), valued(right, names))
        case ast.BinOp(op=operator) if type(operator) in OPERATORS:
            return chained(node, names)
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if (
            type(operator) in OPERATORS
        ):
            return OPERATORS[type(operator)](valued(left, names), valued(right, names))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(valued(argument, names) for argument in arguments))
    raise CalculationError(f"no plain arithmetic, or no such name: {ast.unparse(node)[:200]}")


def chained(node: ast.AST, names: Mapping[str, Number]) -> Number:
    """Evaluate a long chain such as `a + b + c` without going as deep as it is long."""
    steps = []
    while isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        steps.append((type(node.op), node.right))
        node = node.left
    value = valued(node, names)
    for operator, right in reversed(steps):
        value = OPERATORS[operator](value, valued(right, names))
    return value


def power(base: Number, exponent: Number) -> Number:
    """Raise to a small power; a large one would only keep the machine busy."""
    if abs(exponent) > GREATEST_POWER:
        raise CalculationError(f"a power above {GREATEST_POWER}: {exponent}")
    if base < 0 and exponent != int(exponent):
        raise CalculationError(f"no real number: {base} ** {exponent}")
    value: Number = base**exponent
    return value


def names_in(expression: str) -> list[str]:
    """Names that an expression uses, those of functions left out."""
    tree = ast.walk(ast.parse(expression, mode="eval"))
    found = dict.fromkeys(node.id for node in tree if isinstance(node, ast.Name))
    return [name for name in found if name not in FUNCTIONS]
