/* One subject under one rule, looked at closely: the facts that the rule sees there, its state at any minute, and what
 * made an alert what it was.  One thread. */
#ifndef GW_REPLAY_INQUIRY_H
#define GW_REPLAY_INQUIRY_H

#include "replay/conditions.h"
#include "replay/judge.h"

struct inquiry {
    const struct judgement *judgement;
    const struct rule *rule;
    unsigned level_count;
    struct view *view;
};

/* from: the first minute that will be asked for, MINUTE_NONE for any; inquiry_state needs any */
void inquiry_open(struct inquiry *, const struct judgement *, unsigned rule, struct subject, const char *code,
                  int64_t from);
void inquiry_close(struct inquiry *);

/* The subject of the rule that `text` means, with the category `each` (CATEGORY_NONE of a rule without), as code, name or as it is shown; *code is free()'d by the caller.  false: the
 * rule has none such. */
bool inquiry_subject(const struct judgement *, unsigned rule, const char *text, uint16_t each, struct subject *,
                     char **code);

/* the machine as it stood at the end of that minute, all of it closed */
struct machine inquiry_state(const struct inquiry *, int64_t minute);

/* the first minute of the alert at which the condition of that level held, or of a higher one */
int64_t inquiry_reached(const struct inquiry *, const struct past_alert *, unsigned level);
/* likewise, of its highest level */
int64_t inquiry_peak(const struct inquiry *, const struct past_alert *);

/* the smallest region that holds what the alert rested on, at its opening and at its peak; REGION_NONE: there is none */
uint32_t inquiry_region(const struct inquiry *, const struct past_alert *);

/* the facts of the window that ends at that minute, in order; parties are among them */
const struct view_entry *inquiry_window(const struct inquiry *, int64_t minute, size_t *count);

#endif
