/* The command centre of a world: what it says of alerts that it has read of, over the topic of dispositions, as people do:
 * much of it twice, out of order, of the wrong alert or by the wrong unit. */
#ifndef GW_SIM_CENTRE_H
#define GW_SIM_CENTRE_H

#include "dice.h"
#include "log.h"

#include <stdint.h>

enum { SAID_ID = 24 };

struct said { /* one record; two have the same id where it was sent twice */
    char id[SAID_ID];
    char alert[40];        /* "": it speaks of silences */
    char silence[SAID_ID]; /* that it ends; "": it ends none */
    int64_t at;
    char text[600];
};

struct centre {
    struct said *all;
    size_t count, capacity;
    unsigned named;
};

/* the tag of its records in the log */
static inline int said_tag(size_t number)
{
    return -2 - (int)number;
}

static inline size_t said_number(int tag)
{
    return (size_t)(-2 - tag);
}

/* an alert as it is known to the centre */
struct addressed {
    const char *id; /* NULL: of none that it knows */
    const char *units[8];
    unsigned unit_count;
};

/* Says something; now_s: by its clock.  NULL: it is broken, and its text is in *broken. */
const struct said *centre_says(struct centre *, struct dice *, const struct addressed *, int64_t now_s, const char **broken);
void centre_free(struct centre *);

#endif
