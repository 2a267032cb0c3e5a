"""The words and operators of expressions, and what people write instead out of habit."""

from __future__ import annotations

OR, AND, NOT, COMPARE, ADD, MULTIPLY, NEGATE = 10, 20, 30, 40, 50, 60, 70
SYMBOL_POWER = {"+": ADD, "-": ADD, "*": MULTIPLY, "/": MULTIPLY} | dict.fromkeys(
    ("=", "!=", "<", "<=", ">", ">=", "~", "!~"), COMPARE
)
WORD_POWER = {"or": OR, "and": AND} | dict.fromkeys(
    ("in", "not", "is", "between", "contains", "does", "starts", "ends"), COMPARE
)
RESERVED = frozenset(
    ("and", "or", "not", "in", "is", "null", "between", "case", "when", "then", "else", "end", "true", "false")
)
OPERATOR_WORDS = (
    "and",
    "or",
    "in",
    "not in",
    "is null",
    "between",
    "contains",
    "does not contain",
    "starts with",
    "ends with",
)
HABITS = {
    "like": "write contains 'x', starts with 'x' or ends with 'x'; there are no wildcards",
    "ilike": "write contains 'x', starts with 'x' or ends with 'x'; letter case is ignored",
    "isnull": "write is null",
    "equals": "write =",
    "eq": "write =",
    "ne": "write !=",
    "gt": "write >",
    "gte": "write >=",
    "lt": "write <",
    "lte": "write <=",
    "mod": "write mod(a, b)",
    "as": "a name is given in show, not inside an expression",
    "begins": "write starts with 'x'",
    "within": "write in last 7 days, or in next 7 days",
    "before": "write <",
    "after": "write >",
    "matches": "write contains 'x', starts with 'x' or ends with 'x'; there are no patterns",
    "exists": "write is not null",
}
PAIRS = {
    "<>": "write !=",
    "==": "write =",
    "><": "write !=",
    "=<": "write <=",
    "=>": "write >=",
    "**": "there is no power operator",
    "=~": "write ~",
}
