"""type: the kernel's console, from gdb."""
import os
import stat

import gdb

from . import program

TYPED = "debug.serial"  # a pipe to the serial line: scripts/gdb/debug.sh


class Type(gdb.Command):
    """Type a line at the kernel's prompt: type WORDS

    The kernel reads it when it runs: `continue`."""

    def __init__(self):
        super().__init__("type", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        path = os.path.join(os.path.dirname(program.path("")), TYPED)
        try:
            line = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            raise gdb.GdbError("the kernel's console is not here; perhaps in the terminal of make debug GDB=no")
        try:
            if not stat.S_ISFIFO(os.fstat(line).st_mode):
                raise gdb.GdbError("%s is no pipe" % path)
            os.write(line, argument.encode() + b"\r")
        finally:
            os.close(line)


Type()
