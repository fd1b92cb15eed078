/* The evidence of an alert: all that is needed to check it by hand years later, as one JSON document, which the same
 * facts and the same rules always give byte for byte, wherever they come from.  What it says is in
 * alert/evidence.schema.json.
 *
 * Callers are numbers within the document, in the order in which they first appear; nothing in it leads from such a number to
 * a token or a person, nor to the number that the same person has in another document.  One thread. */
#ifndef GW_REPLAY_PACKET_H
#define GW_REPLAY_PACKET_H

#include "replay/inquiry.h"
#include "rule/texts.h"

struct packet {
    const struct judgement *judgement; /* by the rules that raised it */
    const struct past_alert *alert;
    const struct rule_texts *texts; /* of these rules */
    const char *files;              /* their digest */
    uint64_t generation;            /* its number; 0: of files that no engine has taken up */
    int64_t since_ms;               /* when it became active */
    const char *level;              /* the one in question, if the alert has reached it; NULL: its highest */
    json_t *published;              /* what subscribers were told, or NULL; borrowed */
    const json_t *told;             /* of a rule of silent(): the message that says what was silent, see silent.h; borrowed.  Else NULL */
};

/* a new reference */
json_t *packet_json(const struct packet *);

/* the document as text, in the one form that it has: UTF-8, keys sorted, numbers whole or with up to three decimals */
void packet_write(const json_t *, struct buffer *out);

#endif
