"""The standard objects as a table of the oracle's own (platform.md §3), and the defaults of the profile keys."""

from __future__ import annotations

from decimal import Decimal

# object: (GSID family, label, "type: field field …"); `*` required, `=` read-only, `>target` a lookup.
STANDARD: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "company": (
        "1P02", "Company",
        ("string: Name* ExternalId Industry BillingAddress Tags CSMFirstName= CSMLastName= ParentCompanyName=",
         "picklist: Status Stage CompanyType",
         "number: Employees Users LifecycleInWeeks= Customer_Lifetime_in_Months= Nps= CurrentScore= PreviousScore=",
         "currency: Arr Mrr OnetimeRevenue", "date: RenewalDate OriginalContractDate",
         "lookup: Csm>gsuser ParentCompany>company ScorecardId>scorecard_master",
         "sfdc_id: SfdcAccountId", "rich_text: Summary"),
    ),
    "relationship": (
        "1P05", "Relationship",
        ("string: Name* ExternalId",
         "lookup: CompanyId*>company TypeId*>relationship_type Csm>gsuser ScorecardId>scorecard_master",
         "picklist: Status Stage", "currency: Arr Mrr OnetimeRevenue", "date: RenewalDate OriginalContractDate",
         "number: CurrentScore= PreviousScore=", "sfdc_id: SfdcRelationshipId"),
    ),
    "relationship_type": ("1P06", "Relationship Type", ("string: Name* Description", "boolean: IsActive")),
    "gsuser": (
        "1P01", "User",
        ("string: Name* FirstName LastName SFDCUserName* SfdcUserId ExternalId Title Timezone Locale", "email: Email*",
         "picklist: LicenseType SystemType", "boolean: IsActiveUser IsSuperAdmin=",
         "lookup: Manager>gsuser CompanyID>company"),
    ),
    "person": (
        "1C00", "Person",
        ("email: Email", "string: Name FirstName LastName ExternalRecordID Location Timezone MobilePhone",
         "rich_text: Comments", "url: LinkedinUrl"),
    ),
    "company_person": (
        "1C01", "Company Person",
        ("lookup: Person_ID*>person Company_ID*>company Manager>person", "string: Role Title",
         "boolean: IsPrimaryCompany Active"),
    ),
    "relationship_person": (
        "1C03", "Relationship Person",
        ("lookup: Person_ID*>person Relationship_ID*>relationship", "string: Role", "boolean: IsPrimary Active"),
    ),
    "call_to_action": (
        "1S01", "Call To Action",
        ("string: Name* EntityType= Source= CloseSource=", "rich_text: Comments", "date: DueDate* OriginalDueDate=",
         "datetime: ClosedDate=", "boolean: IsClosed= IsImportant ClosedOverdue=",
         "number: TotalTaskCount= ClosedTaskCount= Age= DaysDue= DaysPastDueDate= DaysUntilClose= DueDateVariance=",
         "lookup: CompanyId*>company RelationshipId>relationship OwnerId>gsuser PlaybookId>playbook",
         "lookup: TypeId*>cockpit_picklist StatusId*>cockpit_picklist ReasonId*>cockpit_picklist",
         "lookup: PriorityId*>cockpit_picklist CtaGroupId>cta_group CallToActionParentId>call_to_action"),
    ),
    "cta_linked_object": (
        "1S06", "CTA Linked Object", ("lookup: CtaId*>call_to_action", "string: ObjectName* RecordId*"),
    ),
    "cs_task": (
        "1S02", "CS Task",
        ("string: Name*", "lookup: CtaId*>call_to_action OwnerId>gsuser StatusId>cockpit_picklist",
         "lookup: PriorityId>cockpit_picklist", "date: DueDate", "rich_text: Description", "boolean: IsClosed=",
         "datetime: ClosedDate="),
    ),
    "playbook": ("1S04", "Playbook", ("string: Name*", "lookup: CtaTypeId>cockpit_picklist", "boolean: IsActive")),
    "cockpit_picklist": (
        "1I00", "DA Picklist",
        ("string: Category* Name* SystemName CtaType Color EntityType", "number: DisplayOrder",
         "boolean: OpenStatusType IsActive"),
    ),
    "cta_group": (
        "1S03", "CTA Group",
        ("string: Name*", "lookup: SuccessPlanTypeId*>cockpit_picklist StatusId*>cockpit_picklist CompanyId*>company",
         "lookup: RelationshipId>relationship OwnerId>gsuser TemplateId>cockpit_template", "date: DueDate",
         "boolean: IsClosed=", "datetime: ClosedDate="),
    ),
    "cockpit_template": (
        "1S05", "Cockpit Template",
        ("string: Name* TemplateType EntityType RelationshipType TemplateJson ContextId",
         "lookup: PlaybookId>playbook ParentId>cockpit_template", "boolean: IsActive Deleted", "number: DisplayOrder"),
    ),
    "scorecard_master": ("1O01", "Scorecard Master", ("string: Name* EntityType* SchemeType*", "boolean: IsActive")),
    "scorecard_measure": (
        "1O01", "Scorecard Measure",
        ("string: Name* LevelType InputType", "lookup: ScorecardId*>scorecard_master ParentId>scorecard_measure",
         "number: Weight"),
    ),
    "scorecard_scheme_definition": (
        "1O01", "Scorecard Scheme Definition",
        ("string: SchemeType* Name* Label Color", "number: Score RangeFrom RangeTo"),
    ),
    "unified_scorecard_fact_company": ("1O02", "Unified Scorecard Fact Company", ("lookup: CompanyId*>company",)),
    "unified_scorecard_fact_relationship": (
        "1O02", "Unified Scorecard Fact Relationship", ("lookup: CompanyId*>company RelationshipId*>relationship",),
    ),
    "scorecard_history": (
        "1O02", "Scorecard History", ("lookup: CompanyId*>company", "date: SnapshotDate*", "number: OverallScore"),
    ),
    "relationship_scorecard_history": (
        "1O02", "Relationship Scorecard History",
        ("lookup: CompanyId*>company RelationshipId*>relationship", "date: SnapshotDate*", "number: OverallScore"),
    ),
    "activity_timeline": (
        "1T01", "Activity Timeline",
        ("string: Subject* TypeName* ContextName* ContextId ExternalId InternalAttendees ExternalAttendees",
         "rich_text: Notes*", "datetime: ActivityDate*",
         "lookup: AuthorId*>gsuser GsCompanyId>company GsRelationshipId>relationship"),
    ),
    "survey_response": (
        "1V01", "Survey Response",
        ("string: SurveyName* Kind* Category= Comment ExternalId Language Channel",
         "lookup: CompanyId*>company RelationshipId>relationship PersonId>person", "number: Score*",
         "date: ResponseDate*", "boolean: IsExternal="),
    ),
    "gs_opportunity": (
        "1G01", "Opportunity",
        ("string: Name* Type SfdcOpportunityId", "currency: TargetAmount", "date: DueDate",
         "lookup: CompanyId*>company RelationshipId>relationship OwnerId>gsuser StageId>gs_opportunity_stage"),
    ),
    "gs_opportunity_stage": ("1G01", "Opportunity Stage", ("string: Name*",)),
    "gs_lead": (
        "1G02", "Lead",
        ("string: Name* SfdcLeadId", "email: Email", "lookup: CompanyId>company OwnerId>gsuser", "picklist: Status",
         "currency: Amount", "rich_text: Description"),
    ),
    "gs_case": (
        "1G03", "Case",
        ("string: CaseNumber* Subject ExternalId", "lookup: CompanyId*>company RelationshipId>relationship",
         "picklist: Status Priority", "datetime: OpenedDate ClosedDate"),
    ),
    "gs_company_forecast": (
        "1G04", "Company Forecast",
        ("lookup: CompanyId*>company", "date: RenewalDate", "currency: ForecastAmount", "picklist: Category"),
    ),
    "company_team": ("1E01", "Company Team", ("lookup: CompanyId*>company UserId*>gsuser", "string: Role")),
    "relationship_team": (
        "1E01", "Relationship Team", ("lookup: RelationshipId*>relationship UserId*>gsuser", "string: Role"),
    ),
    "email_logs": ("1Z01", "Email Logs", ()),
    "sponsor_tracking": ("1S07", "Sponsor Tracking", ()),
    "record_delete_log": ("1Z01", "Record Delete Log", ("string: RecordId ObjectName", "datetime: DeletedOn")),
}  # fmt: skip
FACTS = (
    "lookup: ScorecardId*>scorecard_master MeasureId*>scorecard_measure",
    "lookup: CurrentScoreId>scorecard_scheme_definition PreviousScoreId>scorecard_scheme_definition",
    "lookup: ScoreModifiedBy>gsuser", "number: CurrentScore PreviousScore", "string: Trend", "rich_text: Comment",
)  # fmt: skip
for _fact in ("unified_scorecard_fact_company", "unified_scorecard_fact_relationship"):
    _family, _label, _lines = STANDARD[_fact]
    STANDARD[_fact] = (_family, _label, _lines + FACTS)
