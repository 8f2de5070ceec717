"""What is judged: one pure function a check, over columns for any number of accounts at once. Knows no database."""
