"""A shipped fictitious book with stories one recognises, and the run of a month on it."""
