"""What the books say as of a date, as polars columns. Knows no check."""
