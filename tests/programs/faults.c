/* Does what it may not, as its first argument says. */
#include "calls.h"

static const int constant = 1;
static byte data[8] = {0xc3}; /* ret */
static volatile word depth = -1;

static int is(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}
__attribute__((noinline, disable_tail_calls)) static word deeper(word n) {
  volatile byte room[1024];
  room[n % 1024] = n;
  if (n == depth) return 0; /* it is never so */
  return deeper(n + 1) + room[(n + 1) % 1024];
}

_Noreturn void start(word *stack) {
  const char *what = stack[0] > 1 ? (const char *)stack[2] : "";
  if (is(what, "null")) *(volatile byte *)8 = 1;
  if (is(what, "text")) *(volatile byte *)start = 1;
  if (is(what, "constant")) *(volatile int *)&constant = 2;
  if (is(what, "execute-data")) ((void (*)(void))data)();
  if (is(what, "execute-stack")) {
    volatile byte code[8] = {0xc3};
    void *at = (void *)code;
    __asm__ volatile("call *%0" ::"r"(at) : "memory");
  }
  if (is(what, "stack")) deeper(0);
  if (is(what, "kernel")) *(volatile byte *)0xffff800000000000 = 1;
  if (is(what, "heap")) *(volatile byte *)0x444444440000 = 1;
  if (is(what, "non-canonical")) *(volatile byte *)0x8000000000000000 = 1;
  if (is(what, "divide")) __asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; div %%ecx" ::"a"(1) : "ecx", "edx");
  if (is(what, "invalid")) __asm__ volatile("ud2");
  if (is(what, "privileged")) __asm__ volatile("hlt");
  if (is(what, "port")) __asm__ volatile("inb $0x60, %%al" ::: "al");
  if (is(what, "breakpoint")) __asm__ volatile("int3");
  if (is(what, "step")) __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop" ::: "memory");
  say("it was allowed\n");
  end(0);
}
