from typing import cast

import pytest

from access.caller import ANYBODY
from access.errors import MissingScope, Unauthenticated
from access.first_key import FirstKey
from access.key import ORDINARY, ApiKey, Scope
from access.keyring import FRESH_S, STALE_S, UNKNOWN_READS, UNKNOWN_WINDOW_S, Keyring
from access.store import KeyStore
from access.token import Token
from jobs.errors import StorageError
from tests.fakes.key_store import MemoryKeyStore


class There:
    """A keyring on a store and a clock that the test moves; that of the store may be ahead."""

    def __init__(self, **options: bool | FirstKey | None) -> None:
        self.now = 1_000_000.0
        self.ahead_s = 0.0
        self.store = MemoryKeyStore(lambda: self.now + self.ahead_s)
        self.keyring = Keyring(
            cast(KeyStore, self.store),
            clock=lambda: self.now,
            age_clock=lambda: self.now,
            **options,  # type: ignore[arg-type]
        )

    def add(self, name: str = "alice", **fields: object) -> Token:
        token = Token.new()
        given = {"scopes": ORDINARY, "created_at": self.now, **fields}
        self.store.put(ApiKey.model_validate({"id": token.id, "name": name, "digest": token.digest, **given}))
        return token

    def caller(self, text: str | None) -> object:
        if not self.keyring.is_fresh(text):
            self.keyring.refresh(text)
        return self.keyring.caller(text)


def test_without_keys_every_caller_may_do_everything() -> None:
    assert There().caller(None) is ANYBODY


def test_the_first_key_closes_the_api() -> None:
    there = There()
    token = there.add()
    with pytest.raises(Unauthenticated):
        there.caller(None)
    caller = there.caller(token.reveal())
    assert (caller.owner, caller.key_id, caller.scopes) == ("alice", token.id, ORDINARY)  # type: ignore[attr-defined]


def test_where_a_key_is_required_its_absence_does_not_open_the_api() -> None:
    with pytest.raises(Unauthenticated):
        There(required=True).caller(None)


def test_an_open_deployment_asks_for_no_key_though_it_has_some() -> None:
    there = There(open_to_all=True)
    there.add()
    assert there.caller(None) is ANYBODY
    assert there.store.reads == 0


def test_a_key_of_the_right_id_with_another_secret_is_refused() -> None:
    there = There()
    token, other = there.add(), Token.new()
    forged = Token(token.id, other.reveal())
    there.store.kept[other.id] = there.store.kept[token.id].model_copy(update={"id": other.id})
    with pytest.raises(Unauthenticated):
        there.caller(forged.reveal())


@pytest.mark.parametrize("rest", ["", "_", "_\ud800", "_" + "a" * 49, "_" + "a" * 10**6])
def test_a_text_with_the_id_of_a_key_is_refused(rest: str) -> None:
    there = There()
    token = there.add()
    there.caller(token.reveal())
    for start in (f"fl_{token.id}", f"xx_{token.id}"):
        with pytest.raises(Unauthenticated):
            there.caller(start + rest)


def test_a_key_that_was_revoked_is_refused_once_the_keys_are_read_again() -> None:
    there = There()
    token = there.add()
    there.caller(token.reveal())
    there.store.put(there.store.kept[token.id].model_copy(update={"revoked_at": there.now}))
    there.now += FRESH_S + 0.1
    with pytest.raises(Unauthenticated, match="revoked"):
        there.caller(token.reveal())
    # That the last key has ended does not open the API again.
    with pytest.raises(Unauthenticated):
        there.caller(None)


def test_a_key_ends_at_its_time() -> None:
    there = There()
    token = there.add(expires_at=there.now + 10)
    assert there.caller(token.reveal())
    there.now += 10
    with pytest.raises(Unauthenticated, match="expired"):
        there.caller(token.reveal())


def test_a_key_ends_by_the_clock_of_the_store() -> None:
    there = There()
    token = there.add(expires_at=there.now + 10)
    there.ahead_s = -3600
    there.now += 100
    assert there.caller(token.reveal())
    there.ahead_s = 3600
    there.now += FRESH_S + 0.1
    with pytest.raises(Unauthenticated, match="expired"):
        there.caller(token.reveal())


