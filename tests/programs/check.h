/* What a program of the tests claims: said and ended with 1 if it is not so. */
#pragma once
#include "calls.h"

#define ERROR(number) ((word) - (number))
static inline void check(int isTrue, const char *what) {
  if (isTrue) return;
  say("not so: ");
  say(what);
  say("\n");
  end(1);
}
