/* What is measured: `run` does `operations` operations and answers a checksum of their results; `prepare` comes first. */
#pragma once
#include "api.h"

struct workload {
  const char *name;
  const char *operation;
  uint64_t operations;
  void (*prepare)(const struct side *);
  uint64_t (*run)(const struct side *);
  bool (*is_right)(void); /* after a run; may be null */
};

extern const struct workload workloads[];
extern const int workload_count;

/* Memory at DIRECT_MAP, and the text: once, before anything else. */
void workloads_init(void);

/* Before `prepare`: the same seed gives the same work. */
void workloads_seed(uint64_t seed);

/* Fills the memory that runs write with junk; and a hash over it: what a run leaves beside its answers. */
void workloads_scrub(void);
uint64_t workloads_memory(void);
