/* What the two halves of bench_stages share. */
#ifndef GW_BENCH_STAGES_H
#define GW_BENCH_STAGES_H

#include "lines.h"

#include "config/config.h"
#include "count/generation.h"
#include "metrics/metrics.h"

enum { PARTITIONS = 4, WORKERS_MAX = 4 };

/* as the configuration bounds them; the caller's */
struct ledger *make_ledger(const struct config *, unsigned writers);
struct generation *make_generation(const struct config *);

/* So many workers take all lines from decoding to findings, each with a ring that it empties itself.  Prints. */
void scale(const struct config *, struct lines *, struct metrics *, unsigned workers);

#endif
