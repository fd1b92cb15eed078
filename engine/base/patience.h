/* How long a long piece of work may take: until somebody says that it is no longer wanted, or until a time.  Who does the
 * work asks now and then, and leaves it unfinished.
 *
 * A NULL patience has no end.  `over` may be set by any thread; it is borrowed. */
#ifndef GW_BASE_PATIENCE_H
#define GW_BASE_PATIENCE_H

#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>

struct patience {
    const atomic_bool *over; /* NULL: nobody says so */
    double until_s;          /* of clock_steady_s; 0: no bound */
};

static inline bool patience_ended(const struct patience *p)
{
    return p && ((p->over && atomic_load(p->over)) || (p->until_s > 0 && clock_steady_s() >= p->until_s));
}

#endif
