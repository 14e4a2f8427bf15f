"""The price book of every organisation: kept in the ledger's file, and in memory as it is used."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from .own import OrganizationPrices
from .rules import Alias, Rule, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bearlumen.pricing.book import PriceBook
    from bearlumen_server.storage import Store
    from bearlumen_server.storage.base import Transaction

    from .own import Prices
    from .reading import NewAlias, NewPrice

MAX_PRICES: Final = 10_000
"""Own prices, and aliases, that one organisation may have at a time: each new kind of call is
compared with all of them once."""

_PRICE_COLUMNS: Final = (
    "org_id",
    "id",
    "version",
    "provider",
    "model",
    "service_tier",
    "batch",
    "effective_from",
    "content",
    "created_at",
    "created_by",
    "retired_at",
)
_ALIAS_COLUMNS: Final = (
    "org_id",
    "id",
    "alias",
    "provider",
    "target_provider",
    "target_model",
    "created_at",
    "created_by",
    "retired_at",
)

_ROWS_AT_ONCE: Final = 100

Change = Literal["created", "replaced", "unchanged"]


class TooManyPricesError(ValueError):
    """An organisation may have no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Set:
    """What became of one price or alias that was set."""

    change: Change
    item: Any


class PriceBooks:
    """Every organisation's prices. The process owns the file, so memory is never behind it."""

    def __init__(self, store: Store, catalogue: PriceBook) -> None:
        self.catalogue = catalogue
        self._store = store
        self._lock = threading.Lock()
        self._rules: dict[str, tuple[Rule, ...]] = {}
        self._aliases: dict[str, tuple[Alias, ...]] = {}
        for org_id, rule in _stored_rules(store, "retired_at IS NULL", {}):
            self._rules[org_id] = (*self._rules.get(org_id, ()), rule)
        for org_id, alias in _stored_aliases(store, "retired_at IS NULL", {}):
            self._aliases[org_id] = (*self._aliases.get(org_id, ()), alias)
        self._books: dict[str, OrganizationPrices] = {}
        for org_id in {*self._rules, *self._aliases}:
            self._refresh(org_id)

    def of(self, org_id: str) -> Prices:
        """Return what an organisation's events are priced with; the catalogue if it set nothing."""
        return self._books.get(org_id, self.catalogue)

    def own(self, org_id: str) -> OrganizationPrices:
        """Return an organisation's prices to look into, also where it set nothing."""
        found = self._books.get(org_id)
        return found or OrganizationPrices(self.catalogue, rules=(), aliases=())

    def rules(self, org_id: str, *, history: bool = False) -> list[Rule]:
        """Return an organisation's own prices, oldest first; with those replaced and deleted."""
        if not history:
            return list(self._rules.get(org_id, ()))
        return [rule for _, rule in _stored_rules(self._store, *_of(self._store, org_id))]

    def aliases(self, org_id: str, *, history: bool = False) -> list[Alias]:
        """Return an organisation's aliases, oldest first; with those replaced and deleted."""
        if not history:
            return list(self._aliases.get(org_id, ()))
        return [alias for _, alias in _stored_aliases(self._store, *_of(self._store, org_id))]

    def set_prices(
        self, org_id: str, new: Sequence[NewPrice], *, by: str | None, dry_run: bool = False
    ) -> list[Set]:
        """Keep own prices, all or none.

        One for the same calls from the same instant on is replaced by its next version, and left
        as it is where it says the same.

        Raises:
            TooManyPricesError: There would be more than `MAX_PRICES`.
        """
        now = datetime.now(UTC)
        with self._lock:
            known = {(rule.target, rule.effective_from): rule for rule in self.rules(org_id)}
            done: list[Set] = []
            retired: list[Rule] = []
            for price in new:
                key = (price.target, price.effective_from)
                rule, found = _rule(price, known.get(key), now=now, by=by), known.get(key)
                if found is not None and found.content == rule.content:
                    done.append(Set(change="unchanged", item=found))
                    continue
                if found is not None:
                    retired.append(found)
                known[key] = rule
                done.append(Set(change="created" if found is None else "replaced", item=rule))
            _check_number(len(known))
            if not dry_run:
                self._keep_rules(org_id, done, retired, list(known.values()), now)
        return done

    def _keep_rules(
        self,
        org_id: str,
        done: Sequence[Set],
        retired: Sequence[Rule],
        live: Sequence[Rule],
        now: datetime,
    ) -> None:
        gone = {rule.name for rule in retired}
        added = [each.item for each in done if each.change != "unchanged"]
        with self._store.transaction() as write:
            # One that was set twice in one request was never in force: only the last is kept.
            rows = [_row(org_id, rule) for rule in added if rule.name not in gone]
            _insert(write, self._store, "own_prices", _PRICE_COLUMNS, rows)
            for rule in retired:
                self._retire(
                    write,
                    "own_prices",
                    org_id=org_id,
                    item_id=rule.id,
                    version=rule.version,
                    now=now,
                )
        self._rules[org_id] = tuple(live)
        self._refresh(org_id)

    def delete_price(self, org_id: str, rule_id: str) -> Rule | None:
        """Delete an own price; None when the organisation never had it."""
        now = datetime.now(UTC)
        with self._lock:
            live = self._rules.get(org_id, ())
            rule = next((each for each in live if each.id == rule_id), None)
            if rule is None:
                known = [r for r in self.rules(org_id, history=True) if r.id == rule_id]
                return known[-1] if known else None
            with self._store.transaction() as write:
                self._retire(
                    write,
                    "own_prices",
                    org_id=org_id,
                    item_id=rule.id,
                    version=rule.version,
                    now=now,
                )
            self._rules[org_id] = tuple(each for each in live if each is not rule)
            self._refresh(org_id)
            return replace(rule, retired_at=now)

    def set_aliases(
        self, org_id: str, new: Sequence[NewAlias], *, by: str | None, dry_run: bool = False
    ) -> list[Set]:
        """Keep aliases, all or none; one of the same name and provider is replaced.

        Raises:
            TooManyPricesError: There would be more than `MAX_PRICES`.
        """
        now = datetime.now(UTC)
        with self._lock:
            before = {(each.alias, each.provider): each for each in self.aliases(org_id)}
            known = dict(before)
            done: list[Set] = []
            for each in new:
                key = (each.alias, each.provider)
                alias, found = _alias(each, now=now, by=by), known.get(key)
                if found is not None and _points(found) == _points(alias):
                    done.append(Set(change="unchanged", item=found))
                    continue
                known[key] = alias
                done.append(Set(change="created" if found is None else "replaced", item=alias))
            _check_number(len(known))
            if not dry_run:
                with self._store.transaction() as write:
                    fresh = {
                        key: each for key, each in known.items() if before.get(key) is not each
                    }
                    for key in fresh.keys() & before.keys():
                        self._retire(
                            write, "price_aliases", org_id=org_id, item_id=before[key].id, now=now
                        )
                    rows = [_alias_row(org_id, alias) for alias in fresh.values()]
                    _insert(write, self._store, "price_aliases", _ALIAS_COLUMNS, rows)
                self._aliases[org_id] = tuple(known.values())
                self._refresh(org_id)
        return done

    def delete_alias(self, org_id: str, alias_id: str) -> Alias | None:
        """Delete an alias; None when the organisation never had it."""
        now = datetime.now(UTC)
        with self._lock:
            live = self._aliases.get(org_id, ())
            alias = next((each for each in live if each.id == alias_id), None)
            if alias is None:
                known = [a for a in self.aliases(org_id, history=True) if a.id == alias_id]
                return known[-1] if known else None
            with self._store.transaction() as write:
                self._retire(write, "price_aliases", org_id=org_id, item_id=alias.id, now=now)
            self._aliases[org_id] = tuple(each for each in live if each is not alias)
            self._refresh(org_id)
            return replace(alias, retired_at=now)

    def _retire(
        self,
        write: Transaction,
        table: Literal["own_prices", "price_aliases"],
        *,
        org_id: str,
        item_id: str,
        now: datetime,
        version: int | None = None,
    ) -> None:
        bind = self._store.dialect.bind
        values: dict[str, object] = {"now": _naive(now), "org": org_id, "id": item_id}
        sql = (
            f"UPDATE {table} SET retired_at = {bind('now')} "  # noqa: S608
            f"WHERE org_id = {bind('org')} AND id = {bind('id')} AND retired_at IS NULL"
        )
        if version is not None:
            sql += f" AND version = {bind('version')}"
            values["version"] = version
        write.rows(sql, values)

    def _refresh(self, org_id: str) -> None:
        rules, aliases = self._rules.get(org_id, ()), self._aliases.get(org_id, ())
        if rules or aliases:
            self._books[org_id] = OrganizationPrices(self.catalogue, rules=rules, aliases=aliases)
        else:
            self._books.pop(org_id, None)


