"""`python -m deploy.processes ensure [chromium | wrk]`: install what servers, browser tests or the benchmark lack."""

import sys

from deploy.processes.available import ensure_binaries, ensure_chromium, ensure_wrk
from deploy.processes.binaries import ProgramMissing

_ACTIONS = {("ensure",): ensure_binaries, ("ensure", "chromium"): ensure_chromium, ("ensure", "wrk"): ensure_wrk}


def main(arguments: tuple[str, ...]) -> int:
    """Run the action; 0 when done, 1 with a sentence when something must be installed by hand, 2 for wrong words."""
    action = _ACTIONS.get(arguments)
    if action is None:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        action()
    except ProgramMissing as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
