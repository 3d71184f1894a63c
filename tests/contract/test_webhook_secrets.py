"""The secrets of webhooks, on a real server."""

from typing import Any

import pytest
from pydantic import SecretStr

from access.audit import Action, AuditStream
from access.errors import SecretRefused
from access.webhook_secrets import SECRETS, WebhookSecrets, deployment_secrets, new_secret
from config.errors import InvalidSetting
from jobs.redis.encryption import PLAIN, Encryption


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secrets(redis: Any, clock: Clock) -> WebhookSecrets:
    return WebhookSecrets(redis, Encryption({"a": bytes(32)}), ("shared",), AuditStream(redis, 100), clock)


def test_each_owner_has_a_secret_of_its_own_and_only_callers_without_a_key_share_one(secrets: WebhookSecrets) -> None:
    alice, bob = secrets.create("alice"), secrets.create("bob")
    assert alice != bob
    assert (secrets.of("alice"), secrets.of("bob"), secrets.of("carol")) == ((alice,), (bob,), ())
    assert secrets.of(None) == ("shared",)


def test_two_secrets_sign_until_the_older_one_ends(secrets: WebhookSecrets, clock: Clock) -> None:
    first = secrets.create("alice")
    second = secrets.rotate("alice", grace_s=60)
    assert secrets.of("alice") == (first, second)
    with pytest.raises(SecretRefused, match="two secrets"):
        secrets.rotate("alice", grace_s=60)
    clock.now += 60
    assert secrets.of("alice") == (second,)
    third = secrets.rotate("alice", grace_s=60)
    assert secrets.of("alice") == (second, third)


def test_a_replaced_secret_is_deleted_once_it_has_ended(redis: Any, clock: Clock) -> None:
    secrets = WebhookSecrets(redis, PLAIN, clock=clock)
    first, other = secrets.create("alice"), secrets.create("bob")
    second = secrets.rotate("alice", grace_s=60)

    def stored() -> bytes:
        return b"".join(redis.hgetall(SECRETS).values())

    secrets.delete_ended()
    assert all(secret.encode() in stored() for secret in (first, second, other))
    clock.now += 60
    secrets.delete_ended()
    assert first.encode() not in stored()
    assert (secrets.of("alice"), secrets.of("bob")) == ((second,), (other,))


def test_of_two_changes_at_the_same_time_one_is_refused(redis: Any, clock: Clock) -> None:
    secrets = WebhookSecrets(redis, PLAIN, clock=clock)
    first = secrets.create("alice")
    raced: list[str] = []

    class Late(WebhookSecrets):
        """Reads, and writes only after another command has written."""

        def _read(self, owner: str) -> Any:
            kept = super()._read(owner)
            if not raced:
                raced.append(secrets.rotate(owner, grace_s=60))
            return kept

    with pytest.raises(SecretRefused, match="another command"):
        Late(redis, PLAIN, clock=clock).rotate("alice", grace_s=60)
    assert secrets.of("alice") == (first, *raced)


def test_a_secret_is_revoked_and_changes_are_in_the_audit(redis: Any, secrets: WebhookSecrets) -> None:
    secrets.create("alice")
    secrets.rotate("alice", grace_s=60)
    secrets.revoke("alice")
    assert not secrets.has("alice")
    entries = list(AuditStream(redis, 100).since(0))
    actions = [Action.SECRET_CREATED, Action.SECRET_ROTATED, Action.SECRET_REVOKED]
    assert [(entry.action, entry.owner) for entry in entries] == [(action, "alice") for action in actions]


def test_what_makes_no_sense_is_refused(secrets: WebhookSecrets) -> None:
    secrets.create("alice")
    for wrong in (
        lambda: secrets.create("alice"),
        lambda: secrets.create("no name"),
        lambda: secrets.rotate("bob", grace_s=60),
        lambda: secrets.revoke("bob"),
    ):
        with pytest.raises(SecretRefused):
            wrong()


def test_the_store_has_a_secret_encrypted_only(redis: Any, secrets: WebhookSecrets) -> None:
    secret = secrets.create("alice")
    assert secret.removeprefix("whsec_").encode() not in b"".join(redis.hgetall("faceline:webhook-secrets").values())


def test_a_deployment_has_several_secrets_with_commas_between_them() -> None:
    one, other = new_secret(), new_secret()
    assert deployment_secrets(None) == ()
    assert deployment_secrets(SecretStr(f"{one}, {other}")) == (one, other)


@pytest.mark.parametrize("text", ["whsec_", "whsec_x", "ü"])
def test_what_is_no_secret_is_a_wrong_setting_which_the_error_does_not_show(text: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        deployment_secrets(SecretStr(text))
    assert text not in str(refused.value).replace("whsec_…", "")
