"""`python -m gateway`: the server."""

import gc
import sys


def main() -> int:
    """Start the server."""
    # What the start builds is there to stay, and to look for garbage in it again and again takes a tenth of the start.
    # The server has the collector work as soon as it serves.
    gc.disable()
    from gateway import server

    return server.main()


if __name__ == "__main__":
    sys.exit(main())
