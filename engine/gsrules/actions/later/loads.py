"""Loads into relationships, people, users, teams, cases, leads and others (actions.md §5.3–§5.7, §5.11)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.actions.later.refusing import BIONIC_LACKS, not_yet
from gsrules.actions.load_binding import LoadSpec
from gsrules.spec import ActionSpec, Fields, Spec
from gsrules.spec.base import Name

Writing = Literal["update", "upsert"]


class LoadToRelationshipSpec(LoadSpec):
    """Updates or creates relationships of one type."""

    action: Literal["load_to_relationship"] = "load_to_relationship"
    operation: Writing = Field(description="update or upsert.")
    relationship_type: Name = Field(description="The relationship type; one an action.")


class AssociationSpec(Spec):
    """A person's part in a company or relationship."""

    company: Name | None = Field(None, description="The column with the company's GSID.")
    relationship: Name | None = Field(None, description="The column with the relationship's GSID.")
    fields: Fields = Field(default_factory=dict, description="Fields of the association.")


class LoadToPeopleSpec(ActionSpec):
    """Writes persons and what they are in companies and relationships."""

    action: Literal["load_to_people"] = "load_to_people"
    operation: Writing = Field(description="update or upsert.")
    person: Fields = Field(description="Fields of the person.", min_length=1)
    company_person: AssociationSpec | None = Field(None, description="The person in a company.")
    relationship_person: AssociationSpec | None = Field(None, description="The person in a relationship.")
    identifiers: tuple[Name, ...] = Field((), description="Of the tenant's match criteria (people.match_criteria).")


class LoadToUserSpec(LoadSpec):
    """Updates existing users."""

    action: Literal["load_to_user"] = "load_to_user"


class LoadToCompanyTeamSpec(ActionSpec):
    """Puts users into company teams, or takes them out."""

    action: Literal["load_to_company_team"] = "load_to_company_team"
    fields: Fields = Field(description="Company, User (both needed), Role, Delete.", min_length=2)


class LoadToRelationshipTeamSpec(ActionSpec):
    """Puts users into relationship teams, or takes them out."""

    action: Literal["load_to_relationship_team"] = "load_to_relationship_team"
    fields: Fields = Field(description="Relationship, User (both needed), Role, Delete.", min_length=2)


class LoadToCasesSpec(LoadSpec):
    """Updates or creates cases."""

    action: Literal["load_to_cases"] = "load_to_cases"
    operation: Writing = Field(description="update or upsert.")


class LoadToLeadSpec(LoadSpec):
    """Updates or creates leads."""

    action: Literal["load_to_lead"] = "load_to_lead"
    operation: Writing = Field(description="update or upsert.")


class LoadToOpportunitySpec(LoadSpec):
    """Updates or creates opportunities."""

    action: Literal["load_to_opportunity"] = "load_to_opportunity"
    operation: Writing = Field(description="update or upsert.")


class LoadToForecastSpec(LoadSpec):
    """Updates or creates company forecasts."""

    action: Literal["load_to_forecast"] = "load_to_forecast"
    operation: Writing = Field(description="update or upsert.")


class LoadToSalesforceSpec(LoadSpec):
    """Writes the local copy of a Salesforce object, and the outbox."""

    action: Literal["load_to_salesforce"] = "load_to_salesforce"
    object: Name = Field(description="The Salesforce object.")
    operation: Literal["insert", "update", "upsert"] = Field(description="insert, update or upsert.")


def _example(kind: str, body: str) -> str:
    return f"- action: {kind}\n  from: Rows\n{body}"


KINDS = (
    not_yet(
        "load_to_relationship",
        "Load to Relationship (V2)",
        LoadToRelationshipSpec,
        "Updates or creates relationships of one type.",
        "actions.md §5.3 [doc] [choice]",
        _example(
            "load_to_relationship",
            "  relationship_type: Implementation\n  operation: upsert\n  identifiers: [Name]\n"
            "  fields:\n    Name: Name\n",
        ),
    ),
    not_yet(
        "load_to_people",
        "Load to People",
        LoadToPeopleSpec,
        "Writes persons, company persons and relationship persons, found by the tenant's match criteria.",
        "actions.md §5.4 [doc] [obs]",
        _example("load_to_people", "  operation: upsert\n  person:\n    Email: Email\n"),
    ),
    not_yet(
        "load_to_user",
        "Load to User",
        LoadToUserSpec,
        "Updates existing users.",
        "actions.md §5.5 [doc]",
        _example("load_to_user", "  identifiers: [Email]\n  fields:\n    Email: Email\n    Title: Title\n"),
    ),
    not_yet(
        "load_to_company_team",
        "Load to Company Team",
        LoadToCompanyTeamSpec,
        "Adds users to company teams.",
        "actions.md §5.7 [doc]",
        _example("load_to_company_team", "  fields:\n    CompanyId: Company GSID\n    UserId: User GSID\n"),
        entities=("company",),
        engines=BIONIC_LACKS,
    ),
    not_yet(
        "load_to_relationship_team",
        "Load to Relationship Team",
        LoadToRelationshipTeamSpec,
        "Adds users to relationship teams.",
        "actions.md §5.7 [doc]",
        _example(
            "load_to_relationship_team", "  fields:\n    RelationshipId: Relationship GSID\n    UserId: User GSID\n"
        ),
        entities=("relationship",),
        engines=BIONIC_LACKS,
    ),
    not_yet(
        "load_to_cases",
        "Load to Cases",
        LoadToCasesSpec,
        "Updates or creates cases.",
        "actions.md §5.6 [doc]",
        _example(
            "load_to_cases", "  operation: upsert\n  identifiers: [CaseNumber]\n  fields:\n    CaseNumber: Number\n"
        ),
        engines=BIONIC_LACKS,
    ),
    not_yet(
        "load_to_lead",
        "Load to GS Lead",
        LoadToLeadSpec,
        "Updates or creates leads.",
        "actions.md §5.6 [doc]",
        _example("load_to_lead", "  operation: upsert\n  identifiers: [Name]\n  fields:\n    Name: Name\n"),
        engines=BIONIC_LACKS,
    ),
    not_yet(
        "load_to_opportunity",
        "Load to GS Opportunity",
        LoadToOpportunitySpec,
        "Updates or creates opportunities.",
        "actions.md §5.6 [doc]",
        _example("load_to_opportunity", "  operation: upsert\n  identifiers: [Name]\n  fields:\n    Name: Name\n"),
    ),
    not_yet(
        "load_to_forecast",
        "Load to GS Company Forecast",
        LoadToForecastSpec,
        "Updates or creates company forecasts.",
        "actions.md §5.6 [doc] [choice]",
        _example(
            "load_to_forecast",
            "  operation: upsert\n  identifiers: [CompanyId]\n  fields:\n    CompanyId: Company GSID\n",
        ),
        entities=("company",),
    ),
    not_yet(
        "load_to_salesforce",
        "Load to SFDC Object",
        LoadToSalesforceSpec,
        "Writes the local copy of a Salesforce object and one outbox entry for each written record.",
        "actions.md §5.11 [cli] [choice]",
        _example(
            "load_to_salesforce",
            "  object: Account\n  operation: update\n  identifiers: [Id]\n  fields:\n    Id: SFDC Id\n",
        ),
        strict_entities=("company",),
    ),
)
