"""walk, regions, frame-record: what the kernel's memory is."""
import re

import gdb

from . import program, records

DIRECT_MAP = 0xFFFF_8000_0000_0000
PAGE = 4096
# Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging"
ADDRESS = 0x000F_FFFF_FFFF_F000
PRESENT = 1 << 0
PAGE_SIZE_BIT = 1 << 7
PAGING = 1 << 31  # of CR0
FLAGS = {0: "P", 1: "W", 2: "U", 3: "PWT", 4: "PCD", 5: "A", 63: "XD"}
LEAF_FLAGS = {**FLAGS, 6: "D", 7: "PS", 8: "G"}
SIZES = {1: "4 KiB", 2: "2 MiB", 3: "1 GiB"}
REGIONS = "kernel/mm/phys/regions.ts"
# Where the words lie in a pair of the frame pool's bitmaps.
FREE = 0
HEADS = 8


class Walk(gdb.Command):
    """Walk the page tables that the CPU uses: walk ADDRESS

    Every level's entry and its flags, and the physical address. Afterwards $pte is where the last entry is, through
    the direct map: `watch *$pte` stops when the kernel writes it."""

    def __init__(self):
        super().__init__("walk", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        address = program.argument(argument, "walk ADDRESS")
        if int(gdb.parse_and_eval("$cr0")) & PAGING == 0:
            raise gdb.GdbError("the CPU has paging off: every address is physical")
        table = int(gdb.parse_and_eval("$cr3")) & ADDRESS
        print("walk of v0x%x from p0x%x" % (address, table))
        if address >> 47 not in (0, 0x1FFFF):
            print("  no walk: the address is not canonical (bits 47 to 63 differ)")
            return
        for level in (4, 3, 2, 1):
            shift = 12 + 9 * (level - 1)
            index = address >> shift & 511
            place = table + 8 * index
            entry = int.from_bytes(program.read_physical(place, 8), "little")
            is_leaf = level == 1 or (level < 4 and entry & PAGE_SIZE_BIT != 0)
            print("  level %d  [%3d]  0x%016x  %-14s at p0x%x" % (level, index, entry, flags(entry, is_leaf), place))
            self.remember(place)
            if entry & PRESENT == 0:
                print("  not mapped: the entry of level %d is not present" % level)
                return
            if is_leaf:
                inside = (1 << shift) - 1
                print("  p0x%x, in a page of %s" % (entry & ADDRESS & ~inside | address & inside, SIZES[level]))
                return
            table = entry & ADDRESS

    def remember(self, place):
        entry = gdb.lookup_type("bigint").pointer()
        gdb.set_convenience_variable("pte", gdb.Value(DIRECT_MAP + place).cast(entry))


def flags(entry, is_leaf):
    if entry & PRESENT == 0:
        return "-"
    names = LEAF_FLAGS if is_leaf else FLAGS
    return " ".join(name for bit, name in sorted(names.items()) if entry >> bit & 1)


def region_words():
    """By kind, as regionName of the kernel says them: `memmap` at its prompt, too."""
    names = program.source(REGIONS).split("function regionName")[1].split("\n}")[0]
    return dict(re.findall(r'case REGION_(\w+):\s+return "([^"]+)"', names))


def regions():
    """The memory map: start, end, kind in words."""
    (span,) = program.layouts()["SPAN"]
    kinds = program.constants(REGIONS, "REGION")
    words = region_words()
    start = program.address_of("regionTable")
    for index in range(program.variable("regionsMade")):
        region = records.fields(program.read(start + index * span["size"], span["size"]), span)
        yield region["start"], region["end"], words.get(kinds.get(region["kind"]), "reserved")


class Regions(gdb.Command):
    """List the regions of physical memory, as the kernel sees them: regions"""

    def __init__(self):
        super().__init__("regions", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        known = list(regions())
        if not known:
            raise gdb.GdbError("the memory map is not made yet")
        for region in known:
            print(region_line(region))


def region_line(region):
    start, end, kind = region
    return "p0x%-12x p0x%-12x %10d KiB  %s" % (start, end, (end - start) // 1024, kind)


class FrameRecord(gdb.Command):
    """Say what the kernel knows of a physical frame: frame-record NUMBER

    Its two bits in the bitmaps, its record if it is handed out, and the region that it lies in.
    (frame-record ADDRESS / 4096)"""

    def __init__(self):
        super().__init__("frame-record", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        frame = program.argument(argument, "frame-record NUMBER")
        print("frame %d at p0x%x: %s" % (frame, frame * PAGE, self.state(frame)))
        inside = [region for region in regions() if region[0] <= frame * PAGE < region[1]]
        if self.bit(HEADS, frame):
            (layout,) = program.layouts()["FRAME"]
            at = program.variable("table") % 2**64 + frame * layout["size"]
            shown = records.fields(program.read(at, layout["size"]), layout)
            print("  " + " ".join("%s=0x%x" % (name, value) for name, value in shown.items()))
        print("  " + (region_line(inside[0]) if inside else "in no region"))

    def state(self, frame):
        limit = program.variable("frameLimit")
        if limit == 0:
            return "there is no frame pool yet"
        if frame >= limit:
            return "outside the bitmaps, which end at frame %d" % limit
        if self.bit(FREE, frame):
            return "free"
        return "handed out" if self.bit(HEADS, frame) else "within a run, or not the pool's"

    def bit(self, of, frame):
        """In the pair of words for 64 frames."""
        if frame >= program.variable("frameLimit"):
            return 0
        word = program.variable("pairs") % 2**64 + frame // 64 * 16 + of
        return program.read(word + frame % 64 // 8, 1)[0] >> frame % 8 & 1


Walk()
Regions()
FrameRecord()
