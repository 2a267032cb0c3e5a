"""What went wrong with S3, in words: a code, the bucket, the key, and what to do.

The SDK's own texts never reach a message: they may hold access keys, signatures and tokens.
"""

from __future__ import annotations

import re
from typing import Final

from gsrules.dataclass import dataclass
from gsrules.errors import Problem, RunError

# The word of an S3 error in the SDK's text: the server's own where the SDK does not know it.
_SERVERS_WORD = re.compile(r"ExceptionName: (\w+)")
_SDKS_WORD = re.compile(r"AWS Error ([A-Z_]+)")
_STATUS = re.compile(r"HTTP status (\d+)")
_REGION = re.compile(r"located in '([a-z0-9-]{1,40})'|expecting '([a-z0-9-]{1,40})'")

_REFUSED_KEYS: Final = {
    "invalidaccesskeyid": "the server does not know the access key",
    "signaturedoesnotmatch": "the secret key does not belong to the access key",
    "expiredtoken": "the session token has expired",
    "tokenrefreshrequired": "the session token has expired",
    "requestexpired": "the clock of this computer differs from the server's",
    "requesttimetooskewed": "the clock of this computer differs from the server's",
    "invalidtoken": "the session token is not valid",
    "invalidclienttokenid": "the server does not know the access key",
    "unrecognizedclient": "the server does not know the access key",
    "missingauthenticationtoken": "no credentials were sent",
    "incompletesignature": "the credentials are not whole",
}
_CONNECTION: Final = (
    (r"curlCode: 6\b|resolve host", "the server's name is not known"),
    (r"curlCode: 7\b|Couldn't connect|Connection refused", "nobody answers at its address"),
    (r"curlCode: (35|51|58|60|77|83)\b|SSL|certificate", "the encrypted connection cannot be set up"),
    (r"curlCode: 28\b|[Tt]imeout|too slow", "the server does not answer in time"),
    (r"curlCode: (18|52|55|56)\b|reset|Empty reply|partial", "the server broke off the connection"),
)


@dataclass(frozen=True, slots=True)
class S3Failures:
    """Makes the errors of one bucket; `shown` is the bucket in words, `section` its settings."""

    shown: str
    section: str
    endpoint: str
    credentials: str
    region: str

    def of(self, error: BaseException, doing: str, key: str) -> RunError:
        """The error for one of the SDK's, or for a call that took too long; `doing` such as "read"."""
        text = str(error)
        found = _SERVERS_WORD.search(text) or _SDKS_WORD.search(text)
        word = found[1].replace("_", "").lower() if found else ""
        status = found_status[1] if (found_status := _STATUS.search(text)) else ""
        region = _REGION.search(text)
        if isinstance(error, TimeoutError):
            return self._timed_out(doing, key)
        if region is not None or word in ("permanentredirect", "authorizationheadermalformed") or status == "301":
            return self._region(region, doing, key)
        if word in _REFUSED_KEYS:
            hint = f"credentials come from {self.credentials}; see to them there"
            return self._made("GS-FILE-S3-CREDENTIALS", doing, key, _REFUSED_KEYS[word], hint)
        if word == "nosuchbucket":
            return self._made(
                "GS-FILE-S3-BUCKET", doing, key, "there is no such bucket", f"see to url in [{self.section}]"
            )
        if word in ("accessdenied", "allaccessdisabled") or status == "403":
            return self._denied(doing, key)
        if word in ("slowdown", "internalfailure", "internalerror", "serviceunavailable") or status in ("500", "503"):
            hint = "it was asked several times; try again later"
            return self._made("GS-FILE-S3-BUSY", doing, key, "the server is too busy or has trouble of its own", hint)
        if word in ("networkconnection", "requesttimeout") or "curlCode" in text:
            return self._broken(text, doing, key)
        told = word or (f"HTTP status {status}" if status else type(error).__name__)
        hint = f"the server says {told}; see to [{self.section}] and to the server"
        return self._made("GS-FILE-S3-ERROR", doing, key, "the server refuses", hint)

    def changed(self, key: str) -> RunError:
        """The file changed while it was read, twice."""
        hint = "let the upload end first, or upload under another name and rename the file when it is whole"
        return self._made("GS-FILE-S3-CHANGED", "read", key, "the file changes while it is being read", hint)

    def gone(self, key: str) -> RunError:
        """The file was listed, and then was there no more."""
        return self._made(
            "GS-FILE-S3-CHANGED", "read", key, "the file went away after it was listed", "run the rule again"
        )

    def not_kept(self, error: OSError, key: str) -> RunError:
        """This disk does not take the file."""
        hint = "see to the space and the rights of .gsrules/cache in the project"
        return self._made(
            "GS-FILE-S3-CACHE", "read", key, f"it cannot be kept on this disk: {error.strerror or error}", hint
        )

    def not_deleted(self, error: RunError, key: str, new_key: str) -> RunError:
        """The copy is there, the file that was copied still is, too."""
        first = error.problems[0]
        hint = f"the file is under {new_key} as well; {first.hint}"
        return RunError(Problem(first.code, first.message, value=key, hint=hint))

    def _denied(self, doing: str, key: str) -> RunError:
        hint = (
            f"the credentials of {self.credentials} need the rights s3:ListBucket and s3:GetObject, to archive and "
            "export s3:PutObject and s3:DeleteObject; without s3:ListBucket a missing key is denied, too"
        )
        return self._made("GS-FILE-S3-DENIED", doing, key, "access is denied", hint)

    def _region(self, found: re.Match[str] | None, doing: str, key: str) -> RunError:
        right = (found[1] or found[2]) if found else ""
        hint = f'write region = "{right or "…"}" in [{self.section}]'
        where = f"it is in {right}" if right else "it is in another one"
        return self._made(
            "GS-FILE-S3-REGION", doing, key, f"the bucket is not in the region {self.region}, {where}", hint
        )

    def _broken(self, text: str, doing: str, key: str) -> RunError:
        why = next((words for pattern, words in _CONNECTION if re.search(pattern, text)), "the connection is broken")
        hint = f"it was tried several times; see to the network and to endpoint in [{self.section}] ({self.endpoint})"
        return self._made("GS-FILE-S3-CONNECTION", doing, key, why, hint)

    def _timed_out(self, doing: str, key: str) -> RunError:
        hint = f"see to the network and to endpoint in [{self.section}] ({self.endpoint}), or raise request_timeout"
        return self._made("GS-FILE-S3-CONNECTION", doing, key, "the server does not answer in time", hint)

    def _made(self, code: str, doing: str, key: str, why: str, hint: str) -> RunError:
        what = f"cannot {doing} “{key}”" if key else f"cannot {doing} the keys"
        return RunError(Problem(code, f"{what} in {self.shown}: {why}", value=key, hint=hint))
