/* Alerts of rules of silent().  No fact makes one, so no replay finds it: what there is of it is what was published, whose evidence says
 * of each source what it was judged by.  It is read here.  One thread. */
#ifndef GW_REPLAY_SILENT_H
#define GW_REPLAY_SILENT_H

#include "replay/judge.h"

#include <jansson.h>

/* The rule of that id, where it is one of silent(); NULL: it is not, or there is none. */
const struct rule *silent_rule(const struct rule_set *, const char *id);

/* A judgement of the one alert that these messages are of: the one with which it came to its highest level, and the newest.  Past and rules
 * are borrowed.  false: an earlier version published it, which did not say when sources were heard, or its district or a source
 * is not configured any more.  judgement_clear in any case. */
bool silent_judge(struct judgement *, struct past *, const struct rule_set *, const json_t *reached, const json_t *last);

/* what the message says that the source was judged by: `heard` of its evidence, borrowed; NULL: nothing */
json_t *silent_told(const json_t *message, const char *source);
/* the sources that the message says were silent, bits */
uint64_t silent_sources(const struct catalogue *, const json_t *message);

#endif
