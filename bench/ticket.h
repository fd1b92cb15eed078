/* Made-up tickets: planned as numbers, rendered as JSON.  The same seed gives the same tickets.
 *
 * Of each (grid, category) complain three regulars, and one time in 200 anybody: so five different complainants within a
 * day are rare, as they should be.  Planted are 200 grids where 5 to 12 people complain within 55 minutes, and 40 streets
 * with 60 tickets in 20 minutes.  Tickets arrive up to 30 s late.  Categories are used unevenly, the first three times
 * as much as the thirtieth. */
#ifndef GW_BENCH_TICKET_H
#define GW_BENCH_TICKET_H

#include <stddef.h>
#include <stdint.h>

enum { TICKET_LENGTH = 566, TICKETS_LEAST = 4800, GRIDS_OF_STREET = 100 };

struct ticket {
    int64_t arrival, time; /* ms since the beginning */
    uint32_t grid, category, actor; /* places in the lists; a number */
};

struct list {
    char **texts;
    uint32_t count;
};

struct city {
    struct list grids;      /* streets of GRIDS_OF_STREET, one after the other */
    struct list categories;
};

void ticket_seed(uint64_t seed);
uint32_t ticket_below(uint32_t n); /* by chance */

/* In the order of arrival; count: TICKETS_LEAST or more.  NULL: out of memory. */
struct ticket *tickets_plan(const struct city *, size_t count, int64_t span_ms);
/* some milliseconds before it arrives */
int64_t ticket_delay_ms(void);

/* out: of TICKET_LENGTH + 1 bytes; begin_s: since 1970 */
void ticket_render(const struct ticket *, const struct city *, int64_t begin_s, long number, char *out);

#endif
