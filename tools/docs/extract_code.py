"""Writes the code blocks of a document to files, so that a build compiles them.

A block is extracted if its first line is `// file: NAME`.

usage: extract_code.py DOCUMENT OUTPUT...
"""

import pathlib
import re
import sys


def main() -> int:
    document = pathlib.Path(sys.argv[1]).read_text()
    outputs = {pathlib.Path(name).name: name for name in sys.argv[2:]}
    blocks = dict(
        re.findall(r"```cpp\n// file: (\S+)\n(.*?)```", document, re.S))
    if blocks.keys() != outputs.keys():
        print(f"{sys.argv[1]}: found blocks {sorted(blocks)}, "
              f"expected {sorted(outputs)}", file=sys.stderr)
        return 1
    for name, code in blocks.items():
        pathlib.Path(outputs[name]).write_text(code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
