"""Buckets: where the files of S3 dataset tasks live. Offline each is a folder (data-setup.md §6.1)."""

from gsrules.sources.buckets.folder import FolderBucket
from gsrules.sources.buckets.keys import MANAGED_PREFIX, bucket_key, key_problem
from gsrules.sources.buckets.named import bucket_of, check_bucket
from gsrules.sources.buckets.protocol import Bucket

__all__ = ["MANAGED_PREFIX", "Bucket", "FolderBucket", "bucket_key", "bucket_of", "check_bucket", "key_problem"]
