from typing import cast

import pytest

from access.administration import KeyAdministration
from access.audit import Action, AuditStream
from access.errors import KeyRefused
from access.key import ORDINARY, Scope
from access.store import KeyStore
from tests.fakes.key_store import MemoryAudit, MemoryKeyStore


class There:
    """Keys, and a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.store = MemoryKeyStore(lambda: self.now)
        self.audit = MemoryAudit()
        self.keys = KeyAdministration(cast(KeyStore, self.store), cast(AuditStream, self.audit))

    def live(self) -> list[str]:
        return [key.id for key in self.keys.all() if key.live(self.now)]


def test_a_new_key_has_what_was_asked_and_only_a_digest_of_its_text() -> None:
    there = There()
    token = there.keys.create("alice", [Scope.READ], 60, "10/second", "1000/day")
    (key,) = there.keys.all()
    assert (key.id, key.name, key.scopes, key.expires_at) == (token.id, "alice", {Scope.READ}, 160)
    assert (key.rate, key.quota) == ("10/second", "1000/day")
    assert token.reveal() not in key.model_dump_json()


def test_without_scopes_a_key_has_all_but_admin() -> None:
    there = There()
    there.keys.create("alice")
    assert there.keys.all()[0].scopes == ORDINARY


@pytest.mark.parametrize("name", ["", "with space", "-x", "ü", "a" * 65, "a/b", "a\n"])
def test_a_name_is_plain(name: str) -> None:
    with pytest.raises(KeyRefused, match="is not a name"):
        There().keys.create(name)


@pytest.mark.parametrize("amount", ["many", "10", "10/fortnight"])
def test_a_limit_is_a_number_in_a_time(amount: str) -> None:
    with pytest.raises(KeyRefused, match="is not a limit"):
        There().keys.create("alice", rate=amount)
    with pytest.raises(KeyRefused, match="is not a limit"):
        There().keys.create("alice", quota=amount)


def test_a_rotation_leaves_two_live_keys_for_a_while() -> None:
    there = There()
    old = there.keys.create("alice", [Scope.JOBS], 1000, "10/second")
    there.now += 100
    new = there.keys.rotate("alice", grace_s=50)
    assert there.live() == [old.id, new.id]
    added = there.keys.all()[1]
    assert (added.scopes, added.rate, added.expires_at) == ({Scope.JOBS}, "10/second", 1200)
    with pytest.raises(KeyRefused, match="2 live keys"):
        there.keys.rotate("alice", grace_s=50)
    there.now += 50
    assert there.live() == [new.id]


def test_a_rotation_does_not_make_the_old_key_live_longer() -> None:
    there = There()
    old = there.keys.create("alice", lifetime_s=10)
    there.keys.rotate("alice", grace_s=1000)
    there.now += 10
    assert old.id not in there.live()


def test_a_name_gets_a_second_key_by_rotation_only() -> None:
    there = There()
    there.keys.create("alice")
    with pytest.raises(KeyRefused, match="rotate alice"):
        there.keys.create("alice")
    with pytest.raises(KeyRefused, match="create bob"):
        there.keys.rotate("bob", 1)


def test_a_key_is_revoked_by_its_id_and_all_of_a_name_by_the_name() -> None:
    there = There()
    old = there.keys.create("alice")
    new = there.keys.rotate("alice", 1000)
    other = there.keys.create("bob")
    assert [key.id for key in there.keys.revoke(old.id)] == [old.id]
    assert there.live() == [new.id, other.id]
    there.keys.revoke("alice")
    assert there.live() == [other.id]
    with pytest.raises(KeyRefused, match="no live key"):
        there.keys.revoke("alice")


def test_the_audit_has_each_change_of_a_key() -> None:
    there = There()
    old = there.keys.create("alice")
    new = there.keys.rotate("alice", 1000)
    there.keys.revoke(old.id)
    with pytest.raises(KeyRefused):
        there.keys.create("alice")
    assert [(entry.action, entry.subject, entry.owner, entry.at) for entry in there.audit.entries] == [
        (Action.KEY_CREATED, old.id, "alice", 100),
        (Action.KEY_ROTATED, new.id, "alice", 100),
        (Action.KEY_REVOKED, old.id, "alice", 100),
    ]
