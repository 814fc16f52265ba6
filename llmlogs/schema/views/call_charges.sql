-- What each priced call cost by kind of token, at the rates of its own rate row (tier, context bracket, instant and discounts are in them), for the calls it stands for.
-- Kinds do not overlap: plain, read, write, hour (cache writes of one hour), media_in are the input; text, think (reasoning), media_out the output. Per kind
-- _n [tokens, weighted] and _usd [USD, weighted]; fee_usd [USD]: searches, fees per request, and what no rate row explains; they add up to usd. A call without a rate row
-- has no kinds (NULL): all it cost is fee_usd.
-- reports_cache: the log says how much was read, zero included. Rates [USD per token]: r_in, r_read, r_write, r_hour, r_out; a kind without a rate of its own costs what its whole does. No application cache hits: nothing was sent.
create or replace view call_charges as
with counted as (
    select c.*, coalesce(c.response_model, c.request_model) as model, coalesce(c.billed_input_tokens, c.input_tokens, 0) as n_in, coalesce(c.billed_output_tokens, c.output_tokens, 0) as n_out,
        coalesce(c.cache_read_tokens, 0) as n_read, coalesce(c.cache_write_tokens, 0) as n_write, least(coalesce(c.cache_write_1h_tokens, 0), coalesce(c.cache_write_tokens, 0)) as n_hour,
        coalesce(c.audio_input_tokens, 0) as n_audio, coalesce(c.image_input_tokens, 0) as n_image, coalesce(c.reasoning_tokens, 0) as n_think,
        coalesce(c.audio_output_tokens, 0) as n_voice, coalesce(c.image_output_tokens, 0) as n_picture
    from calls c where c.cost_usd is not null and c.cost_status is distinct from 'app_cache_hit'
),
rates as (
    select rate_id, cast(coalesce(input_rate, 0) as double) as r_in, cast(coalesce(output_rate, 0) as double) as r_out, cast(coalesce(cache_read_rate, input_rate, 0) as double) as r_read,
        cast(coalesce(cache_write_rate, input_rate, 0) as double) as r_write, cast(coalesce(cache_write_1h_rate, cache_write_rate, input_rate, 0) as double) as r_hour,
        cast(coalesce(audio_input_rate, input_rate, 0) as double) as r_audio, cast(coalesce(image_input_rate, input_rate, 0) as double) as r_image,
        cast(coalesce(reasoning_rate, output_rate, 0) as double) as r_think, cast(coalesce(audio_output_rate, output_rate, 0) as double) as r_voice,
        cast(coalesce(image_output_rate, output_rate, 0) as double) as r_picture
    from price_rates
),
charged as (
    select c.call_id, c.started_at, c.feature, c.provider, c.model, c.sample_weight, c.sample_weight * cast(c.cost_usd as double) as usd, case when r.rate_id is not null then c.sample_weight end as w, r.r_in, r.r_read, r.r_write, r.r_hour, r.r_out,
        c.cache_read_tokens is not null as reports_cache,
        w * (n_in - n_read - n_write - n_audio - n_image) as plain_n, w * n_read as read_n, w * (n_write - n_hour) as write_n,
        w * n_hour as hour_n, w * (n_audio + n_image) as media_in_n, w * (n_audio * r_audio + n_image * r_image) as media_in_usd,
        w * (n_out - n_think - n_voice - n_picture) as text_n, w * n_think as think_n, w * n_think * r_think as think_usd,
        w * (n_voice + n_picture) as media_out_n, w * (n_voice * r_voice + n_picture * r_picture) as media_out_usd
    from counted c left join rates r on c.rate_id = r.rate_id
)
select * exclude (w), plain_n * r_in as plain_usd, read_n * r_read as read_usd, write_n * r_write as write_usd, hour_n * r_hour as hour_usd, text_n * r_out as text_usd,
    usd - coalesce(plain_n * r_in + read_n * r_read + write_n * r_write + hour_n * r_hour + media_in_usd + text_n * r_out + think_usd + media_out_usd, 0) as fee_usd
from charged;
