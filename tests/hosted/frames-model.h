/*
 * The frame pool against a model with a few bytes a frame. Who includes this says where choices come from: the bytes of
 * a fuzzer's input, or a random number. What the pool must refuse it refuses by a panic that changes nothing.
 */
#pragma once
#include "fuzz/fuzz.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define SANITIZED 1
#endif
#endif

/* 0..below-1. */
static uint64_t choose(uint64_t below);

enum { ORDER_MAX = 18, OWNERS = 3, OWNER_WORDS = 7 };
enum state { NOBODYS, FREE, HEAD, TAIL }; /* TAIL: in a run whose head is before it */

struct frame {
  uint8_t state, order, owner, references;
  bool given; /* at least once: its bytes are nobody's while it is free */
};
static struct frame *model;
static int64_t limit, free_count, total_count, owned[OWNERS];
static uint64_t owner_memory[OWNERS][OWNER_WORDS];
static pal_Owner owners[OWNERS];
static uint8_t *metadata, *records, *memory;

static void unheard(char byte) { (void)byte; }

/* Exactly as large as they must be, and full of junk: one byte beyond is AddressSanitizer's. */
static uint8_t *junk(size_t align, size_t size) {
  void *at = NULL;
  CLAIM(posix_memalign(&at, align, size + (size == 0)) == 0);
  memset(at, 0xa5, size);
  return at;
}

/* `bytes`: the frames, 4096 for each, page-aligned; NULL if nobody is to look at them. */
static void pool_start(int64_t frames, uint8_t *bytes) {
  limit = frames;
  free_count = total_count = 0;
  memset(owned, 0, sizeof owned);
  model = calloc((size_t)limit + 1, sizeof *model);
  metadata = junk(128, (size_t)pal_framesMetadataBytes(limit));
  records = junk(8, (size_t)limit * 32);
  memory = bytes;
  pal_memory(memory, (uint64_t)limit * 4096);
  pal_onLog(unheard);
  pal_framesInit((uintptr_t)metadata, limit, (uintptr_t)records);
  owners[0] = pal_kernelFrames();
  for (int i = 1; i < OWNERS; i++) owners[i] = pal_ownerOpen((uintptr_t)owner_memory[i], 3 + i, (uint64_t)i);
}

static void pool_end(void) {
  if (memory != NULL) pal_memory(memory, (uint64_t)limit * 4096); /* nothing of it is poisoned any longer */
  free(records);
  free(metadata);
  free(model);
}

/* ---- the model ---- */
static bool inside(int64_t frame) { return frame >= 0 && frame < limit; }
static int64_t frames_of(int order) { return (int64_t)1 << order; }

static bool all_are(int64_t first, int64_t count, enum state state) {
  for (int64_t i = 0; i < count; i++) {
    if (model[first + i].state != state) return false;
  }
  return true;
}
static bool is_run(int64_t frame, int64_t order) {
  return inside(frame) && model[frame].state == HEAD && model[frame].order == order && model[frame].references == 0;
}

/* The record and the bytes of what was handed out are the taker's. */
static void mark_taken(int64_t first, int order, int owner) {
  const int64_t count = frames_of(order);
  CLAIM(first % count == 0 && first >= 0 && count <= limit - first && all_are(first, count, FREE));
  for (int64_t i = 0; i < count; i++) model[first + i].state = i == 0 ? HEAD : TAIL;
  model[first].order = (uint8_t)order, model[first].owner = (uint8_t)owner, model[first].references = 0;
  free_count -= count, owned[owner] += count;
  CLAIM(pal_frameOwner(first) == owners[owner] && pal_frameOrder(first) == order && pal_framePage(first) == 0);
  CLAIM(pal_frameReferences(first) == 0 && pal_frameKind(first) == pal_ownerKind(owners[owner]));
  if (memory != NULL) memory[first * 4096] = memory[(first + count) * 4096 - 1] = 1;
}
static void mark_free(int64_t first) {
  const int64_t count = frames_of(model[first].order);
  free_count += count, owned[model[first].owner] -= count;
  for (int64_t i = 0; i < count; i++) model[first + i].state = FREE, model[first + i].given = true;
}

