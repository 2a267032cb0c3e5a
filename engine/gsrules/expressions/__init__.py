"""The expression language: parse, bind to columns, spell as SQL (rule-language §4, data-setup.md §5, §11)."""

from gsrules.expressions.binder import bind_expression, bind_predicate
from gsrules.expressions.counted import counted
from gsrules.expressions.functions import FUNCTIONS
from gsrules.expressions.functions.model import Counted
from gsrules.expressions.parser import parse_expression
from gsrules.expressions.scope import Context, Scope
from gsrules.expressions.show import ShowItem, parse_show_item
from gsrules.expressions.spell import SpellEnv, spell
from gsrules.expressions.template import bind_html_template, bind_template, null_tokens
from gsrules.expressions.tree import Expr, references
from gsrules.expressions.where import bind_criteria, bind_where

__all__ = [
    "FUNCTIONS",
    "Context",
    "Counted",
    "Expr",
    "Scope",
    "ShowItem",
    "SpellEnv",
    "bind_criteria",
    "bind_expression",
    "bind_html_template",
    "bind_predicate",
    "bind_template",
    "bind_where",
    "counted",
    "null_tokens",
    "parse_expression",
    "parse_show_item",
    "references",
    "spell",
]
