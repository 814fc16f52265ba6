"""Every value of cost_status. Where it says there is no price, cost_usd is NULL: an unknown is never a zero."""

MEANING = {
    "priced": "all that was counted has a price in the book or in your own prices",
    "free": "the price list says zero, or a free allowance covers it",
    "app_cache_hit": "answered by your own cache; the provider was not called, so it cost nothing",
    "lower_bound": "costs at least this: the log's counts are not final, or something was used that the book has no price for",
    "reported_only": "no price of ours; the log states a cost, see reported_usd",
    "usage_missing": "the log has no token counts",
    "partial_usage": "the log has no count of something the price depends on",
    "invalid_usage": "the token counts contradict each other or cannot be",
    "time_missing": "the log has no time, and the price has changed over time",
    "unknown_provider": "the book does not know the provider; an [[alias]] or [[price]] in your price file helps",
    "unknown_model": "the book does not know the model; an [[alias]] or [[price]] in your price file helps",
    "unpriced_model": "the book knows the model and has no price for it, or for what was used; say [[free]] or [[price]] in your price file",
    "context_unpriced": "the book has no price for this service tier at that time, and the standard price would be wrong",
    "out_of_book_dates": "your own price does not cover that time, and the book has none",
    "capacity": "served by capacity paid by the hour; [[capacity]] in your price file says what, and how its use is counted",
}
