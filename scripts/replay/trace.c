#include "trace.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MOST = 256, IDS_MOST = 1 << 28, NUMBERS = 4 };
static const uint64_t SIZE_MOST = 1ull << 40, ABSENT = ~0ull;

static const char *file;
static uint64_t line; /* of the file, from 1 on */

__attribute__((format(printf, 1, 2))) static _Noreturn void refuse(const char *format, ...) {
  va_list words;
  va_start(words, format);
  fprintf(stderr, "%s:%" PRIu64 ": ", file, line);
  vfprintf(stderr, format, words);
  fputc('\n', stderr);
  exit(1);
}

/* The next line that has more than blanks, without its end; false after the last. */
static bool line_next(FILE *from, char *text) {
  while (fgets(text, LINE_MOST, from) != NULL) {
    line++;
    const size_t length = strcspn(text, "\n");
    if (text[length] == 0 && !feof(from)) refuse("the line is too long");
    text[length] = 0;
    if (text[strspn(text, " \t\r")] != 0) return true;
  }
  if (ferror(from)) refuse("cannot be read: %s", strerror(errno));
  return false;
}

/* The number at *text, which is moved behind it. */
static uint64_t number(char **text, const char *what) {
  *text += strspn(*text, " \t\r");
  char *end;
  errno = 0;
  const unsigned long long value = strtoull(*text, &end, 10);
  if (end == *text || **text < '0' || **text > '9') refuse("%s is not a number: \"%s\"", what, *text);
  if (errno == ERANGE) refuse("%s is too large", what);
  *text = end;
  return value;
}
static void end_expected(const char *text) {
  if (text[strspn(text, " \t\r")] != 0) refuse("there is more than belongs there: \"%s\"", text);
}

static void header_read(FILE *from, struct trace *trace) {
  static const char *const names[NUMBERS] = {"the heap size", "the number of ids", "the number of operations", "the weight"};
  char text[LINE_MOST] = "", *at = text;
  uint64_t values[NUMBERS];
  for (int i = 0; i < NUMBERS; i++) {
    if (at[strspn(at, " \t\r")] == 0) {
      if (!line_next(from, text)) refuse("the file ends before %s", names[i]);
      at = text;
    }
    values[i] = number(&at, names[i]);
  }
  end_expected(at);
  trace->ids = values[1], trace->count = values[2];
  if (trace->ids > IDS_MOST || trace->count > IDS_MOST) refuse("there are more ids or operations than 2^28");
}

static struct step step_read(char *text, const struct trace *trace) {
  text += strspn(text, " \t\r");
  struct step step = {*text, 0, 0};
  if (step.kind != 'a' && step.kind != 'r' && step.kind != 'f') refuse("an operation is a, r or f: \"%s\"", text);
  text++;
  if (*text != ' ' && *text != '\t') refuse("a blank is missing after %c", step.kind);
  char *at = text + strspn(text, " \t");
  if (step.kind == 'f' && strncmp(at, "-1", 2) == 0) {
    end_expected(at + 2);
    step.kind = 0;
    return step;
  }
  const uint64_t id = number(&text, "the id");
  if (id >= trace->ids) refuse("id %" PRIu64 ": the header says that there are %" PRIu64, id, trace->ids);
  step.id = (uint32_t)id;
  if (step.kind != 'f') step.size = number(&text, "the size");
  if (step.size > SIZE_MOST) refuse("%" PRIu64 " bytes are more than 2^40", step.size);
  end_expected(text);
  return step;
}

struct trace trace_read(const char *path) {
  struct trace trace = {0, 0, NULL, 0};
  file = path, line = 0;
  FILE *const from = fopen(path, "r");
  if (from == NULL) {
    fprintf(stderr, "%s: cannot be opened: %s\n", path, strerror(errno));
    exit(1);
  }
  header_read(from, &trace);
  trace.steps = calloc(trace.count + 1, sizeof *trace.steps);
  uint64_t *const out = malloc((trace.ids + 1) * sizeof *out); /* bytes of each id, or ABSENT */
  if (trace.steps == NULL || out == NULL) refuse("there is no memory for so many operations");
  for (uint64_t i = 0; i < trace.ids; i++) out[i] = ABSENT;

  char text[LINE_MOST];
  uint64_t seen = 0, kept = 0, payload = 0;
  while (line_next(from, text)) {
    if (seen++ == trace.count) refuse("the header says that there are %" PRIu64 " operations, and here is one more", trace.count);
    struct step step = step_read(text, &trace);
    if (step.kind == 0) continue;
    uint64_t *const bytes = &out[step.id];
    if (step.kind == 'a' && *bytes != ABSENT) refuse("id %u is taken while it is out", step.id);
    if (step.kind == 'f' && *bytes == ABSENT) refuse("id %u is given back while it is not out", step.id);
    if (step.kind == 'r' && *bytes == ABSENT) step.kind = 'a';
    if (*bytes != ABSENT) payload -= *bytes;
    *bytes = step.kind == 'f' ? ABSENT : step.size;
    if (step.kind != 'f') payload += step.size;
    if (payload > trace.peak) trace.peak = payload;
    trace.steps[kept++] = step;
  }
  if (seen < trace.count) refuse("the header says that there are %" PRIu64 " operations, and there are %" PRIu64, trace.count, seen);
  trace.count = kept;
  free(out);
  fclose(from);
  return trace;
}
