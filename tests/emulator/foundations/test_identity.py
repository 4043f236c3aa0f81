from datetime import timedelta

import jwt
import pytest

from emulator.clock import ManualClock
from emulator.identity import (
    ARM_AUDIENCES,
    STORAGE_AUDIENCES,
    InvalidTokenError,
    Principal,
    TokenIssuer,
    bearer_token,
)

SOMEBODY = Principal("11111111-2222-3333-4444-555555555555", "ServicePrincipal", "logic-cv-retrain")
KEY = "a signing key for these tests alone, long enough"


def make_issuer(clock: ManualClock, key: str = KEY) -> TokenIssuer:
    return TokenIssuer(key, "99999999-2222-3333-4444-555555555555", clock)


def test_a_token_tells_whose_it_is():
    issuer = make_issuer(ManualClock())
    assert issuer.verify(issuer.issue(SOMEBODY, ARM_AUDIENCES[0]), ARM_AUDIENCES) == SOMEBODY


def test_a_token_for_another_audience_is_refused():
    issuer = make_issuer(ManualClock())
    with pytest.raises(InvalidTokenError, match="audience"):
        issuer.verify(issuer.issue(SOMEBODY, ARM_AUDIENCES[0]), STORAGE_AUDIENCES)


async def test_a_token_ends_after_its_lifetime():
    clock = ManualClock()
    issuer = make_issuer(clock)
    token = issuer.issue(SOMEBODY, ARM_AUDIENCES[0], timedelta(minutes=5))
    await clock.advance(299)
    issuer.verify(token, ARM_AUDIENCES)
    await clock.advance(1)
    with pytest.raises(InvalidTokenError, match="expired"):
        issuer.verify(token, ARM_AUDIENCES)


def test_a_token_of_another_emulator_is_refused():
    foreign = make_issuer(ManualClock(), key=KEY[::-1]).issue(SOMEBODY, ARM_AUDIENCES[0])
    with pytest.raises(InvalidTokenError, match="not one of this emulator"):
        make_issuer(ManualClock()).verify(foreign, ARM_AUDIENCES)


def test_an_unsigned_token_is_refused():
    issuer = make_issuer(ManualClock())
    claims = jwt.decode(issuer.issue(SOMEBODY, ARM_AUDIENCES[0]), options={"verify_signature": False})
    with pytest.raises(InvalidTokenError):
        issuer.verify(jwt.encode(claims, "", algorithm="none"), ARM_AUDIENCES)


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic abc", None), ("Bearer ", None), ("", None), (None, None)],
)
def test_only_a_bearer_header_carries_a_token(header: str | None, token: str | None):
    assert bearer_token(header) == token
