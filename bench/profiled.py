"""`ostler` with a profiler in its event loop (`loop`) or its writer's thread (`writer`).

Writes the file that OSTLER_PROFILE names.
"""

from __future__ import annotations

import cProfile
import os
import sys

from ostler.cli import main as run
from ostler.store.writer import Writer


def main() -> None:
    """Run the command line with the arguments behind the first."""
    where, sys.argv = sys.argv[1], ["ostler", *sys.argv[2:]]
    profile = cProfile.Profile()
    if where == "writer":
        inner = Writer._run  # noqa: SLF001 - the thread's whole work

        def watched(self: Writer) -> None:
            profile.enable()
            try:
                inner(self)
            finally:
                profile.disable()

        Writer._run = watched  # noqa: SLF001 - as above
    else:
        profile.enable()
    try:
        run()
    finally:
        profile.disable()
        profile.dump_stats(os.environ["OSTLER_PROFILE"])


if __name__ == "__main__":
    main()
