"""How a pull goes from an order to a report: behind the door that is ``healthcheck.reviews.pulls``."""
