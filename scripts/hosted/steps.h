/*
 * Counts the instructions of a call exactly: the CPU traps after each (the flag TF of EFLAGS; Intel SDM vol. 3B,
 * "Single-Stepping"), and the handler counts. A thousand times slower than the call, and no tool is needed.
 */
#pragma once
#include <signal.h>
#include <stdint.h>
#include <string.h>

static volatile uint64_t steps_seen;
static uint64_t steps_empty; /* what steps_end counts of itself */

static void steps_trap(int number) {
  (void)number;
  steps_seen++;
}
static inline __attribute__((always_inline)) void steps_begin(void) {
  steps_seen = 0;
  __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
}
static inline __attribute__((always_inline)) uint64_t steps_end(void) {
  __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
  return steps_seen - steps_empty;
}
static inline void steps_ready(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = steps_trap;
  sigaction(SIGTRAP, &action, NULL);
  steps_empty = 0;
  steps_begin();
  steps_empty = steps_end();
}
