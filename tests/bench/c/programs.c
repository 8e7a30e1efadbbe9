/* CRC-32, text, packing: peers of crc32.ts, scan.ts and pack.ts in tests/bench/programs. */
#include "api.h"

/* ---- crc32 */
static uint32_t crc_table[256];

void c_crc32Init(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; bit++) rest = rest & 1 ? rest >> 1 ^ 0xedb88320 : rest >> 1;
    crc_table[byte] = rest;
  }
}

int64_t c_crc32(const uint8_t *bytes, int64_t length) {
  uint32_t crc = ~0u;
  for (int64_t i = 0; i < length; i++) crc = crc >> 8 ^ crc_table[(crc ^ bytes[i]) & 0xff];
  return (uint32_t)~crc;
}

/* ---- scan */
int64_t c_scanCharacters(const uint8_t *text, int64_t length) {
  int64_t count = 0;
  for (int64_t i = 0; i < length; i++) {
    if ((text[i] & 0xc0) != 0x80) count++;
  }
  return count;
}

static inline bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

static uint64_t number_value(const uint8_t *start, const uint8_t *end) {
  uint64_t value = 0;
  for (const uint8_t *p = start; p < end && is_digit(*p); p++) value = value * 10 + (*p - '0');
  return value;
}

static uint32_t word_hash(const uint8_t *start, const uint8_t *end) {
  uint32_t hash = 0x811c9dc5;
  for (const uint8_t *p = start; p < end; p++) hash = (hash ^ *p) * 0x01000193;
  return hash;
}

uint64_t c_scanTokens(const uint8_t *text, int64_t length) {
  const uint8_t *const end = text + length;
  uint64_t hash = 0;
  while (text < end) {
    if (*text <= ' ') {
      text++;
      continue;
    }
    const uint8_t *token = text++;
    while (text < end && *text > ' ') text++;
    hash = (hash << 5 | hash >> 59) + (is_digit(*token) ? number_value(token, text) : word_hash(token, text));
  }
  return hash;
}

/* ---- pack */
enum { HASH_BITS = 12, MATCH_MIN = 4, MATCH_MAX = 127 + MATCH_MIN, LITERALS_MAX = 128 };

static uint32_t seen[1 << HASH_BITS]; /* 1 + where the last four bytes with that hash were */

/* At any address; memcpy would be a call where there is no C library. */
typedef uint16_t __attribute__((may_alias, aligned(1))) loose16;
typedef uint32_t __attribute__((may_alias, aligned(1))) loose32;

static uint8_t *copy(uint8_t *to, const uint8_t *from, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = from[i];
  return to + count;
}

static uint8_t *put_literals(uint8_t *out, const uint8_t *from, int64_t count) {
  while (count > 0) {
    const int64_t here = count < LITERALS_MAX ? count : LITERALS_MAX;
    *out++ = here - 1;
    out = copy(out, from, here);
    from += here;
    count -= here;
  }
  return out;
}

int64_t c_pack(uint8_t *to, const uint8_t *from, int64_t length) {
  const uint8_t *const end = from + length;
  const uint8_t *at = from, *written = from;
  uint8_t *out = to;
  size_t words = sizeof seen / 8;
  void *table = seen;
  __asm__ volatile("rep stosq" : "+D"(table), "+c"(words) : "a"(0ull) : "memory"); /* as fillWords does */
  while (end - at >= MATCH_MIN) {
    const uint32_t word = *(const loose32 *)at;
    uint32_t *const slot = &seen[word * 0x9e3779b1u >> (32 - HASH_BITS)];
    const uint8_t *const candidate = from + *slot - 1;
    *slot = at - from + 1;
    if (candidate < from || *(const loose32 *)candidate != word) {
      at++;
      continue;
    }
    out = put_literals(out, written, at - written);
    const int64_t most = end - at < MATCH_MAX ? end - at : MATCH_MAX;
    int64_t matched = MATCH_MIN;
    while (matched < most && candidate[matched] == at[matched]) matched++;
    *out++ = 128 + matched - MATCH_MIN;
    *(loose16 *)out = at - candidate;
    out += 2;
    at += matched;
    written = at;
  }
  return put_literals(out, written, end - written) - to;
}

int64_t c_unpack(uint8_t *to, const uint8_t *from, int64_t packed) {
  const uint8_t *const end = from + packed;
  uint8_t *out = to;
  while (from < end) {
    const uint8_t control = *from++;
    if (control < 128) {
      out = copy(out, from, control + 1);
      from += control + 1;
    } else {
      const uint16_t distance = *(const loose16 *)from;
      from += 2;
      out = copy(out, out - distance, control - 128 + MATCH_MIN);
    }
  }
  return out - to;
}
