"""Whose turn it is, the durable work of a month, the judging of accounts, and flags."""
