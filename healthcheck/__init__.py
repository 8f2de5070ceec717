"""Healthcheck: routine health checks of large, well-paying customers."""

__version__ = "0.1.0"