def test_a_new_key_is_known_at_once() -> None:
    there = There()
    there.caller(there.add("alice").reveal())
    new = there.add("bob")
    assert there.caller(new.reveal()).owner == "bob"  # type: ignore[attr-defined]
    there.caller(new.reveal())
    assert there.store.reads == 2


def test_guesses_together_cause_few_reads_of_the_store_and_known_keys_none() -> None:
    there = There()
    known = there.add("alice")
    there.caller(known.reveal())
    for guess in (Token.new() for _ in range(50)):
        with pytest.raises(Unauthenticated):
            there.caller(guess.reveal())
        there.caller(known.reveal())
    assert there.store.reads == 1 + UNKNOWN_READS
    new = there.add("bob")
    with pytest.raises(Unauthenticated):
        there.caller(new.reveal())
    there.now += UNKNOWN_WINDOW_S
    assert there.caller(new.reveal())
    assert there.store.reads == 2 + UNKNOWN_READS


@pytest.mark.parametrize("text", ["a-password", "fl_", "fl_12345678_" + "a" * 49, ""])
def test_a_text_that_is_no_key_causes_no_read(text: str) -> None:
    there = There()
    there.caller(there.add().reveal())
    with pytest.raises(Unauthenticated):
        there.caller(text)
    assert there.store.reads == 1


def test_an_unknown_key_is_refused_while_the_store_does_not_answer() -> None:
    there = There()
    known = there.add()
    there.caller(known.reveal())
    there.store.down = True
    for _ in range(50):
        with pytest.raises(Unauthenticated):
            there.caller(Token.new().reveal())
    assert there.store.asked == 1 + 1 + 1  # the key was put and read, and one more read failed
    assert there.caller(known.reveal())


def test_keys_are_read_once_in_a_while() -> None:
    there = There()
    token = there.add()
    for _ in range(5):
        there.caller(token.reveal())
    assert there.store.reads == 1


def test_a_store_that_is_gone_for_long_lets_nobody_in() -> None:
    there = There()
    token = there.add()
    there.caller(token.reveal())
    there.store.down = True
    there.now += FRESH_S + 0.1
    assert there.caller(token.reveal())
    there.now += STALE_S
    with pytest.raises(StorageError):
        there.caller(token.reveal())


def test_a_store_that_does_not_answer_is_not_asked_by_each_request() -> None:
    there = There()
    there.store.down = True
    for _ in range(3):
        with pytest.raises(StorageError):
            there.caller(None)
    assert there.store.asked == 1
    there.store.down = False
    there.now += 1
    assert there.caller(None) is ANYBODY


def test_the_first_key_of_the_settings_is_added_once() -> None:
    token = Token.new()
    there = There(first_key=FirstKey(token))
    caller = there.caller(token.reveal())
    assert caller.scopes == frozenset(Scope)  # type: ignore[attr-defined]
    # Revoked, it does not come back.
    there.store.put(there.store.kept[token.id].model_copy(update={"revoked_at": there.now}))
    there.now += FRESH_S + 0.1
    with pytest.raises(Unauthenticated, match="revoked"):
        there.caller(token.reveal())


def test_a_use_is_noted_by_the_minute() -> None:
    there = There()
    token = there.add()
    assert there.keyring.use_unnoted(token.id)
    there.keyring.note_use(token.id)
    assert not there.keyring.use_unnoted(token.id)
    assert there.store.used == {token.id: 1_000_000 // 60 * 60}
    there.now += 60
    assert there.keyring.use_unnoted(token.id)


def test_only_an_administrator_sees_what_belongs_to_others() -> None:
    there = There()
    ordinary, admin = there.add("alice"), there.add("root", scopes=frozenset(Scope))
    assert not there.caller(ordinary.reveal()).viewer.sees("bob")  # type: ignore[attr-defined]
    assert there.caller(admin.reveal()).viewer.sees("bob")  # type: ignore[attr-defined]
    with pytest.raises(MissingScope, match="admin"):
        there.caller(ordinary.reveal()).require(Scope.ADMIN)  # type: ignore[attr-defined]
