/* What the messages of the topic of dispositions have in common: CloudEvents messages in structured JSON, or their data with
 * an id, that say by whom and when, never by name. */
#ifndef GW_HANDLE_MESSAGE_H
#define GW_HANDLE_MESSAGE_H

#include "decode/decode.h"

#include <jansson.h>
#include <stdint.h>

/* bytes with the terminator: as long as rules may name a unit; a role and a level are single words */
enum { MESSAGE_TEXT = 201, MESSAGE_WORD = 33 };

struct message {
    json_t *event;
    const json_t *data; /* within it, or the same */
    int64_t now_ms, skew_s; /* now_ms: negative where there is no clock */
    struct refusal *refusal;
};

/* Each returns false, with *refusal filled, where it is not as it must be. */
bool message_open(struct message *, struct str text);
void message_close(struct message *);
bool message_refuse(const struct message *, enum decode_refusal reason, const char *place, const char *expected);

/* of the data, without blanks around it; empty where it is absent */
struct str message_word(const struct message *, const char *key);
bool message_text(const struct message *, const char *key, char *out, size_t size);
/* of the envelope: nothing else that is sent has it */
bool message_id(const struct message *, char id[MESSAGE_TEXT]);
/* *seconds stays where it is absent */
bool message_time(const struct message *, const char *key, int64_t *seconds);
/* when it was said, in the data or the envelope; needed, and not ahead of the clock */
bool message_at(const struct message *, int64_t *seconds);
/* What is stored and published tells of nobody.  A unit has a name of its own, but no number of somebody's. */
bool message_unit(const struct message *, const char *key, char unit[MESSAGE_TEXT]);
/* Who acted is said by a word for a role, so no name may stand there. */
bool message_role(const struct message *, char by_role[MESSAGE_WORD]);

#endif
