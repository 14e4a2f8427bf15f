"""API keys: made, stored as a hash, recognised in constant time, revoked at once.

A key reads `sk_live_<random>`. The database holds its SHA-256 and its first characters, never the
key itself: a plain hash is enough because the random part is far beyond guessing (a password is
not, and would need a slow hash).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

KEY_MARK: Final = "sk_live_"
RANDOM_BYTES: Final = 40
"""320 random bits: the 48 that stay visible in the prefix leave 272 secret."""
VISIBLE_CHARACTERS: Final = 8

INGEST_SCOPE: Final = "usage:write"
SCOPES: Final = (
    INGEST_SCOPE,
    "usage:read",
    "costs:read",
    "revenue:write",
    "margins:read",
    "prices:write",
    "end_users:write",
    "dimensions:write",
    "keys:write",
)
"""Everything a key can be allowed to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """What is known about a key; the key itself is not."""

    id: str
    org_id: str
    name: str
    prefix: str
    """The visible start of the key, to tell keys apart in a list."""
    secret_hash: str
    """SHA-256 of the whole key, in hex."""
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class KeyStore(Protocol):
    """Where keys are kept."""

    def stored_keys(self) -> Sequence[ApiKey]:
        """Return every key of every organisation, oldest first."""
        ...

    def add_key(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...

    def revoke_key(self, key_id: str, at: datetime) -> None:
        """Note that a key is no longer good."""
        ...

    def note_used_keys(self, used: Mapping[str, datetime]) -> None:
        """Note when keys were last used, by their ids."""
        ...


def hash_of(secret: str) -> str:
    """Return what is stored of a key."""
    return hashlib.sha256(secret.encode()).hexdigest()


def prefix_of(secret: str) -> str:
    """Return the part of a key that may be shown."""
    return secret[: len(KEY_MARK) + VISIBLE_CHARACTERS]


class KeyRing:
    """The keys of a database, in memory: the process owns the file, so it is never behind it."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._keys = {key.id: key for key in store.stored_keys()}
        self._ids = {key.secret_hash: key.id for key in self._keys.values()}
        self._used: dict[str, float] = {}
        """When each key was last used, of those whose use the store does not know yet."""

    def create(self, *, org_id: str, name: str, scopes: Collection[str]) -> tuple[ApiKey, str]:
        """Make a key and return it with its secret, which is never to be had again."""
        secret = KEY_MARK + secrets.token_urlsafe(RANDOM_BYTES)
        key = ApiKey(
            id=f"key_{secrets.token_hex(8)}",
            org_id=org_id,
            name=name,
            prefix=prefix_of(secret),
            secret_hash=hash_of(secret),
            scopes=tuple(scope for scope in SCOPES if scope in scopes),
            created_at=datetime.now(UTC),
        )
        with self._lock:
            self._store.add_key(key)
            self._keys[key.id] = key
            self._ids[key.secret_hash] = key.id
        return key, secret

    def find(self, secret: str) -> ApiKey | None:
        """Return the live key this secret belongs to, or None, and remember that it was used.

        The lookup is by hash: how long it takes tells nothing about a key to somebody who cannot
        choose the hash of what he sends. The comparison takes the same time wherever they differ.
        """
        digest = hash_of(secret)
        key = self._keys.get(self._ids.get(digest, ""))
        if key is None or not hmac.compare_digest(key.secret_hash, digest):
            return None
        if key.revoked_at is not None:
            return None
        self._used[key.id] = time.time()
        return key

    def write_used(self) -> None:
        """Have the store know when keys were used. A request only remembers it."""
        with self._lock:
            before, self._used = self._used, {}
            used = dict(before)  # in one step: a request may just be noting its key there
            if not used:
                return
            at = {key_id: datetime.fromtimestamp(when, UTC) for key_id, when in used.items()}
            try:
                self._store.note_used_keys(at)
            except BaseException:
                self._used = used | self._used
                raise
            for key_id, when in at.items():
                self._keys[key_id] = replace(self._keys[key_id], last_used_at=when)

    def of(self, org_id: str) -> list[ApiKey]:
        """Return an organisation's keys, revoked ones too, oldest first."""
        return [self._seen(key) for key in tuple(self._keys.values()) if key.org_id == org_id]

    def _seen(self, key: ApiKey) -> ApiKey:
        when = self._used.get(key.id)
        return replace(key, last_used_at=datetime.fromtimestamp(when, UTC)) if when else key

    def organizations(self) -> list[str]:
        """Return every organisation that ever had a key."""
        return sorted({key.org_id for key in tuple(self._keys.values())})

    def revoke(self, key_id: str, *, org_id: str) -> ApiKey | None:
        """Revoke a key of this organisation, at once; None when it has no such key."""
        with self._lock:
            key = self._keys.get(key_id)
            if key is None or key.org_id != org_id:
                return None
            if key.revoked_at is None:
                key = replace(key, revoked_at=datetime.now(UTC))
                self._store.revoke_key(key.id, key.revoked_at or key.created_at)
                self._keys[key_id] = key
            return self._seen(key)
