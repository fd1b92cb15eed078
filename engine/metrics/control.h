/* What operators ask of a running engine over HTTP, handed from the server's threads to the main thread, which has rules
 * changed, and the answer back.  One request at a time; others wait for their turn. */
#ifndef GW_METRICS_CONTROL_H
#define GW_METRICS_CONTROL_H

#include "base/language.h"

#include <stdbool.h>
#include <stdint.h>

enum control_verb { CONTROL_RELOAD, CONTROL_ROLLBACK, CONTROL_GENERATIONS };

struct control_request {
    enum control_verb verb;
    uint64_t to;            /* ROLLBACK: number of the generation; 0: the one before */
    int64_t max_new, days;  /* RELOAD: alerts more that it may open, over so many days; -1, 0: as configured */
    bool force;             /* RELOAD: any number of alerts, without asking */
    enum language language; /* of what is wrong with rules */
};

struct control;

struct control *control_create(int wait_ms); /* how long a caller waits at most */
void control_destroy(struct control **);     /* nobody asks any more */

/* Any thread.  Waits for the answer: JSON, malloc()ed, and the status of HTTP.  It is 503 where nobody takes requests (on
 * standby, reading back) and 504 after the bound; the request may then still be carried out. */
char *control_ask(struct control *, const struct control_request *, unsigned *status);

/* ---- who carries requests out: one thread at a time ---- */
/* takes requests from now on, or no more; those that wait are told */
void control_open(struct control *, bool open);
/* true: a request, which is to be answered before the next is taken */
bool control_take(struct control *, struct control_request *);
void control_answer(struct control *, unsigned status, char *json); /* takes the text over */

#endif