/* As a range is handed out: the longest runs that fit, from its start on. */
static int order_fitting(int64_t first, int64_t count) {
  int order = 0;
  while (order < ORDER_MAX && frames_of(order + 1) <= count && first % frames_of(order + 1) == 0) order++;
  return order;
}
static void mark_range(int64_t first, int64_t count, int owner) {
  for (const int64_t end = first + count; first < end; first += frames_of(model[first].order)) {
    mark_taken(first, order_fitting(first, end - first), owner);
  }
}

/* The lowest multiple of `align` from which on `count` frames are free below `end`, or -1. */
static int64_t lowest_free(int64_t count, int64_t align, int64_t end) {
  int64_t length = 0, first = 0; /* of the free frames at hand that begin at a multiple */
  for (int64_t frame = 0; frame < end; frame++) {
    if (model[frame].state != FREE) length = 0;
    else if (length > 0) length++;
    else if (frame % align == 0) first = frame, length = 1;
    if (length >= count) return first;
  }
  return -1;
}

/* ---- operations ---- */
static void take(int owner) {
  const pal_Frame frame = pal_frameTake(owners[owner]);
  if (frame == PAL_NO_FRAME) CLAIM(free_count == 0);
  else mark_taken(frame, 0, owner);
}
static void give(pal_Frame frame) {
  const bool right = is_run(frame, 0);
  CLAIM(PANICS(pal_frameGive(frame)) == !right);
  if (right) mark_free(frame);
}
static void run_take(int order, int owner) {
  const pal_Frame first = pal_runTake(order, owners[owner]);
  if (first != PAL_NO_FRAME) mark_taken(first, order, owner);
  else for (int64_t at = 0; at + frames_of(order) <= limit; at += frames_of(order)) {
    CLAIM(!all_are(at, frames_of(order), FREE));
  }
}
static void run_give(pal_Frame first, int64_t order) {
  const bool right = is_run(first, order);
  CLAIM(PANICS(pal_runGive(first, order)) == !right);
  if (right) mark_free(first);
}
static void run_split(pal_Frame first, int64_t order) {
  const bool right = order == 0 || is_run(first, order);
  CLAIM(PANICS(pal_runSplit(first, order)) == !right);
  if (!right || order == 0) return;
  for (int64_t i = 0; i < frames_of((int)order); i++) {
    model[first + i] = (struct frame){HEAD, 0, model[first].owner, 0, model[first + i].given};
    CLAIM(pal_frameOwner(first + i) == owners[model[first].owner] && pal_frameOrder(first + i) == 0);
  }
}
static void range_take(int64_t count, int64_t align, int64_t below, int owner) {
  const pal_Frame first = pal_rangeTake(count, align, below, owners[owner]);
  const int64_t end = below < limit ? below : limit;
  CLAIM(first == (count < 1 ? -1 : lowest_free(count, align, end)));
  if (first != PAL_NO_FRAME) mark_range(first, count, owner);
}
static void range_claim(pal_Frame first, int64_t count, int owner) {
  const pal_Status status = pal_rangeClaim(first, count, owners[owner]);
  if (count < 1 || !inside(first) || count > limit - first) CLAIM(status == PAL_INVALID);
  else if (!all_are(first, count, FREE)) CLAIM(status == PAL_BUSY);
  else {
    CLAIM(status == PAL_OK);
    mark_range(first, count, owner);
  }
}
static void range_give(pal_Frame first, int64_t count) {
  const int64_t end = first + count;
  bool right = true;
  for (int64_t at = first; right && at < end; at += frames_of(model[at].order)) {
    right = inside(at) && is_run(at, model[at].order) && frames_of(model[at].order) <= end - at;
    if (!right) break;
  }
  CLAIM(PANICS(pal_rangeGive(first, count)) == !right);
  for (int64_t at = first; right && at < end; at += frames_of(model[at].order)) mark_free(at);
}
static void add(pal_Frame first, int64_t count) {
  const bool right = first >= 0 && count >= 0 && count <= limit - first && all_are(first, count, NOBODYS);
  CLAIM(PANICS(pal_framesAdd(first, count)) == !right);
  if (!right) return;
  for (int64_t i = 0; i < count; i++) model[first + i].state = FREE;
  free_count += count, total_count += count;
}
/* A reference more, or one less if there is one: a frame that has any cannot be given back. */
static void reference(pal_Frame frame, bool more) {
  if (!inside(frame) || model[frame].state != HEAD) return;
  if (more && model[frame].references < 3) {
    pal_frameReferenceAdd(frame);
    model[frame].references++;
  } else if (!more && model[frame].references > 0) {
    model[frame].references--;
    CLAIM(pal_frameReferenceDrop(frame) == model[frame].references);
  } else if (!more) {
    CLAIM(PANICS(pal_frameReferenceDrop(frame)));
  }
}

