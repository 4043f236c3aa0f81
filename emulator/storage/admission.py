"""Who may do what on the blob service: Azure's checks, which Azurite does not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal

from emulator.arm.provider import Authorizer
from emulator.identity import STORAGE_AUDIENCES, InvalidTokenError, Principal, TokenIssuer, bearer_token
from emulator.storage.accounts import Account
from emulator.storage.errors import BlobError
from emulator.storage.requests import BlobRequest, CopySource, Permission, reading

Authentication = Literal["OAuth", "AccountKey", "SAS", "Anonymous"]
"""Who is asking, in the words of the metric dimension Authentication."""

_OLDEST_WITH_BEARER: Final = "2017-11-09"
"""Oldest x-ms-version that takes Entra tokens ("Authorize with Microsoft Entra ID", storage REST reference)."""


@dataclass(frozen=True)
class Admitted:
    """A request that may go on: `proof` names the copy source that has to answer by its own address first."""

    authentication: Authentication
    proof: CopySource | None = None


class Admission:
    """Checks one request against the account's properties and, for an identity, its roles."""

    def __init__(self, base_url: str, issuer: TokenIssuer, authorizer: Authorizer) -> None:
        self._base_url = base_url
        self._issuer = issuer
        self._authorizer = authorizer

    def admit(
        self, account: Account, asked: BlobRequest, headers: Mapping[str, str], authentication: Authentication
    ) -> Admitted:
        """Return how a request goes on; `headers` has lower-case names.

        Raises:
            BlobError: the caller may not, or the emulator does not have the operation.
        """
        if not account.access.public_network:
            raise BlobError(403, "AuthorizationFailure", "This request is not authorized to perform this operation.")
        if asked.missing is not None:
            raise BlobError(501, "NotImplemented", f"The emulator does not implement {asked.missing}.")
        if headers.get("x-ms-blob-public-access") and not account.access.allow_blob_public_access:
            raise _no_public_access()
        if asked.source is not None and not asked.source.address.startswith(f"{self._base_url}/"):
            raise BlobError(
                501,
                "NotImplemented",
                f"The emulator copies only from its own storage accounts, {self._base_url}/ACCOUNT/CONTAINER/BLOB.",
            )
        match authentication:
            case "OAuth":
                return self._identity(account, asked, headers)
            case "Anonymous":
                _anonymous(account, headers)
            case _ if not account.access.allow_shared_key:
                raise BlobError(
                    403,
                    "KeyBasedAuthenticationNotPermitted",
                    "Key based authentication is not permitted on this storage account.",
                )
            case _:
                pass
        return Admitted(authentication)

    def _identity(self, account: Account, asked: BlobRequest, headers: Mapping[str, str]) -> Admitted:
        if headers.get("x-ms-version", "") < _OLDEST_WITH_BEARER:
            raise BlobError(
                403,
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
                "correctly including the signature.",
                f"Authentication scheme Bearer is not supported in this version. Send the header x-ms-version with "
                f"{_OLDEST_WITH_BEARER} or later.",
            )
        principal = self._principal(account, headers.get("authorization"))
        if asked.permissions is None:
            raise BlobError(501, "NotImplemented", f"The emulator implements {asked.api} for account keys only.")
        for permission in asked.permissions:
            self._require(principal, account, permission)
        source = asked.source
        if source is None:
            return Admitted("OAuth")
        return Admitted("OAuth", self._copying(principal, account, source, asked, headers))

    def _copying(
        self,
        principal: Principal,
        account: Account,
        source: CopySource,
        asked: BlobRequest,
        headers: Mapping[str, str],
    ) -> CopySource | None:
        """Check that the caller may read the source; return it where its own address has to prove that.

        Azure takes the caller's identity for the source of an asynchronous copy within one account, and only there
        ("Copy Blob", storage REST reference).
        """
        within = source.account == account.name
        own = headers.get("x-ms-copy-source-authorization")
        if source.signed or (own is None and (asked.synchronous or not within)):
            return source
        if not within:
            raise BlobError(
                501, "NotImplemented", "The emulator takes x-ms-copy-source-authorization within one account only."
            )
        self._require(self._principal(account, own) if own else principal, account, reading(source))
        return None

    def _principal(self, account: Account, authorization: str | None) -> Principal:
        own = f"{self._base_url}/{account.name}"
        try:
            return self._issuer.verify(bearer_token(authorization) or "", (*STORAGE_AUDIENCES, own, f"{own}/"))
        except InvalidTokenError as error:
            raise BlobError(
                401,
                "InvalidAuthenticationInfo",
                "Server failed to authenticate the request. Please refer to the information in the www-authenticate "
                "header.",
                str(error),
                f"Bearer authorization_uri=https://login.microsoftonline.com/{self._issuer.tenant_id}/oauth2/authorize "
                f"resource_id={STORAGE_AUDIENCES[1]}",
            ) from error

    def _require(self, principal: Principal, account: Account, permission: Permission) -> None:
        scope = account.id
        if permission.container is not None:
            scope += f"/blobServices/default/containers/{permission.container}"
        may = self._authorizer.may_data if permission.data else self._authorizer.may
        if not any(may(principal, action, scope) for action in permission.actions):
            raise BlobError(
                403,
                "AuthorizationPermissionMismatch",
                "This request is not authorized to perform this operation using this permission.",
            )


def authentication_of(headers: Mapping[str, str], query: Mapping[str, str]) -> Authentication:
    """Return how a request says who it is; `headers` has lower-case names."""
    scheme = headers.get("authorization", "").partition(" ")[0].lower()
    if scheme == "bearer":
        return "OAuth"
    if scheme in ("sharedkey", "sharedkeylite"):
        return "AccountKey"
    return "SAS" if "sig" in query else "Anonymous"


def check_address(signed: str | None, caller: str) -> None:
    """Check the caller's address against the one, or the range FIRST-LAST, of a SAS; Azurite does not.

    Raises:
        BlobError: 403 AuthorizationSourceIPMismatch.
    """
    if signed is None:
        return
    first, _, last = signed.partition("-")
    try:
        if ip_address(first) <= ip_address(caller) <= ip_address(last or first):  # pyright: ignore[reportOperatorIssue]
            return
    except (ValueError, TypeError):
        pass  # Not addresses, or not of one family: no match.
    raise BlobError(
        403,
        "AuthorizationSourceIPMismatch",
        f"This request is not authorized to perform this operation using this source IP {caller}.",
    )


def cannot_verify_source() -> BlobError:
    """Return Azure's refusal of a copy whose source did not answer to its own address."""
    return BlobError(
        401,
        "CannotVerifyCopySource",
        "The copy's source cannot be verified. Sign its address with a SAS, or send x-ms-copy-source-authorization; "
        "without, only an asynchronous copy within one account is possible.",
    )


def _anonymous(account: Account, headers: Mapping[str, str]) -> None:
    if "authorization" in headers:
        scheme = headers["authorization"].partition(" ")[0]
        raise BlobError(
            400,
            "InvalidAuthenticationInfo",
            f"The authentication scheme {scheme!r} is not supported; allowed: Bearer, SharedKey, SharedKeyLite.",
        )
    if not account.access.allow_blob_public_access:
        raise _no_public_access()


def _no_public_access() -> BlobError:
    return BlobError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
