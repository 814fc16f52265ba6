"""`make bench`: every benchmark with its usual sizes."""

from tests.benchmarks import ingest_vs_ctas, litellm_payloads, pricing

ingest_vs_ctas.main()
ingest_vs_ctas.main(dirty=0.001)
litellm_payloads.main()
pricing.main()
