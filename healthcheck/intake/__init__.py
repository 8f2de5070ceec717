"""What comes in: files of a ledger, read, understood row by row, and merged into the books without loss or doubling."""
