/* How jemalloc is to keep memory, in the program that ships; the environment's MALLOC_CONF goes before.
 *
 * What a broker sends at once is a block of megabytes, taken by librdkafka for each answer and given back by the worker that
 * has read it.  Blocks of more than 8 MiB would go back to the system at once, and the others soon, to be faulted in and
 * cleared again for the next answer: a quarter of what librdkafka costs.
 *
 * Each record is a small one besides.  By default (2^6) none is taken from what is free in one piece of more than 64 times
 * as much, which is what is left of an answer: nearly every record would lie in memory that is faulted in for it, and what
 * was given back would go to the system unused. */
#include <jemalloc/jemalloc.h>

const char *malloc_conf = "oversize_threshold:0,dirty_decay_ms:30000,lg_extent_max_active_fit:12";
