"""Sources: the files of S3 dataset tasks, found in buckets and read as typed relations (data-setup.md §6, §15)."""

from typing import TYPE_CHECKING

from gsrules.spec.later import names_of

if TYPE_CHECKING:
    from gsrules.sources.buckets import Bucket, FolderBucket, bucket_of
    from gsrules.sources.cells import EXACT_NEEDED
    from gsrules.sources.check import check_task
    from gsrules.sources.columns import FileColumn
    from gsrules.sources.formats import Format
    from gsrules.sources.infer import InferredColumn
    from gsrules.sources.open import BadCells, OpenSource, infer_columns, open_source
    from gsrules.sources.resolve import SourceFile, key_of

__all__ = [
    "EXACT_NEEDED",
    "BadCells",
    "Bucket",
    "FileColumn",
    "FolderBucket",
    "Format",
    "InferredColumn",
    "OpenSource",
    "SourceFile",
    "bucket_of",
    "check_task",
    "infer_columns",
    "key_of",
    "open_source",
]

# Most rules have no files, and most commands do not read any.
__getattr__ = names_of(
    __name__,
    {
        "buckets": "Bucket FolderBucket bucket_of",
        "cells": "EXACT_NEEDED",
        "check": "check_task",
        "columns": "FileColumn",
        "formats": "Format",
        "infer": "InferredColumn",
        "open": "BadCells OpenSource infer_columns open_source",
        "resolve": "SourceFile key_of",
    },
)
