/* A file's lines in memory as the records of an input, dealt out to so many partitions, so that what reads and keeps them
 * costs nothing: for measuring the engine without its surroundings.  Each partition ends with RECORD_AT_END. */
#ifndef GW_BENCH_LINES_H
#define GW_BENCH_LINES_H

#include "source/source.h"
#include "sink/store.h"

struct lines;

struct lines *lines_read(const char *path, unsigned partitions); /* exits if it can't be */
void lines_destroy(struct lines **);

size_t lines_count(const struct lines *);
struct record lines_record(const struct lines *, size_t number);

struct source lines_source(struct lines *); /* borrows it; all partitions are of the configuration's first source */
struct store lines_sink(void);              /* takes everything, keeps nothing */

#endif
