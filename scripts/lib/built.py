# SPDX-License-Identifier: Apache-2.0
"""Programs of the build that a script starts: who has not built them is told what to do, before anything begins."""
import os
import sys
from pathlib import Path

MAKES = "scripts/build, or cmake --preset release && cmake --build --preset release, makes it"


def missing(paths):
    """Why these cannot be started; None where all can."""
    return next((f"{path} is not built; {MAKES}" for path in paths if not os.access(path, os.X_OK)), None)


def need(*paths):
    """Ends the script where one is missing."""
    if wrong := missing(paths):
        sys.exit(f"scripts/{Path(sys.argv[0]).name}: {wrong}")
