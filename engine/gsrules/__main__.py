"""`python -m gsrules` is the command `gsrules`."""

from gsrules.cli.main import main

main()
