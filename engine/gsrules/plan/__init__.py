"""Spec + catalogue → plan: what a rule's data setup means."""

from gsrules.plan.bind import bind_data
from gsrules.plan.env import FileColumns, InferredColumn
from gsrules.plan.kinds import TASK_KINDS, TASK_MODELS, TaskKind
from gsrules.plan.nodes import Column, DataPlan, PlannedTask

__all__ = [
    "TASK_KINDS",
    "TASK_MODELS",
    "Column",
    "DataPlan",
    "FileColumns",
    "InferredColumn",
    "PlannedTask",
    "TaskKind",
    "bind_data",
]
