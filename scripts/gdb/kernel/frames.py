"""Backtraces: a trap by its name, assembly by its labels. How to get through a trap's stub is in the debug information:
boot/frames.inc."""
import gdb
from gdb.FrameDecorator import FrameDecorator

from . import program

# Intel SDM vol. 3A, "Exception and Interrupt Reference"
NAMES = (
    "#DE #DB NMI #BP #OF #BR #UD #NM #DF vector-9 #TS #NP #SS #GP #PF vector-15 #MF #AC #MC #XM #VE #CP".split()
)
VECTOR = 120  # in TRAP_FRAME, which is where RSP points when the stub calls


def trap_name(frame):
    newer = frame.newer()
    if newer is None or newer.type() == gdb.SIGTRAMP_FRAME:
        return "<trap>"  # the stub itself is looked at, or was interrupted: it may not have saved all
    vector = int.from_bytes(program.read(int(frame.read_register("rsp")) + VECTOR, 8), "little")
    return "<trap %s>" % (NAMES[vector] if vector < len(NAMES) else "vector %d" % vector)


class KernelFrame(FrameDecorator):
    def is_trap(self):
        return self.inferior_frame().type() == gdb.SIGTRAMP_FRAME

    def function(self):
        frame = self.inferior_frame()
        if self.is_trap():
            return trap_name(frame)
        if frame.function() is None:  # assembly: its labels are all there is
            return frame.name() or super().function()
        return super().function()

    def filename(self):
        return None if self.is_trap() else super().filename()

    def line(self):
        return None if self.is_trap() else super().line()


class KernelFrames:
    """The frame filter of that name: `disable frame-filter global palimpsest` shows what gdb itself sees."""

    def __init__(self):
        self.name = "palimpsest"
        self.enabled = True
        self.priority = 100
        gdb.frame_filters[self.name] = self

    def filter(self, frames):
        return map(KernelFrame, frames)


KernelFrames()
