"""The program that gdb has loaded, and what the compiler wrote down beside it."""
import json
import os
import re

import gdb

REPOSITORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def path(suffix):
    """Of a file beside the program: build/debug.elf, ".json" -> build/debug.json"""
    program = gdb.current_progspace().filename
    if program is None:
        raise gdb.GdbError("there is no program: start gdb with build/debug.elf")
    return os.path.splitext(program)[0] + suffix


def description():
    try:
        with open(path(".json")) as file:
            return json.load(file)
    except OSError as error:
        raise gdb.GdbError("the program's description cannot be read: %s" % error)


def layouts():
    """Layouts of the program, by name: a list each, for a name may mean something else in another file."""
    found = {}
    for layout in description()["layouts"]:
        same_name = found.setdefault(layout["name"], [])
        if layout not in same_name:
            same_name.append(layout)
    return found


def source(file):
    with open(os.path.join(REPOSITORY, file)) as text:
        return text.read()


def constants(file, prefix):
    """The names of `const PREFIX_NAME = number;` in a source file, by number."""
    found = re.findall(r"const %s_(\w+) = (\d+);" % prefix, source(file))
    return {int(number): name for name, number in found}


def variable(name):
    """A variable of a module, as it is now."""
    symbol = gdb.lookup_static_symbol(name) or gdb.lookup_global_symbol(name)
    if symbol is None:
        raise gdb.GdbError("the program has no variable %s" % name)
    return int(symbol.value())


def address_of(name):
    """Of static bytes."""
    return word(gdb.parse_and_eval("&" + name))


def word(value):
    """As an unsigned number of 64 bits."""
    return int(value.cast(gdb.lookup_type("unsigned long")))


def argument(text, usage):
    """The value of an expression that a command was given. TypeScript's spelling of numbers is understood."""
    if not text.strip():
        raise gdb.GdbError(usage)
    text = re.sub(r"\b(0x[0-9a-fA-F_]+|[0-9_]+)n?\b", lambda number: number[1].replace("_", ""), text)
    return word(gdb.parse_and_eval(text))


def read(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except gdb.MemoryError:
        raise gdb.GdbError("there is no memory at 0x%x" % address)


def read_physical(address, size):
    """Through QEMU, whatever the page tables say."""
    gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
    try:
        return read(address, size)
    finally:
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)
