"""Values as TypeScript has them. The compiler gives every variable its kind as the name of its type; numbers and
booleans are right without help."""
import gdb
import gdb.printing

from . import program

TEXT_SHOWN = 200


class Bigint:
    """In hexadecimal, without the `n`: gdb reads its own output."""

    def __init__(self, value):
        self.value = program.word(value)

    def to_string(self):
        return "0x%x" % self.value


class String(Bigint):
    """The address of a length in 32 bits and the text."""

    def to_string(self):
        try:
            length = int.from_bytes(program.read(self.value, 4), "little")
            text = program.read(self.value + 4, min(length, TEXT_SHOWN)).decode("utf-8", "replace")
        except gdb.GdbError:
            return super().to_string()
        return '"%s"%s' % (text, "..." if length > TEXT_SHOWN else "")


class Function(Bigint):
    def to_string(self):
        return gdb.format_address(self.value)


PRINTERS = {"bigint": Bigint, "string": String, "function": Function}


def palimpsest(value):
    kind = PRINTERS.get(value.type.name)
    return None if kind is None or value.is_optimized_out else kind(value)


gdb.printing.register_pretty_printer(None, palimpsest, replace=True)
