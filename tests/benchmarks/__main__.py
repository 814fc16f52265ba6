"""`make bench`: every benchmark with its usual sizes."""

from tests.benchmarks import ingest_vs_ctas, pricing, sources_vs_ndjson

ingest_vs_ctas.main()
ingest_vs_ctas.main(dirty=0.001)
sources_vs_ndjson.main()
pricing.main()
