"""``python -m healthcheck`` is the command ``healthcheck``."""

from healthcheck.cli import main

main()
