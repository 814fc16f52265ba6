"""AWS Cost and Usage Report, CUR 2.0 or the older one with slashes in its names, CSV or Parquet: the lines of Bedrock and of models sold on the Marketplace.

Traps: tokens stand in the usage type, four kinds of them (input and output alone miss the caches): `USE1-Claude4.6Opus-cache-read-input-token-count-...` counts
thousands, Marketplace's `USE1-MP:USE1_InputTokenCount-Units` counts millions and names its model only in the product's name; `pricing_unit` says so where it is
filled, and wins. Tax and credit lines repeat the usage amount: only lines of usage have tokens. The line item id changes with every delivery: a line is told by
all that is no measure. Effective is the cost net of discounts, where the report has it.
"""

from __future__ import annotations

import re

from llmlogs.sources.base import Context, Outcome, Row, Sample
from llmlogs.sources.cloud_bills.rows import NOT_MODELS, counted, fold, identity
from llmlogs.sources.common.buckets import NO_TIME, Bucket, text
from llmlogs.sources.common.meters import aws_model, claude, tokens_per_unit, words_of
from llmlogs.sources.common.row_reports import RowReport
from llmlogs.sources.common.times import to_utc

TOKENS = re.compile(r"tokens?(?:[-_ ]|count|$)|tokencount", re.IGNORECASE)
MODELS = re.compile(r"bedrock", re.IGNORECASE)
NAMED = ("lineitemproductcode", "productproductname", "productservicename", "productservicecode", "lineitemlineitemdescription", "lineitemoperation")
CHARGES = (
    ("usage", "usage"), ("tax", "tax"), ("credit", "credit"), ("refund", "credit"), ("discount", "credit"), ("negation", "adjustment"), ("fee", "purchase"),
)  # fmt: skip
EDITION = re.compile(r"\s*\((?:Amazon )?Bedrock Edition\)", re.IGNORECASE)
REGION = re.compile(r"^([A-Z]{2,4}\d{1,2})-")


def read_row(line: int, row: Row, nested: bool, context: Context) -> Outcome:
    """One line item."""
    usage_type = text(row.get("lineitemusagetype")) or ""
    if not _is_model(row, usage_type):
        return Outcome(line, "skipped", NOT_MODELS, nested=nested)
    start = to_utc(row.get("lineitemusagestartdate"))
    if start is None:
        return Outcome(line, "rejected", NO_TIME, nested=nested)
    kind = (text(row.get("lineitemlineitemtype")) or "Usage").lower()
    charge = "usage" if kind.endswith("usage") else next((charge for word, charge in CHARGES if word in kind), "adjustment")
    described = text(row.get("lineitemlineitemdescription"))
    told = words_of([usage_type])
    scale = _scale(row, usage_type)
    tokens = charge == "usage" and scale is not None
    names = {
        "provider": "aws.bedrock", "bucket_start": start, "bucket_end": to_utc(row.get("lineitemusageenddate")), "model": _model(row, usage_type),
        "charge": charge, "token_kind": (told.token_kind or "other") if tokens else None, "service_tier": told.service_tier,
        "context_window": told.context_window, "region": _region(row, usage_type), "project": text(row.get("lineitemusageaccountid")),
        "user_id": text(row.get("lineitemiamprincipal")), "description": usage_type or described,
    }  # fmt: skip
    bucket = Bucket("aws.cur", names, context, identity(row))
    counts = counted(bucket, row.get("lineitemusageamount"), text(row.get("pricingunit")), scale) if charge == "usage" else {}
    amounts = {
        "amount_usd": row.get("lineitemunblendedcost"), "list_usd": row.get("pricingpublicondemandcost"), "effective_usd": row.get("lineitemnetunblendedcost"),
    }  # fmt: skip
    bucket.money(amounts, row.get("lineitemcurrencycode"), **counts)
    return bucket.outcome(line, nested)


def _is_model(row: Row, usage_type: str) -> bool:
    return bool(any(MODELS.search(text(row.get(name)) or "") for name in NAMED) or ("MP:" in usage_type and TOKENS.search(usage_type)))


def _scale(row: Row, usage_type: str) -> int | None:
    """Tokens in one unit: by the pricing unit, else millions on the Marketplace and thousands for Bedrock itself."""
    if not TOKENS.search(usage_type):
        return None
    return tokens_per_unit(text(row.get("pricingunit"))) or (10**6 if "MP:" in usage_type else 1000)


def _model(row: Row, usage_type: str) -> str | None:
    product = EDITION.sub("", text(row.get("productproductname")) or text(row.get("productservicename")) or "")
    return aws_model(usage_type) or claude(product) or (product if "MP:" in usage_type else None) or text(row.get("productmodel"))


def _region(row: Row, usage_type: str) -> str | None:
    short = REGION.match(usage_type)
    return text(row.get("productregioncode")) or text(row.get("productregion")) or (short[1] if short else None)


SAMPLES = (
    Sample(
        '{"identity_line_item_id": "a", "line_item_usage_start_date": "2026-01-05T00:00:00Z", "line_item_usage_end_date": "2026-01-05T01:00:00Z",'
        ' "line_item_product_code": "AmazonBedrock", "line_item_line_item_type": "Usage", "line_item_usage_type": "USE1-NovaPro-input-tokens",'
        ' "line_item_usage_amount": "1.5", "line_item_unblended_cost": "0.0012", "line_item_currency_code": "USD"}',
        (),
        "a line item",
        {"other": 1},
    ),
)
CUR = RowReport(
    "aws_cur",
    "AWS Cost and Usage Report (CUR 2.0 and legacy; CSV or Parquet): Amazon Bedrock and Marketplace models",
    "https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html",
    "one line a meter: input, cache reads, cache writes and output are lines of their own, in thousands or millions",
    (frozenset({"lineitemusagetype", "lineitemusagestartdate", "lineitemusageamount"}),),
    read_row,
    SAMPLES,
    fold,
)
