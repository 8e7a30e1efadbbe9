/*
 * What must be true once boot information was believed: nothing becomes usable that no entry of the map calls so, and
 * nothing that the information or a module lies in; and boot options can be asked for.
 */
#pragma once
#include "fuzz.h"

PAL_TEXT(heap_size, "heap.size");
PAL_TEXT(heap_base, "heap.base");
PAL_TEXT(panic, "panic");
PAL_TEXT(exit_text, "exit");

static void options_check(void) {
  const uint64_t line = pal_commandLine(), end = line + (uint64_t)pal_commandLineLength();
  CLAIM(pal_commandLineLength() >= 0 && pal_commandLineLength() <= PAL_COMMAND_LINE_LIMIT);
  pal_optionNumber(&heap_size.text, 0);
  if (pal_option(&heap_base.text)) {
    CLAIM(pal_optionTextLength() >= 0);
    CLAIM(pal_optionText() >= line && pal_optionText() + (uint64_t)pal_optionTextLength() <= end);
  }
  if (pal_optionIs(&panic.text, &exit_text.text)) CLAIM(pal_optionTextLength() == 4);
}

/* The information lies from `info` to `info_end`. */
static void regions_check(uint64_t info, uint64_t info_end) {
  pal_memoryMapBuild();
  uint64_t end = 0;
  for (int64_t i = 0; i < pal_regionCount(); i++) {
    CLAIM(pal_regionStart(i) >= end && pal_regionEnd(i) > pal_regionStart(i));
    CLAIM(pal_regionStart(i) % 4096 == 0 && pal_regionEnd(i) % 4096 == 0);
    end = pal_regionEnd(i);
    if (pal_regionKind(i) != PAL_REGION_USABLE) continue;
    CLAIM(pal_regionStart(i) >= 0x100000 && (end <= info || pal_regionStart(i) >= info_end));
    bool given = false;
    for (int64_t r = 0; r < pal_rangeCount(); r++) {
      if (pal_rangeKind(r) == PAL_MEMORY_USABLE) given |= pal_rangeStart(r) < end && pal_rangeEnd(r) > pal_regionStart(i);
      else CLAIM(pal_rangeEnd(r) <= pal_regionStart(i) || pal_rangeStart(r) >= end);
    }
    CLAIM(given);
    for (int64_t m = 0; m < pal_moduleCount(); m++) {
      CLAIM(pal_moduleStart(m) == pal_moduleEnd(m) || pal_moduleEnd(m) <= pal_regionStart(i) || pal_moduleStart(m) >= end);
    }
  }
}

static void drop(char byte) { (void)byte; }