def _check_number(count: int) -> None:
    if count > MAX_PRICES:
        raise TooManyPricesError(f"{count} in all, the most is {MAX_PRICES}; delete some first")


def _rule(new: NewPrice, found: Rule | None, *, now: datetime, by: str | None) -> Rule:
    return Rule(
        id=found.id if found else f"price_{secrets.token_hex(8)}",
        version=found.version + 1 if found else 1,
        target=new.target,
        effective_from=new.effective_from,
        prices=new.prices,
        units=new.units,
        tools=new.tools,
        discount_percent=new.discount_percent,
        note=new.note,
        created_at=now,
        created_by=by,
    )


def _alias(new: NewAlias, *, now: datetime, by: str | None) -> Alias:
    return Alias(
        id=f"alias_{secrets.token_hex(8)}",
        alias=new.alias,
        provider=new.provider,
        target_provider=new.target_provider,
        target_model=new.target_model,
        created_at=now,
        created_by=by,
    )


def _points(alias: Alias) -> tuple[str | None, str]:
    return alias.target_provider, alias.target_model


def _of(store: Store, org_id: str) -> tuple[str, dict[str, object]]:
    return f"org_id = {store.dialect.bind('org')}", {"org": org_id}


def _stored_rules(store: Store, where: str, values: Mapping[str, object]) -> list[tuple[str, Rule]]:
    columns = ", ".join(_PRICE_COLUMNS)
    sql = f"SELECT {columns} FROM own_prices WHERE {where} ORDER BY created_at, id, version"  # noqa: S608
    return [
        (row[0], _read_rule(dict(zip(_PRICE_COLUMNS, row, strict=True))))
        for row in store.rows(sql, values)
    ]


