"""Samples of the provider-response source: made-up records that must be read as said."""

from llmlogs.sources.base import Sample

SAMPLES: tuple[Sample, ...] = ()
