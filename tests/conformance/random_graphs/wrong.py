"""What both sides refuse, by the kind of the column `{}`: a condition, or what follows `show` or `formula`."""

from __future__ import annotations

_ANY = """
nope = 1
formula nope(1)
formula length()
formula {} + nope
show sum(nope)
({}
"""
_TEXT = """
{} < 'b'
{} between 'a' and 'b'
{} in last 7 days
{} = 1
{} contains ''
{} = rule_date
{} = true
show sum({})
show avg({})
formula abs({})
formula {} * 2
formula {} + 1
formula add_days({}, 1)
formula left({}, 2)
"""
_NUMBER = """
{} contains '1'
{} starts with 1
{} = 'a'
{} ~ 'a'
{} in ('a')
{} in last 7 days
{} > date '2024-01-01'
show upper({})
formula upper({})
formula {} + 'a'
formula datetime_to_date({})
formula log({})
formula case when {} > 1 then 1 else 'a' end
"""
_DATE = """
{} in (rule_date)
{} = 1
{} = 'abc'
{} contains '2'
{} between 1 and 2
show sum({})
show avg({})
formula {} + 1
formula abs({})
formula trim({})
formula date_diff({}, 1)
formula date_diff({}, {}, 'years')
"""
_FLAG = """
{} > true
{} in (true)
{} = 1
{} = 'true'
{} contains 'true'
{} between false and true
show max({})
show sum({})
formula lower({})
formula -{}
"""
_PICK = """
{} = 'Red'
{} != 'Red'
{} < 'Red'
{} contains 'R'
{} in ('No such item')
{} in (1)
show sum({})
show min({})
formula upper({})
formula {} + 'a'
"""
ANY = _ANY.strip().splitlines()
BY_KIND = {
    kind: lines.strip().splitlines()
    for kind, lines in {
        "text": _TEXT, "number": _NUMBER, "big": _NUMBER, "result": _NUMBER, "date": _DATE,
        "time": _DATE, "flag": _FLAG,
        "pick": _PICK, "multi": _PICK + "show count_distinct({})\n",
    }.items()
}  # fmt: skip
