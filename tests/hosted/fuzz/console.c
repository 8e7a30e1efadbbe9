/*
 * The line that a person types, from any bytes at all: it stays in its bounds, has printable characters only, and is what
 * a terminal shows that obeys what the kernel sends. Then its words are looked at in every way that commands do.
 */
#include "fuzz.h"

enum { OPEN, READY, GIVEN_UP, TOO_LONG, COMPLETE }; /* LINE of kernel/console/line.ts */
enum { COLUMNS = 160, LONGEST = 77 };
static char row[COLUMNS];
static int column;

/* A terminal of one row: a line end clears it. */
static void shown(char byte) {
  switch (byte) {
    case '\r': column = 0; break;
    case '\n': memset(row, ' ', sizeof row); break;
    case '\b':
      CLAIM(column > 0);
      column--;
      break;
    case '\a': break;
    default:
      CLAIM(byte >= ' ' && byte <= '~' && column < COLUMNS);
      row[column++] = byte;
  }
}

static void line_check(void) {
  const int64_t length = pal_lineLength(), cursor = pal_lineCursor();
  CLAIM(cursor >= 0 && cursor <= length && length <= LONGEST && column == cursor);
  const char *const text = (const char *)(uintptr_t)pal_lineText();
  CLAIM(memcmp(text, row, (size_t)length) == 0);
  for (int64_t i = 0; i < length; i++) CLAIM(text[i] >= ' ' && text[i] <= '~');
  for (int64_t i = length; i < COLUMNS; i++) CLAIM(row[i] == ' ');
}

/* The words are copied to a place that is exactly as large: one byte beyond is AddressSanitizer's. */
static void words_check(void) {
  const size_t length = (size_t)pal_lineLength();
  char *const copy = malloc(length + (length == 0));
  memcpy(copy, (const char *)(uintptr_t)pal_lineText(), length);
  pal_wordsSet((uintptr_t)copy, (int64_t)length);
  const int64_t count = pal_wordCount();
  CLAIM(count >= 0 && count <= (int64_t)(length + 1) / 2);
  for (int64_t i = 0; i < count + 2; i++) {
    pal_wordIsNumber(i);
    pal_wordLog(i);
    column = 0, memset(row, ' ', sizeof row);
  }
  pal_completeBegin((uintptr_t)copy, (int64_t)length);
  CLAIM(pal_completeRest() == 0);
  pal_wordsSet(0, 0);
  free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  pal_memory(NULL, 0);
  pal_onLog(shown);
  pal_serialInit();
  pal_historyForget();
  pal_lineStart();
  column = 0, memset(row, ' ', sizeof row);
  for (size_t i = 0; i < size; i++) {
    const int64_t state = pal_lineByte(data[i]);
    if (state == OPEN || state == COMPLETE) {
      line_check();
      continue;
    }
    if (state == READY) words_check();
    pal_lineStart();
    column = 0, memset(row, ' ', sizeof row);
  }
  return 0;
}
