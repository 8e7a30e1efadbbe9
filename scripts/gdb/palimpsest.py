"""gdb and the kernel: values as TypeScript writes them, traps in backtraces, and commands that know the kernel's data.

`source scripts/gdb/palimpsest.py`, with build/debug.elf or build/kernel.elf loaded; `make debug` does. README.md beside
this file says what there is.
"""
import os
import sys

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from kernel import console, frames, memory, records, values  # noqa: E402 (the path comes first)

gdb.execute("set pagination off")
gdb.execute("set confirm off")  # `quit` quits: nothing is lost with the machine
gdb.execute("set print entry-values no")  # a value once, not as `va=va@entry=…`
