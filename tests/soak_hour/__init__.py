"""A soak by the clock: the whole product, as it is started, under people and faults for an hour."""
