"""The column rules of FOCUS 1.2, written down from the specification's columns/*.md; shares nothing with llmlogs.exports."""

import json
import re
from collections.abc import Callable
from decimal import Decimal

Row = dict[str, str]  # as a CSV reader gives it: "" is null
NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
UNIT = re.compile(r"(\d+ )?[A-Z][a-z]+s\Z")

PRESENT = ("BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass",
           "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity",
           "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName")  # feature level: mandatory  # fmt: skip
OF_PRICE_LISTS = ("ConsumedQuantity", "ConsumedUnit", "ContractedUnitPrice", "ListUnitPrice", "PricingCategory", "SkuId", "SkuMeter", "SkuPriceDetails",
                  "SkuPriceId", "Tags", "RegionId", "RegionName", "SubAccountId", "SubAccountName", "ResourceId", "ResourceName", "ResourceType")  # fmt: skip
FOCUS_COLUMNS = {*PRESENT, *OF_PRICE_LISTS, "BillingAccountType", "SubAccountType", "ChargeFrequency", "InvoiceId", "ServiceSubcategory"}
DECIMALS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "ConsumedQuantity", "PricingQuantity", "ContractedUnitPrice", "ListUnitPrice")
TIMES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
NEVER_NULL = ("BilledCost", "BillingAccountId", "BillingAccountType", "BillingCurrency", *TIMES, "ChargeCategory", "ChargeFrequency", "ContractedCost",
              "EffectiveCost", "InvoiceIssuerName", "ListCost", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName", "ServiceSubcategory",
              "ChargeDescription")  # fmt: skip
NOT_NULL_OF_USAGE = ("ConsumedQuantity", "ContractedUnitPrice", "ListUnitPrice", "PricingCategory", "PricingQuantity", "SkuId", "SkuPriceId", "SkuMeter")
ALLOWED = {
    "BillingCurrency": {"USD"},
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"", "Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {"", "Standard", "Dynamic", "Committed", "Other"},
    "ServiceCategory": {"AI and Machine Learning"},
    "ServiceSubcategory": {"AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing", "Other (AI and Machine Learning)"},
}
WITH = {  # null where the other is, and not null where it is not
    "PricingUnit": "PricingQuantity", "ConsumedUnit": "ConsumedQuantity", "RegionName": "RegionId", "SubAccountName": "SubAccountId",
    "SubAccountType": "SubAccountId", "ResourceType": "ResourceId", "BillingAccountType": "BillingAccountId", "SkuMeter": "SkuId",
}  # fmt: skip


def _numbers(row: Row) -> bool:
    return all(not row[name] or NUMBER.match(row[name]) for name in DECIMALS)


def _product(price: str, cost: str) -> Callable[[Row], bool]:
    return lambda row: not row[price] or Decimal(row[price]) * Decimal(row["PricingQuantity"]) == Decimal(row[cost])


def _key_values(row: Row) -> bool:
    for name in ("Tags", "SkuPriceDetails"):
        if row[name]:
            pairs = json.loads(row[name], object_pairs_hook=lambda found: found)
            keys = [key for key, _ in pairs]
            if len(set(keys)) < len(keys) or any(isinstance(value, list | dict) for _, value in pairs):
                return False
    return True


RULES: dict[str, Callable[[Row], bool]] = {
    "numbers are plain decimals": _numbers,
    "times are UTC in ISO 8601": lambda row: all(TIME.match(row[name]) for name in TIMES),
    "what must not be null is not": lambda row: all(row[name] for name in NEVER_NULL),
    "usage has its prices, quantities and SKU": lambda row: row["ChargeCategory"] != "Usage" or all(row[name] for name in NOT_NULL_OF_USAGE),
    "only usage consumes": lambda row: row["ChargeCategory"] == "Usage" or not row["ConsumedQuantity"],
    "values are allowed ones": lambda row: all(row[name] in allowed for name, allowed in ALLOWED.items()),
    "what belongs together is null together": lambda row: all(bool(row[name]) == bool(row[other]) for name, other in WITH.items()),
    "unit prices are not negative": lambda row: all(not row[name] or Decimal(row[name]) >= 0 for name in ("ListUnitPrice", "ContractedUnitPrice")),
    "list price x quantity = list cost": _product("ListUnitPrice", "ListCost"),
    "contracted price x quantity = contracted cost": _product("ContractedUnitPrice", "ContractedCost"),
    "a charge without a unit price costs what is billed": lambda row: (
        bool(row["ListUnitPrice"]) or row["ListCost"] == row["ContractedCost"] == row["EffectiveCost"] == row["BilledCost"]
    ),
    "the charge lies in its billing period": lambda row: (
        row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
    ),
    "units are plural and capitalised": lambda row: all(not row[name] or UNIT.match(row[name]) for name in ("PricingUnit", "ConsumedUnit")),
    "objects are flat JSON with keys once": _key_values,
    "price details are of a price, and provider's own begin with x_": lambda row: (
        not row["SkuPriceDetails"] or (bool(row["SkuPriceId"]) and all(key.startswith("x_") for key in json.loads(row["SkuPriceDetails"])))
    ),
    "a resource's name is not its id": lambda row: not row["ResourceName"] or row["ResourceName"] != row["ResourceId"],
    "a correction is of an earlier period": lambda row: not row["ChargeClass"],
}


def broken(rows: list[Row]) -> dict[str, Row]:
    """Each rule of the rows that does not hold, with the first row that breaks it."""
    found = {name: row for row in reversed(rows) for name, rule in RULES.items() if not rule(row)}
    for one, many in (("SkuId", "SkuPriceId"), ("ListUnitPrice", "SkuPriceId"), ("SkuMeter", "SkuId"), ("ServiceCategory", "ServiceName")):
        seen: dict[str, str] = {}
        for row in rows:
            if row[many] and seen.setdefault(row[many], row[one]) != row[one]:
                found[f"a {many} has one {one}"] = row
    return found
