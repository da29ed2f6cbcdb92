# A real certbot, started once for many commands: each line of standard input is one.
import sys

from certbot.main import main

for line in sys.stdin:
    failed = main(line.split())
    if failed:
        sys.exit(failed)
