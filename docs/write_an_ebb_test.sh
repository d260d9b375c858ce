#!/bin/bash
# What the page promises: three cores print 3000 hits.
found=$("$1" --cores=3 2>&1)
if [[ $? -ne 0 || $found != "3000 hits" ]]; then
  echo "found \"$found\", expected \"3000 hits\""
  exit 1
fi
