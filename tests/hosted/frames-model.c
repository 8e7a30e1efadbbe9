/*
 * frames-model OPERATIONS SEED     that many random operations on pools of several sizes, against the model, with an audit
 *                                  after every thousand; says how many there were and what the pools had
 */
#include "frames-model.h"

enum { BETWEEN_AUDITS = 1000 };
static uint64_t random_state;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled". */
static uint64_t choose(uint64_t below) {
  random_state ^= random_state >> 12, random_state ^= random_state << 25, random_state ^= random_state >> 27;
  return below == 0 ? 0 : (random_state * UINT64_C(2685821657736338717) >> 32) % below;
}

/* Some of its frames are never the pool's; in turn it fills up and empties. */
static int64_t pool(int64_t frames, int orders, int64_t operations) {
  int64_t refills = 0;
  pool_start(frames, NULL);
  for (int64_t at = 3; at < limit; at += 40 + (int64_t)choose(4000)) {
    const int64_t left = limit - at, count = 1 + (int64_t)choose(7000);
    add(at, count < left ? count : left);
    at += count;
  }
  for (int64_t done = 0; done < operations; done++) {
    const bool filling = done / 20000 % 2 == 0;
    const bool was_empty = free_count == 0;
    step(filling ? 12 : 5, orders);
    agree();
    if (!was_empty && free_count == 0) refills++;
    if (done % (10 * BETWEEN_AUDITS) == 4000) give_all();
    if ((done + 1) % BETWEEN_AUDITS == 0 || done % (10 * BETWEEN_AUDITS) == 4010) agree_all();
  }
  agree_all();
  printf("pool of %lld frames: %lld operations, %lld times empty\n", (long long)total_count, (long long)operations,
         (long long)refills);
  pool_end();
  return operations;
}

int main(int argc, char **argv) {
  CLAIM(argc == 3);
  const int64_t operations = atoll(argv[1]);
  random_state = strtoull(argv[2], NULL, 0) * 2 + 1;
  int64_t done = 0;
  while (done < operations) {
    done += pool(700, 9, operations / 20);
    done += pool(6200, 11, operations / 20);
    done += pool(20000, 13, operations / 20);
    done += pool(600 + (int64_t)choose(9000), 10, operations / 20);
  }
  printf("%lld operations\n", (long long)done);
  return 0;
}