COMMON = (
    ("CreatedDate", "datetime"), ("ModifiedDate", "datetime"), ("CreatedBy", "lookup"), ("ModifiedBy", "lookup"),
    ("GsIngestionSource", "string"), ("GsExecutionId", "string"),
)  # fmt: skip
READ_ONLY = ("email_logs", "email_raw_events", "user_shared_detail", "sponsor_tracking", "record_delete_log")
"""Never a load target (§3.7)."""
DEFAULTS = {
    ("gsuser", "IsActiveUser"): True, ("company_person", "Active"): True, ("call_to_action", "IsImportant"): False,
}  # fmt: skip
LABELS = {
    "Arr": "ARR", "Mrr": "MRR", "Csm": "CSM", "Gsid": "GSID", "Nps": "NPS", "SFDCUserName": "User Name",
    "CSMFirstName": "CSM First Name", "CSMLastName": "CSM Last Name", "IsImportant": "Flagged",
    "Customer_Lifetime_in_Months": "Lifetime in Months", "ExternalRecordID": "External Record ID",
    "CreatedBy": "GS Created By", "ModifiedBy": "GS Modified By", "CreatedDate": "GS Created Date",
    "ModifiedDate": "GS Modified Date", "SfdcAccountId": "SFDC Account Id",
}  # fmt: skip
ITEMS = {
    "company.Status": ["Active", "Inactive", "Churn"],
    "company.Stage": ["New Customer", "Kicked Off", "Launched", "Adopting", "Will Churn", "Churn"],
    "company.CompanyType": ["Customer", "Partner", "Prospect"],
    "relationship.Status": ["Active", "Inactive", "Churn"],
    "relationship.Stage": ["New Customer", "Kicked Off", "Launched", "Adopting", "Will Churn", "Churn"],
    "gsuser.LicenseType": ["Full", "Viewer", "Viewer_Analytics", "Internal_Collaborator", "External"],
    "gsuser.SystemType": ["Internal", "External"],
    "activity_timeline.TypeName": ["Update", "Call", "Meeting", "Email", "Milestone"],
    "gs_lead.Status": [],
    "gs_case.Status": [],
    "gs_case.Priority": [],
    "gs_company_forecast.Category": [],
}
CTA_TYPES = ["Risk", "Opportunity", "Lifecycle", "Expansion", "Activity", "Objective"]
CTA_STATUSES = [
    ("New", True), ("Work In Progress", True), ("Closed Success", False), ("Closed No Action", False),
    ("Closed Invalid", False),
]  # fmt: skip
CTA_PRIORITIES = ["High", "Medium", "Low"]
PLAN_TYPES = ["Retention Plan", "Objectives"]
PLAN_STATUSES = [("Draft", True), ("Active", True), ("Closed", False), ("Cancelled", False)]
SCHEMES: dict[str, list[tuple[str, Decimal, int, int]]] = {
    "NUMERIC": [("Red", Decimal(0), 0, 49), ("Yellow", Decimal(50), 50, 74), ("Green", Decimal(75), 75, 100)],
    "COLOR": [("Red", Decimal(25), 0, 49), ("Yellow", Decimal(60), 50, 74), ("Green", Decimal(90), 75, 100)],
    "GRADE": [
        ("A", Decimal(95), 90, 100), ("B", Decimal(85), 80, 89), ("C", Decimal(75), 70, 79), ("D", Decimal(65), 60, 69),
        ("F", Decimal(30), 0, 59),
    ],
}  # fmt: skip

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
    "cta.null_token": "empty", "cta.company_scope": "own_entity", "cta.close_tasks": False,
    "run.action_visibility": "sequential", "run.criteria_case": "as_filters", "run.strict_applicability": False,
    "run.zero_rows": "success", "run.export_on_exists": "overwrite", "run.stamp": "rule_date",
    "load.require_sfdc_permission": False, "people.match_criteria": ["Email"], "people.conflict": "error",
    "people.company_missing": "person_only", "people.survey_person": "error", "score.out_of_range": "error",
    "score.null_as_na": False, "score.rollup": "on", "score.csat_range": [Decimal(1), Decimal(5)],
    "plan.on_existing": ["template", "fields"], "plan.owner_missing": "none", "plan.template_objectives": "create",
    "object.picklist_case": "insensitive", "object.unique": "off", "object.string_length_standard": 250,
    "object.string_length_custom": 500, "object.lead_sync": "off", "object.opportunity_sync": "off",
}  # fmt: skip