/* ---- what is chosen ---- */
/* Any frame, or one that is handed out, or its neighbours: from a random place on, the first. */
static pal_Frame some_frame(void) {
  const int64_t from = (int64_t)choose((uint64_t)limit + 2) - 1;
  if (choose(8) == 0) return from;
  for (int64_t i = 0; i < 512; i++) {
    if (inside(from + i) && model[from + i].state == HEAD) return from + i;
  }
  return from;
}
static int64_t order_near(pal_Frame frame) {
  const int64_t right = inside(frame) ? model[frame].order : 0;
  return choose(8) == 0 ? (int64_t)choose(22) - 1 : right;
}
/* From a frame on to the end of some run behind it, mostly. */
static int64_t count_near(pal_Frame frame) {
  int64_t count = 0;
  for (uint64_t pieces = choose(5); pieces > 0 && inside(frame + count); pieces--) {
    count += model[frame + count].state == HEAD ? frames_of(model[frame + count].order) : 1;
  }
  return count + (choose(16) == 0);
}
/* One step: `takes` of 16 take something; runs have orders below `orders`. */
static void step(uint64_t takes, int orders) {
  const int owner = (int)choose(OWNERS);
  if (choose(16) < takes) {
    switch (choose(8)) {
      case 0: run_take((int)choose((uint64_t)orders), owner); break;
      case 1: run_take((int)choose(4), owner); break;
      case 2: range_take((int64_t)choose(100) - 1, frames_of((int)choose(8)), (int64_t)choose((uint64_t)limit * 2 + 1), owner); break;
      case 3: range_claim(some_frame(), (int64_t)choose(90) - 1, owner); break;
      default: take(owner);
    }
    return;
  }
  const pal_Frame frame = some_frame();
  switch (choose(8)) {
    case 0: range_give(frame, count_near(frame)); break;
    case 1: run_split(frame, order_near(frame)); break;
    case 2: reference(frame, true); break;
    case 3: reference(frame, false); break;
    case 4: reference(frame, false); break;
    default:
      if (choose(16) == 0) give(frame);
      else run_give(frame, order_near(frame));
  }
}

/* Everything comes back: areas are whole again, the one from which frames are being taken too. */
static void give_all(void) {
  for (int64_t frame = 0; frame < limit; frame++) {
    while (model[frame].state == HEAD && model[frame].references > 0) reference(frame, false);
    if (model[frame].state == HEAD) run_give(frame, model[frame].order);
  }
  CLAIM(free_count == total_count);
}

/* What can be said after every step, and what costs a look at everything. */
static void agree(void) {
  CLAIM(pal_framesFree() == free_count && pal_framesTotal() == total_count && pal_framesLimit() == limit);
  for (int i = 0; i < OWNERS; i++) CLAIM(pal_ownerFrames(owners[i]) == owned[i]);
}
static void agree_all(void) {
  CLAIM(pal_framesAudit() == PAL_OK);
  for (pal_Frame frame = -2; frame < limit + 2; frame++) {
    const struct frame *const is = inside(frame) ? &model[frame] : NULL;
    CLAIM(pal_frameIsFree(frame) == (is != NULL && is->state == FREE));
    CLAIM(pal_frameIsTaken(frame) == (is != NULL && is->state == HEAD));
    if (is == NULL || is->state != HEAD) continue;
    CLAIM(pal_frameOrder(frame) == is->order && pal_frameOwner(frame) == owners[is->owner]);
    CLAIM(pal_frameReferences(frame) == is->references);
  }
#ifdef SANITIZED
  for (pal_Frame frame = 0; memory != NULL && frame < limit; frame++) {
    const bool watched = model[frame].state == FREE && model[frame].given;
    CLAIM(__asan_address_is_poisoned(memory + frame * 4096 + 8 * (frame % 512)) == (int)watched);
  }
#endif
}
