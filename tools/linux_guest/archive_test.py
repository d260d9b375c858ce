"""Archives as a guest's own cpio reads them."""

import subprocess
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.linux_guest.archive import Archive
from tools.linux_guest.kernel import kernel
from tools.testing.main import main


class ArchiveTest(unittest.TestCase):

    def test_holds_files_folders_and_programs(self):
        archive = Archive()
        archive.add("/a/b/file", b"content")
        archive.add("a/program", b"#!/bin/sh\nexit 3\n", is_program=True)
        archive.add("empty", b"")
        archive.add_folder("folder")
        with TemporaryDirectory() as directory:
            subprocess.run([kernel().shell, "cpio", "-i"], cwd=directory,
                           input=archive.content(), capture_output=True,
                           check=True)
            place = Path(directory)
            self.assertEqual((place / "a/b/file").read_bytes(), b"content")
            self.assertEqual((place / "empty").read_bytes(), b"")
            self.assertTrue((place / "folder").is_dir())
            self.assertEqual(subprocess.run([place / "a/program"],
                                            check=False).returncode, 3)


if __name__ == "__main__":
    main()
