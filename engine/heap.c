/* How jemalloc is to keep memory, in the program that ships; the environment's MALLOC_CONF goes before.
 *
 * What a broker sends at once is a block of megabytes, taken by librdkafka for each answer and given back by the worker that
 * has read it.  Blocks of more than 8 MiB would go back to the system at once, and the others soon, to be faulted in and
 * cleared again for the next answer: a quarter of what librdkafka costs. */
#include <jemalloc/jemalloc.h>

const char *malloc_conf = "oversize_threshold:0,dirty_decay_ms:30000";
