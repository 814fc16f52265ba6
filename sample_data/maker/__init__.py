"""Makes the sample logs. Standard library only, no clock, no network: the same arguments give the same bytes."""
