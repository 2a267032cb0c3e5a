"""The few standard objects that the cases use, as a table of the oracle's own (platform.md §3)."""

from __future__ import annotations

# object: (GSID family, label, "type: field field …"); `*` required, `>target` a lookup, `{…}` picklist items below.
STANDARD: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "company": (
        "1P02", "Company",
        ("string: Name* ExternalId Industry BillingAddress Tags", "picklist: Status Stage CompanyType",
         "number: Employees Users", "currency: Arr Mrr OnetimeRevenue", "date: RenewalDate OriginalContractDate",
         "lookup: Csm>gsuser ParentCompany>company", "sfdc_id: SfdcAccountId", "rich_text: Summary"),
    ),
    "gsuser": (
        "1P01", "User",
        ("string: Name* FirstName LastName SFDCUserName Title Timezone Locale ExternalId", "email: Email*",
         "boolean: IsActiveUser", "lookup: Manager>gsuser CompanyID>company"),
    ),
    "call_to_action": (
        "1S01", "Call To Action",
        ("string: Name* EntityType Source CloseSource", "rich_text: Comments", "date: DueDate* OriginalDueDate",
         "datetime: ClosedDate", "boolean: IsClosed IsImportant",
         "lookup: CompanyId*>company OwnerId>gsuser PlaybookId>playbook TypeId*>cockpit_picklist",
         "lookup: StatusId*>cockpit_picklist ReasonId*>cockpit_picklist PriorityId*>cockpit_picklist"),
    ),
    "cs_task": (
        "1S02", "CS Task",
        ("string: Name*", "lookup: CtaId*>call_to_action OwnerId>gsuser", "date: DueDate", "boolean: IsClosed"),
    ),
    "playbook": ("1S04", "Playbook", ("string: Name*", "lookup: CtaTypeId>cockpit_picklist", "boolean: IsActive")),
    "cockpit_picklist": (
        "1I00", "DA Picklist",
        ("string: Category* Name* CtaType", "number: DisplayOrder", "boolean: OpenStatusType IsActive"),
    ),
}  # fmt: skip
LABELS = {"Arr": "ARR", "Mrr": "MRR", "Csm": "CSM", "Gsid": "GSID"}
ITEMS = {
    "company.Status": ["Active", "Inactive", "Churn"],
    "company.Stage": ["New Customer", "Kicked Off", "Launched", "Adopting", "Will Churn", "Churn"],
    "company.CompanyType": ["Customer", "Partner", "Prospect"],
}
CTA_TYPES = ["Risk", "Opportunity", "Lifecycle", "Expansion", "Activity", "Objective"]
CTA_STATUSES = [
    ("New", True), ("Work In Progress", True), ("Closed Success", False), ("Closed No Action", False),
    ("Closed Invalid", False),
]  # fmt: skip
CTA_PRIORITIES = ["High", "Medium", "Low"]

PROFILE = {
    "tenant.timezone": "UTC", "calendar.week_start": "sunday", "calendar.fiscal_year_start_month": 1,
    "calendar.fiscal_year_named_by": "end", "calendar.week_number": "simple", "calendar.day_of_week_base": 1,
    "filter.equality_case": "sensitive", "filter.text_match_case": "insensitive", "filter.between": "inclusive",
    "filter.datetime_vs_date": "by_day", "filter.last_n": "exclude_current", "merge.key_case": "sensitive",
    "merge.null_keys": "never_match", "union.duplicates": "keep", "pivot.count_without_default": "zero",
    "pivot.keep_empty_groups": True, "formula.divide_by_zero": "null", "formula.math_domain": "null",
    "formula.conversion_failure": "null", "formula.null_concat": "propagate", "formula.text_not_found": "null",
    "formula.right_occurrence": "first", "formula.datetime_diff": "calendar", "formula.epoch_unit": "ms",
    "s3.escape_default": "backslash", "s3.empty_string": "null", "s3.on_bad_value": "fail",
    "values.blank_is_null": False, "names.collision": "error", "calc.window_end": "before_rule_date",
    "pop.missing_grain": "period", "pop.partition": "dimensions", "transform.allow_formula_with_group_by": False,
    "engine": "horizon", "filter.null_rows": "exclude", "formula.random_seed": 0, "limits.strict": True,
    "limits.tasks": 15, "limits.show_fields": 50, "limits.group_by": 10, "limits.filters": 26,
    "limits.pivot_columns": 50, "limits.pivot_conditions": 200, "limits.lookup_hops": 3,
    "load.on_null": "write", "load.overlength": "error", "load.identifier_case": "sensitive",
    "load.lookup_case": "insensitive", "load.match_null": "error", "load.duplicate_keys": "last",
    "load.multi_match": "all", "load.update_no_match": "error", "load.touch_unchanged": False,
    "load.dangling_reference": "warn", "load.multiselect": "replace", "load.coerce": "strict",
    "cta.time_frame_basis": "closed", "cta.on_existing": ["comments", "playbook", "fields"],
    "cta.never_includes_create": False, "cta.weekend_mode": "count", "cta.owner_missing": "error",
    "cta.name_max": 80, "cta.name_overflow": "warn", "cta.close_default_status": "Closed Success",
    "cta.playbook_tasks": "create", "cta.playbook_due_date": "extend", "cta.max_count": None,
}  # fmt: skip
