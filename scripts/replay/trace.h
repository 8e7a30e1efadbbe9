/*
 * An allocation trace in the form of the malloc lab: four numbers (a heap size, how many ids, how many operations, a
 * weight), then an operation a line: `a ID SIZE` takes a block, `r ID SIZE` resizes it, `f ID` gives it back.
 */
#pragma once
#include <stdint.h>

struct step {
  char kind; /* 'a', 'r' or 'f' */
  uint32_t id;
  uint64_t size;
};
struct trace {
  uint64_t ids, count;
  struct step *steps;
  uint64_t peak; /* the most bytes that are out at once, as they were asked for */
};

/*
 * Reads the file. If it cannot be read, or makes no sense, the program ends with a sentence that names the line: an
 * unknown operation, an id beyond what the header says, one that is taken while it is out or given back while it is
 * not, a size of more than 1 TiB, other numbers than the header's. `r` of an id that is not out takes it, `f -1` is
 * nothing: both are realloc's and free's meaning of NULL.
 */
struct trace trace_read(const char *path);
