"""Bills of clouds: models told from their meters, tokens from their units, everything else skipped by kind."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bills import Bills, broken, outcomes, rows

from llmlogs import sources
from llmlogs.sources.base import Head
from llmlogs.sources.cloud_bills import CUR, FOCUS

LINE: dict[str, Any] = {
    "identity_line_item_id": "aaa", "identity_time_interval": "2026-01-05T00:00:00Z/2026-01-05T01:00:00Z", "bill_invoice_id": None,
    "line_item_usage_account_id": "111122223333", "line_item_line_item_type": "Usage", "line_item_product_code": "AmazonBedrock",
    "line_item_usage_type": "USE1-Claude4.6Opus-input-tokens", "line_item_usage_amount": "12.345", "line_item_usage_start_date": "2026-01-05T00:00:00Z",
    "line_item_usage_end_date": "2026-01-05T01:00:00Z", "line_item_unblended_cost": "0.061725", "line_item_currency_code": "USD",
    "line_item_iam_principal": "arn:aws:iam::111122223333:role/Made", "pricing_unit": "1K tokens", "pricing_public_on_demand_cost": "0.061725",
    "product_region_code": "us-east-1", "resource_tags": {"team": "search"},
}  # fmt: skip


SONNET = "Claude Sonnet 4.6 (Amazon Bedrock Edition)"


def line(usage_type: str, amount: str, **more: Any) -> dict[str, Any]:
    return {**LINE, "line_item_usage_type": usage_type, "line_item_usage_amount": amount, **more}


@pytest.mark.parametrize(
    ("given", "tokens", "kind", "model", "tier"),
    [
        (line("USE1-Claude4.6Opus-input-tokens", "12.345"), 12345, "input", "claude-opus-4-6", None),
        (line("USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global", "0.5", pricing_unit=None), 500, "cache_read", "claude-opus-4-6", None),
        (line("USE1-NovaPro-output-tokens-batch", "2", pricing_unit=None), 2000, "output", "NovaPro", "batch"),
        (line("USE1-MP:USE1_InputTokenCount-Units", "0.098765", pricing_unit="Units", line_item_product_code="x", product_product_name=SONNET),
         98765, "input", "claude-sonnet-4-6", None),
        (line("USE1-MP:USE1_output_tokens_standard-Units", "0.000001", pricing_unit=None, line_item_product_code="xyz"), 1, "output", None, None),
        (line("USE1-MP:USE1_InputTokenCount-Units", "1.5", pricing_unit="1K tokens", line_item_product_code="xyz"), 1500, "input", None, None),  # the unit wins
    ],
)  # fmt: skip
def test_cur_counts_tokens_by_the_unit(given: dict[str, Any], tokens: int, kind: str, model: str | None, tier: str | None) -> None:
    (row,) = rows(CUR, given)
    assert (row["tokens"], row["token_kind"], row.get("model"), row.get("service_tier")) == (tokens, kind, model, tier)
    assert (row["amount_usd"], row["kind"], row["charge"], row["region"]) == (Decimal("0.061725"), "cost", "usage", "us-east-1")


def test_cur_taxes_and_credits_have_money_and_no_tokens() -> None:
    tax, credit = rows(CUR, line("USE1-Claude4.6Opus-input-tokens", "12.345", line_item_line_item_type="Tax"),
                       line("USE1-Claude4.6Opus-input-tokens", "12.345", line_item_line_item_type="Credit", line_item_unblended_cost="-0.01"))  # fmt: skip
    assert ("tokens" in tax, tax["charge"], "tokens" in credit, credit["charge"], credit["amount_usd"]) == (False, "tax", False, "credit", Decimal("-0.01"))


def test_cur_skips_what_is_no_model() -> None:
    found = outcomes(CUR, [line("USE1-BoxUsage:m5.large", "1", line_item_product_code="AmazonEC2", pricing_unit="Hrs"), LINE])
    assert [(outcome.kind, outcome.reason) for outcome in found] == [("skipped", "a service that is no model"), ("other", "")]


def test_cur_a_line_delivered_again_with_another_id_and_invoice_is_the_same_line() -> None:
    (before,), (after,) = rows(CUR, LINE), rows(CUR, LINE | {"identity_line_item_id": "bbb", "bill_invoice_id": "77", "line_item_unblended_cost": "0.05"})
    (other,) = rows(CUR, LINE | {"resource_tags": {"team": "chat"}})
    assert before["bucket_id"] == after["bucket_id"] != other["bucket_id"]


def test_cur_the_older_names_and_parquet(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    legacy = (
        "identity/LineItemId,lineItem/UsageType,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/UsageAmount,lineItem/UnblendedCost,lineItem/ProductCode,"
    )
    legacy += "lineItem/LineItemType,lineItem/CurrencyCode\n"
    legacy += "a,USE1-NovaPro-input-tokens,2026-01-05T00:00:00Z,2026-01-05T01:00:00Z,1.5,0.0012,AmazonBedrock,Usage,USD\n"
    legacy += "b,USE1-Requests,2026-01-05T00:00:00Z,2026-01-05T01:00:00Z,10,0.5,AmazonS3,Usage,USD\n"
    path = tmp_path / "cur.parquet"
    duckdb.execute(
        "copy (select timestamp '2026-01-06 00:00:00' as line_item_usage_start_date, timestamp '2026-01-06 01:00:00' as line_item_usage_end_date, "
        "'USE1-NovaPro-output-tokens' as line_item_usage_type, 2.5::double as line_item_usage_amount, 0.008::decimal(18,10) as line_item_unblended_cost, "
        "'AmazonBedrock' as line_item_product_code, 'Usage' as line_item_line_item_type, 'USD' as line_item_currency_code, "
        f"map {{'user_team': 'x'}} as resource_tags) to '{path}' (format parquet)"
    )
    report = bills.ingest(bills.write("cur.csv", legacy), str(path))
    assert {file.source for file in report.files} == {"aws_cur"}
    assert (report.total.other, report.total.skipped) == (2, 1)
    assert bills.ask("select token_kind, tokens, amount_usd::double, epoch(bucket_end - bucket_start)::int from usage_buckets order by all") == [
        ("input", 1500, 0.0012, 3600),
        ("output", 2500, 0.008, 3600),
    ]


CHARGE: dict[str, Any] = {
    "BilledCost": "0.30", "EffectiveCost": "0.25", "ListCost": "0.40", "BillingCurrency": "USD", "ChargeCategory": "Usage", "ChargeClass": None,
    "ChargePeriodStart": "2026-01-05T00:00:00Z", "ChargePeriodEnd": "2026-01-06T00:00:00Z",
    "ChargeDescription": "Input tokens", "ServiceName": "Amazon Bedrock",
    "ServiceCategory": "AI and Machine Learning", "ServiceSubcategory": "Generative AI", "ProviderName": "AWS", "PublisherName": "Anthropic",
    "ConsumedQuantity": "100.5", "ConsumedUnit": "1K tokens", "PricingQuantity": "0.1005", "PricingUnit": "1M tokens", "SkuId": "SKU1",
    "SkuMeter": "Claude Opus 4.6 cached input tokens", "SkuPriceDetails": '{"x_ServiceTier": "batch"}', "RegionId": "eu-west-1", "SubAccountId": "acc-1",
    "InvoiceId": None, "Tags": '{"team": "search"}',
}  # fmt: skip


def test_focus_maps_the_unit_to_tokens_and_keeps_its_three_costs_apart() -> None:
    (row,) = rows(FOCUS, CHARGE)
    assert (row["tokens"], row["token_kind"], row["model"], row["service_tier"]) == (100500, "cache_read", "claude-opus-4-6", "batch")
    assert (row["amount_usd"], row["effective_usd"], row["list_usd"]) == (Decimal("0.30"), Decimal("0.25"), Decimal("0.40"))
    assert (row["provider"], row["region"], row["project"], row["charge"]) == ("aws.bedrock", "eu-west-1", "acc-1", "usage")


@pytest.mark.parametrize(
    ("change", "want"),
    [
        ({"ChargeCategory": "Tax"}, {"charge": "tax", "tokens": None, "amount_usd": Decimal("0.30")}),
        ({"ChargeCategory": "Credit", "BilledCost": "-5"}, {"charge": "credit", "tokens": None, "amount_usd": Decimal(-5)}),
        ({"BillingCurrency": "EUR"}, {"amount_usd": None, "amount": Decimal("0.30"), "currency": "EUR", "list_usd": None, "effective_usd": None}),
        ({"ConsumedUnit": None, "ConsumedQuantity": None}, {"tokens": 100500}),
        ({"ConsumedUnit": "Hours", "PricingUnit": "Hours", "ConsumedQuantity": "3"}, {"tokens": None, "unit": "Hours", "quantity": "3"}),
        (
            {"ProviderName": "Microsoft", "SkuMeter": "gpt-4o-0806-Outp-glbl Tokens", "x_Model": "gpt-4o"},
            {"provider": "azure", "token_kind": "output", "model": "gpt-4o"},
        ),
    ],
)
def test_focus_cases(change: dict[str, Any], want: dict[str, Any]) -> None:
    (row,) = rows(FOCUS, CHARGE | change)
    assert {name: row.get(name) for name in want} == want


def test_focus_skips_other_services() -> None:
    storage = CHARGE | {"ServiceSubcategory": "Object Storage", "ServiceName": "Amazon S3", "SkuMeter": "Requests", "ChargeDescription": "PUT requests",
                        "ConsumedUnit": "Requests", "PricingUnit": "Requests", "SkuId": "S3"}  # fmt: skip
    assert [outcome.kind for outcome in outcomes(FOCUS, [storage, CHARGE])] == ["skipped", "other"]


def test_focus_files(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    path = tmp_path / "focus.parquet"
    duckdb.execute(
        "copy (select 1.25::decimal(18,6) as BilledCost, 1.25 as EffectiveCost, 1.25 as ListCost, 'USD' as BillingCurrency, 'Usage' as ChargeCategory, "
        "timestamptz '2026-01-05 00:00:00+00' as ChargePeriodStart, timestamptz '2026-01-06 00:00:00+00' as ChargePeriodEnd, 'Azure OpenAI' as ServiceName, "
        f"'Microsoft' as ProviderName, 2000000.0 as ConsumedQuantity, 'Tokens' as ConsumedUnit, map {{'team': 'a'}} as Tags) to '{path}' (format parquet)"
    )
    names = [name for name in CHARGE if name not in ("SkuPriceDetails", "Tags")]
    text = ",".join(names) + "\n" + ",".join(str(CHARGE[name] or "") for name in names) + "\n"
    report = bills.ingest(str(path), bills.write("focus.csv", text))
    assert {file.source for file in report.files} == {"focus"}
    assert bills.ask("select sum(tokens)::int, sum(amount_usd)::double from usage_buckets") == [(2_100_500, 1.55)]


def test_nonsense_never_stops_the_file() -> None:
    outcomes(CUR, broken(LINE))
    outcomes(FOCUS, broken(CHARGE))
    outcomes(FOCUS, [None, 3, "x", [], {}, {"data": None}, {"data": [None, 3]}])


def test_each_knows_its_own() -> None:
    for source, record in ((CUR, LINE), (FOCUS, CHARGE)):
        assert sources.find(Head("x.csv", "csv", (record,), tuple(record)))[0][0] is source
        assert sources.find(Head("x.csv", "csv", (), tuple(record)))[0][0] is source  # a report without rows
