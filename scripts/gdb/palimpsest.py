"""gdb and the kernel's records: `source scripts/gdb/palimpsest.py`, with build/kernel.elf loaded.

The compiler writes down every layout beside the program (build/kernel.json); the offsets here are those that the
kernel was compiled with.
"""
import json
import os

import gdb

BYTES_SHOWN = 16


def layouts():
    """Layouts of the program, by name: a list each, for a name may mean something else in another file."""
    program = gdb.current_progspace().filename
    if program is None:
        raise gdb.GdbError("there is no program: start gdb with build/kernel.elf")
    path = os.path.splitext(program)[0] + ".json"
    try:
        with open(path) as file:
            described = json.load(file)["layouts"]
    except OSError as error:
        raise gdb.GdbError("the layouts cannot be read: %s" % error)
    found = {}
    for layout in described:
        same_name = found.setdefault(layout["name"], [])
        if layout not in same_name:
            same_name.append(layout)
    return found


def shown(data, field):
    raw = data[field["offset"] : field["offset"] + field["width"]]
    if field["access"] == "word":
        value = int.from_bytes(raw, "little")
        return "%-20d  0x%x" % (value, value)
    more = " ..." if len(raw) > BYTES_SHOWN else ""
    return raw[:BYTES_SHOWN].hex(" ") + more


class PrintRecord(gdb.Command):
    """Print a record of the kernel's: print-record ADDRESS LAYOUT

    print-record 0x444444440000 HEADER
    print-record &regions SPAN

    ADDRESS is an expression; each field is shown in decimal and hexadecimal. Without a LAYOUT, lists them."""

    def __init__(self):
        super().__init__("print-record", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        known = layouts()
        address_text, _, name = argument.strip().rpartition(" ")
        if not address_text:
            raise gdb.GdbError("print-record ADDRESS LAYOUT, where LAYOUT is one of: " + " ".join(sorted(known)))
        if name not in known:
            raise gdb.GdbError("there is no layout %s; there are: %s" % (name, " ".join(sorted(known))))
        address = int(gdb.parse_and_eval(address_text).cast(gdb.lookup_type("unsigned long")))
        for layout in known[name]:
            data = bytes(gdb.selected_inferior().read_memory(address, layout["size"]))
            print("%s at 0x%x, %d bytes" % (name, address, layout["size"]))
            width = max(len(field["name"]) for field in layout["fields"])
            for field in layout["fields"]:
                print("  +%-3d  %-*s  %s" % (field["offset"], width, field["name"], shown(data, field)))

    def complete(self, text, word):
        return [name for name in layouts() if name.startswith(word)]


PrintRecord()
