"""The few methods SQL cannot carry, each named after its textbook method."""
