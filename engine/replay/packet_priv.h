/* What the files that make up an alert's evidence share. */
#ifndef GW_REPLAY_PACKET_PRIV_H
#define GW_REPLAY_PACKET_PRIV_H

#include "base/tally.h"
#include "replay/packet.h"

/* one packet being made: the facts that some window of the rule sees at the minute, and its callers by number */
struct packing {
    const struct packet *packet;
    const struct config *config;
    const struct rule_set *rules;
    const struct rule *rule;
    struct inquiry inquiry; /* not of a rule of silent() */
    struct view *view; /* of these facts alone */
    unsigned level; /* that the alert had reached by then */
    int64_t minute;
    struct tally callers; /* token, which goes no further → number, from 1 */
};

json_t *packet_time(const struct packing *, int64_t seconds);
/* a whole number, or one with up to three decimals; null for VALUE_NONE */
json_t *packet_number(int64_t value, bool thousandths);
json_t *packet_region(const struct packing *, uint32_t region); /* code and name; null for none */
json_t *packet_buffer(struct buffer *);                         /* takes its content */

/* packet_facts.c: in order; the numbers of callers come of it, so it goes first */
json_t *packet_facts(struct packing *);
json_t *packet_fact_name(const struct packing *, fact_ref); /* source and id */

/* packet_conditions.c: values and thresholds, with the arithmetic behind them */
json_t *packet_windows(const struct packing *);
json_t *packet_conditions(const struct packing *);
json_t *packet_levels(const struct packing *);
/* of one comparison: what, >= or <= */
json_t *packet_comparison(const struct packing *, unsigned atom);

/* packet_heard.c, of a rule of silent(): the sources as they were, then how they would have had to be heard */
struct view *packet_silent_view(const struct packing *);
json_t *packet_heard(const struct packing *);

/* packet_counterfactual.c */
json_t *packet_counterfactual(const struct packing *);

#endif
