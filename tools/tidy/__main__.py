"""python3 -m tools.tidy"""

import sys

from tools.tidy.main import main

sys.exit(main())
