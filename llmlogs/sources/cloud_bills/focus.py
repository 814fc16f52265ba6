"""FOCUS 1.0 to 1.2 (FinOps Open Cost and Usage Specification), CSV or Parquet: what AWS, Azure, Google Cloud, Databricks and others export alike.

Traps: FOCUS has no column for a model or a kind of token: both are read from SkuMeter, SkuPriceDetails, ChargeDescription and SkuId. Tokens are the consumed
quantity by its unit ("1K Tokens"). BilledCost is the invoice, EffectiveCost spreads commitments, ListCost is without discounts: never add them up. A credit is
negative, a correction of an earlier month is a row of this one. What is not billed in dollars stands in `amount` with its currency; there EffectiveCost is
kept only where the report has it in dollars too (PricingCurrency).
"""

from __future__ import annotations

from typing import Any

import orjson

from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.cloud_bills.rows import MODEL_WORDS, NOT_MODELS, counted, fold, identity
from llmlogs.sources.common.buckets import NO_TIME, Bucket, text
from llmlogs.sources.common.meters import claude, tokens_per_unit, words_of
from llmlogs.sources.common.row_reports import RowReport
from llmlogs.sources.common.times import to_utc

PROVIDERS = (
    ("aws", "aws.bedrock"), ("amazon", "aws.bedrock"), ("microsoft", "azure"), ("azure", "azure"), ("google", "gcp.vertex_ai"), ("databricks", "databricks"),
    ("openai", "openai"), ("anthropic", "anthropic"), ("snowflake", "snowflake"), ("oracle", "oracle"), ("mistral", "mistral"),
)  # fmt: skip
WHOSE = ("serviceprovidername", "providername", "hostprovidername", "publishername")
SERVICE = ("servicename", "servicesubcategory", "skumeter", "skuid", "chargedescription", "consumedunit", "pricingunit", "resourcetype", "resourcename")
MODEL_KEYS = ("model", "x_model", "modelname", "x_modelname", "x_skumodel")


def read_row(line: int, row: Row, nested: bool, context: Context) -> Outcome:
    """One charge."""
    if not _is_model_service(row):
        return Outcome(line, "skipped", NOT_MODELS, nested=nested)
    start = to_utc(row.get("chargeperiodstart"))
    if start is None:
        return Outcome(line, "rejected", NO_TIME, nested=nested)
    charge = (text(row.get("chargecategory")) or "usage").lower()
    details = _details(row.get("skupricedetails"))
    described, meter = text(row.get("chargedescription")), text(row.get("skumeter"))
    told = words_of([meter, *(text(value) for value in details.values()), described, text(row.get("skuid"))])
    unit, quantity, scale = _measured(row)
    tokens = charge == "usage" and scale is not None
    names = {
        "provider": _provider(row), "bucket_start": start, "bucket_end": to_utc(row.get("chargeperiodend")), "model": _model(row, details),
        "charge": charge, "token_kind": (told.token_kind or "other") if tokens else None, "service_tier": told.service_tier,
        "context_window": told.context_window, "region": text(row.get("regionid")), "project": text(row.get("subaccountid")),
        "description": ", ".join(filter(None, (described or meter, text(row.get("chargeclass"))))) or None,
    }  # fmt: skip
    bucket = Bucket("focus", names, context, identity(row))
    counts = counted(bucket, quantity, unit, scale) if charge == "usage" else {}
    bucket.money(_amounts(row), row.get("billingcurrency"), **counts)
    return bucket.outcome(line, nested)


def _is_model_service(row: Row) -> bool:
    """By the subcategory FOCUS has for it, or the words of service, meter and unit."""
    if text(row.get("servicesubcategory")) == "Generative AI":
        return True
    return any(MODEL_WORDS.search(text(row.get(name)) or "") for name in SERVICE)


def _provider(row: Row) -> str | None:
    shown = next((name for name in (text(row.get(column)) for column in WHOSE) if name), None)
    return next((provider for word, provider in PROVIDERS if word in (shown or "").lower()), shown)


def _measured(row: Row) -> tuple[str | None, Any, int | None]:
    """(unit, quantity, tokens in one unit): as consumed, else as priced where only that counts tokens."""
    consumed, priced = text(row.get("consumedunit")), text(row.get("pricingunit"))
    scale = tokens_per_unit(consumed)
    if scale is None and tokens_per_unit(priced) is not None:
        return priced, row.get("pricingquantity"), tokens_per_unit(priced)
    return (consumed, row.get("consumedquantity"), scale) if consumed else (priced, row.get("pricingquantity"), scale)


def _details(value: Any) -> Row:
    """SkuPriceDetails: an object, or one as text."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return {fold(str(key)): item for key, item in value.items()} if isinstance(value, dict) else {}


def _model(row: Row, details: Row) -> str | None:
    given = [text(details.get(fold(key))) or text(row.get(fold(key))) for key in MODEL_KEYS]
    named = next((name for name in given if name), None)
    return named or next(
        (name for name in (claude(text(row.get(column))) for column in ("skumeter", "skuid", "chargedescription", "servicename")) if name), None
    )


def _amounts(row: Row) -> Row:
    amounts: Row = {"amount_usd": row.get("billedcost")}
    if (text(row.get("billingcurrency")) or "USD").upper() == "USD":
        return amounts | {"list_usd": row.get("listcost"), "effective_usd": row.get("effectivecost")}
    return amounts


SAMPLES = (
    Sample(
        '{"BilledCost": "0.30", "EffectiveCost": "0.30", "ListCost": "0.30", "BillingCurrency": "USD", "ChargeCategory": "Usage",'
        ' "ChargePeriodStart": "2026-01-05T00:00:00Z", "ChargePeriodEnd": "2026-01-06T00:00:00Z", "ServiceName": "Amazon Bedrock", "ProviderName": "AWS",'
        ' "ConsumedQuantity": "100", "ConsumedUnit": "1K tokens", "SkuMeter": "USE1-NovaPro-input-tokens"}',
        (),
        "a charge",
        {"other": 1},
    ),
)
FOCUS = RowReport(
    "focus",
    "FOCUS cost and usage export (AWS, Azure, Google Cloud, Databricks ...; CSV or Parquet)",
    "https://focus.finops.org",
    "one row a meter: input, cache reads, cache writes and output are charges of their own",
    (frozenset({"billedcost", "chargeperiodstart", "chargecategory"}), frozenset({"billedcost", "chargeperiodstart", "effectivecost"})),
    read_row,
    SAMPLES,
    fold,
)
