"""`python -m coroom.cli`, for where the command is not on the path."""

from coroom.cli import main

main(prog_name="coroom")
