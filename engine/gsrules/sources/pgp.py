"""Encrypted files: OpenPGP by pysequoia, which is installed with gsrules[pgp] (data-setup.md §6.2)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, RunError, nearest

if TYPE_CHECKING:
    from gsrules.sources.packed import Room
    from gsrules.spec.tasks import S3Task

_INSTALL: Final = "pip install 'gsrules[pgp]'"


@dataclass(frozen=True, slots=True)
class PgpKey:
    """A secret key: its name in the settings and the file that holds it."""

    name: str
    path: Path

    @property
    def variable(self) -> str:
        """The environment variable with the key's passphrase."""
        return f"GSRULES_PGP_{re.sub('[^A-Z0-9]', '_', self.name.upper())}_PASSPHRASE"


def key_of(task: S3Task, keys: Mapping[str, Path] | None) -> PgpKey | None:
    """The key of the task's files, None if they are not encrypted or given in plain (`keys` None).

    Raises InputError GS-NAME if the settings have no key of that name.
    """
    if task.pgp_key is None or keys is None:
        return None
    name = str(task.pgp_key)
    if name in keys:
        return PgpKey(name, keys[name])
    hint = f"the keys in the settings: {', '.join(keys)}" if keys else f'add [pgp_keys.{name}] with path = "…"'
    message = "the settings have no PGP key of this name"
    raise InputError(
        Problem("GS-NAME", message, task.place_of("pgp_key"), value=name, hint=hint, nearest=nearest(name, keys))
    )


def decrypt(source: Path, key: PgpKey, target: Path, room: Room) -> None:
    """Writes what an encrypted file holds to `target`.

    Raises RunError GS-FILE-PGP if pysequoia, the key or its passphrase are missing or wrong, or the file is damaged
    or for another key; GS-LIMIT if it holds too much.
    """
    pysequoia = _library(room)
    decryptor = _decryptor(pysequoia, key, room)
    before = room.left
    try:
        with _largest_file(before):
            pysequoia.decrypt_file(str(source), str(target), decryptor=decryptor)
    except Exception as error:  # the library raises RuntimeError and others for whatever is wrong
        if target.is_file() and target.stat().st_size >= before:
            room.take(before + 1)
        raise _not_decrypted(error, key, room) from None
    room.take(target.stat().st_size)


def _library(room: Room) -> ModuleType:
    try:
        import pysequoia
    except ImportError:
        message = "encrypted files need the package pysequoia, which is not installed"
        raise room.problem("GS-FILE-PGP", message, _INSTALL) from None
    return pysequoia


def _decryptor(pysequoia: ModuleType, key: PgpKey, room: Room) -> Any:
    passphrase = os.environ.get(key.variable)
    try:
        secret = pysequoia.Tsk.from_bytes(key.path.read_bytes())
    except OSError as error:
        message = f"the PGP key {key.name} cannot be read: {error.strerror}"
        raise _of_key(message, key, "path in [pgp_keys] names the file of the secret key", room) from None
    except Exception:  # as above; what it says might quote the key
        hint = "export the secret key: gpg --export-secret-keys --armor …"
        raise _of_key(f"the file of the PGP key {key.name} holds no secret key", key, hint, room) from None
    try:
        return secret.decryptor(passphrase)
    except Exception as error:  # as above; what it says might quote the passphrase
        if passphrase is not None and "is not encrypted" in str(error):
            return secret.decryptor()
        if passphrase is None:
            message = f"the PGP key {key.name} cannot be used: it has a passphrase, or no part that decrypts"
            raise _of_key(
                message, key, f"put the passphrase into the environment variable {key.variable}", room
            ) from None
        message = f"the passphrase of the PGP key {key.name} is wrong"
        raise _of_key(message, key, f"it was read from the environment variable {key.variable}", room) from None


def _of_key(message: str, key: PgpKey, hint: str, room: Room) -> RunError:
    return RunError(Problem("GS-FILE-PGP", message, where=room.where, value=str(key.path), hint=hint))


def _not_decrypted(error: Exception, key: PgpKey, room: Room) -> RunError:
    reason = str(error).strip().split("\n")[0] or type(error).__name__
    if "No key to decrypt" in reason:
        message = f"the file is not encrypted for the PGP key {key.name}"
        return room.problem("GS-FILE-PGP", message, "name the key that it was encrypted for, or have it sent again")
    message = f"the file cannot be decrypted: {reason}"
    return room.problem(
        "GS-FILE-PGP", message, "it is cut short or damaged, or not encrypted with PGP; upload it again"
    )


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    """Lets no file of this process grow beyond `size`, where the system can: the library writes in one call."""
    try:
        import resource
    except ImportError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    allowed = [size] + [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(allowed), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
