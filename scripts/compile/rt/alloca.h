// Included by generated C, used by none of the functions that a kernel module keeps.
#pragma once
#define alloca __builtin_alloca
