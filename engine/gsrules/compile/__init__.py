"""Plan → SQL: which tasks become tables, and how each node is spelled."""

from gsrules.compile.compiler import CompiledPlan, CompileEnv, Counter, Step, compile_plan, compile_text
from gsrules.compile.prune import prune
from gsrules.compile.read import StepCounts, run_step

__all__ = [
    "CompileEnv",
    "CompiledPlan",
    "Counter",
    "Step",
    "StepCounts",
    "compile_plan",
    "compile_text",
    "prune",
    "run_step",
]
