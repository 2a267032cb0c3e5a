"""The branches of a rule: every way that a row can take; `record` looks for rows of each, `test` counts them.

What counts in the percentage, and what is only told:

- Every condition of a filter or criteria counts as true and as false, and as null where a null can come from the
  data: an empty cell, a lookup or a left join that finds nothing, a sum of nothing. A null that only a division by
  zero, a function or an empty system field would give is told, but does not count. Conditions without a column do
  not count.
- Filters and criteria of several conditions also count as a whole: true, and not true.
- Each arm of a case expression counts, also the `else`, and the missing one.
- Each merge counts as matched, left alone and right alone, kept or dropped. Where both sides are made of the same
  rows, a side that always finds its partner does not count.
- A lookup that a fetch follows counts as found, and as not found where its key may be empty.
- Each column of a pivot counts as fed, and as not fed where such a group is kept. Each input of a union counts.
- A group of several rows counts (it tells a sum from a largest value); a group of one row does not.
- What the author chose counts: each entry of a `map`, a null where `default` or `on_null` is stated, what `none`
  and `multiple` of an import lookup say, the owner from the column and from `default`.
- Outcomes that the kind of action reaches with this rule count: created, updated, unchanged, closed, and skipped
  where the rule has a time frame or closes by key. `failed` never counts, nor what the loads skip: which rows are
  refused or left out is for the behaviour profile to say.
"""

from gsrules.regress.branches.listing import TracedTables, branches_of, taken_by
from gsrules.regress.branches.model import Branch, BranchKind, Tables, count_of, rows_of

__all__ = ["Branch", "BranchKind", "Tables", "TracedTables", "branches_of", "count_of", "rows_of", "taken_by"]
