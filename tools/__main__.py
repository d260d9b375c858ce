"""The command line of EbbRT; `./ebbrt` starts it once the machine is set up."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).absolute().parent.parent)

from tools.cli.main import main  # noqa: E402  (the path comes first)

sys.exit(main(sys.argv[1:]))
