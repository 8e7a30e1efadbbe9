// For helpers of generated C that a kernel module does not use. The C compiler itself may still call memcpy and memset.
#pragma once
#include <stddef.h>
void *memcpy(void *, const void *, size_t), *memmove(void *, const void *, size_t), *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