def _read_rule(row: Mapping[str, Any]) -> Rule:
    content = json.loads(row["content"])
    percent = content["discountPercent"]
    return Rule(
        id=row["id"],
        version=row["version"],
        target=Target(
            provider=row["provider"],
            model=row["model"],
            service_tier=row["service_tier"],
            batch=row["batch"],
        ),
        effective_from=_aware(row["effective_from"]),
        prices=_decimals(content["prices"]),
        units=_decimals(content["units"]),
        tools=_decimals(content["tools"]),
        discount_percent=None if percent is None else Decimal(percent),
        note=content["note"],
        created_at=row["created_at"].replace(tzinfo=UTC),
        created_by=row["created_by"],
        retired_at=_aware(row["retired_at"]),
    )


def _row(org_id: str, rule: Rule) -> tuple[object, ...]:
    content = {
        "prices": {kind: str(price) for kind, price in rule.prices.items()},
        "units": {kind: str(price) for kind, price in rule.units.items()},
        "tools": {kind: str(price) for kind, price in rule.tools.items()},
        "discountPercent": None if rule.discount_percent is None else str(rule.discount_percent),
        "note": rule.note,
    }
    target = rule.target
    return (
        org_id,
        rule.id,
        rule.version,
        target.provider,
        target.model,
        target.service_tier,
        target.batch,
        _naive(rule.effective_from),
        json.dumps(content),
        _naive(rule.created_at),
        rule.created_by,
        None,
    )


def _stored_aliases(
    store: Store, where: str, values: Mapping[str, object]
) -> list[tuple[str, Alias]]:
    columns = ", ".join(_ALIAS_COLUMNS)
    sql = f"SELECT {columns} FROM price_aliases WHERE {where} ORDER BY created_at, id"  # noqa: S608
    return [
        (
            row[0],
            Alias(
                id=row[1],
                alias=row[2],
                provider=row[3],
                target_provider=row[4],
                target_model=row[5],
                created_at=row[6].replace(tzinfo=UTC),
                created_by=row[7],
                retired_at=_aware(row[8]),
            ),
        )
        for row in store.rows(sql, values)
    ]


def _alias_row(org_id: str, alias: Alias) -> tuple[object, ...]:
    return (
        org_id,
        alias.id,
        alias.alias,
        alias.provider,
        alias.target_provider,
        alias.target_model,
        _naive(alias.created_at),
        alias.created_by,
        None,
    )


def _insert(
    write: Transaction,
    store: Store,
    table: Literal["own_prices", "price_aliases"],
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
) -> None:
    names = ", ".join(columns)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        values: dict[str, object] = {}
        places: list[str] = []
        for number, row in enumerate(rows[first : first + _ROWS_AT_ONCE]):
            named = {f"{name}_{number}": value for name, value in zip(columns, row, strict=True)}
            values |= named
            places.append(f"({', '.join(map(store.dialect.bind, named))})")
        write.rows(f"INSERT INTO {table} ({names}) VALUES {', '.join(places)}", values)  # noqa: S608


def _decimals(prices: Mapping[str, str]) -> dict[str, Decimal]:
    return {kind: Decimal(price) for kind, price in prices.items()}


def _naive(at: datetime | None) -> datetime | None:
    """Return an instant as the ledger has it: in UTC, without saying so."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None)


def _aware(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)
