"""The sentences of briefs and letters, one module a language; all have the same keys (a test keeps them equal)."""
