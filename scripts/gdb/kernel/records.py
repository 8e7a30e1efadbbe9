"""print-record: bytes in memory, by one of the kernel's layouts."""
import gdb

from . import program

BYTES_SHOWN = 16


def fields(data, layout):
    """The numbers in a record, by name."""
    words = [field for field in layout["fields"] if field["access"] == "word"]
    return {field["name"]: int.from_bytes(bytes_of(data, field), "little") for field in words}


def bytes_of(data, field):
    return data[field["offset"] : field["offset"] + field["width"]]


def shown(data, field):
    raw = bytes_of(data, field)
    if field["access"] == "word":
        value = int.from_bytes(raw, "little")
        return "%-20d  0x%x" % (value, value)
    more = " ..." if len(raw) > BYTES_SHOWN else ""
    return raw[:BYTES_SHOWN].hex(" ") + more


class PrintRecord(gdb.Command):
    """Print a record of the kernel's: print-record ADDRESS LAYOUT

    print-record 0x444444440000 HEADER
    print-record &regionTable SPAN

    ADDRESS is an expression; each field is shown in decimal and hexadecimal. Without a LAYOUT, lists them."""

    def __init__(self):
        super().__init__("print-record", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        known = program.layouts()
        address_text, _, name = argument.strip().rpartition(" ")
        usage = "print-record ADDRESS LAYOUT, where LAYOUT is one of: " + " ".join(sorted(known))
        if address_text and name not in known:
            raise gdb.GdbError("there is no layout %s; there are: %s" % (name, " ".join(sorted(known))))
        address = program.argument(address_text, usage)
        for layout in known[name]:
            data = program.read(address, layout["size"])
            print("%s at 0x%x, %d bytes" % (name, address, layout["size"]))
            width = max(len(field["name"]) for field in layout["fields"])
            for field in layout["fields"]:
                print("  +%-3d  %-*s  %s" % (field["offset"], width, field["name"], shown(data, field)))

    def complete(self, text, word):
        return [name for name in program.layouts() if name.startswith(word)]


PrintRecord()
