"""python3 -m tools.qemu [OPTION ...] IMAGE [ARGUMENT ...]"""

import sys

from tools.qemu.main import main

sys.exit(main(sys.argv[1:]))
