/* The engine's only source of wall-clock time, so that a simulation can hold the clock in its hand.  A clock
 * may jump either way; whoever needs an order uses cut numbers or event time. */
#ifndef GW_BASE_CLOCK_H
#define GW_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*now_ms)(void *context); /* since 1970-01-01T00:00:00Z; any thread */
    void *context;
};

static inline int64_t clock_now_ms(const struct clock *c)
{
    return c->now_ms(c->context);
}

extern const struct clock clock_system;

/* Seconds of a clock that never jumps, for how long something took or may take; any thread. */
double clock_steady_s(void);

#endif
