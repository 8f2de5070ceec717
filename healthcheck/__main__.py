"""``python -m healthcheck`` is the command ``healthcheck``."""

from healthcheck.cli import main

if __name__ == "__main__":  # the processes of a large screen import this module too
    main()
