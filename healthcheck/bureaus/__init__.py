"""Whom we ask: one module an adapter, plus the normal form, the registry and a conformance suite."""
