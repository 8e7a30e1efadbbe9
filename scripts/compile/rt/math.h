// Generated C has helpers for float instructions; a kernel module has no such instruction and the helpers fall away.
#pragma once
double floor(double), ceil(double), trunc(double), nearbyint(double), fabs(double), sqrt(double);
float floorf(float), ceilf(float), truncf(float), nearbyintf(float), fabsf(float), sqrtf(float);
#define isnan(x) __builtin_isnan(x)
#define INFINITY __builtin_inff()
