"""What is remembered: tables by subject, sessions, migrations. Knows no check."""
