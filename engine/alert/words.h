/* What the topics of alerts and incidents carry, in one line that a person reads: the one renderer of `gridwarn tail` and of
 * the console.  Their contracts for programs are alert.schema.json, heartbeat.schema.json and digest.schema.json beside this
 * file, and incident/incident.schema.json; the reader is more lenient than they are and shows a newer engine's messages as far
 * as it knows them.
 * Pure functions; any thread. */
#ifndef GW_ALERT_WORDS_H
#define GW_ALERT_WORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum alert_message { ALERT_OTHER, ALERT_REVISION, ALERT_HEARTBEAT, ALERT_DIGEST, ALERT_INCIDENT };

enum alert_message alert_message_kind(const json_t *cloudevent);

/* Does it say that the command centre need not be told?  Of a digest: is it neither the first nor the last? */
bool alert_message_held(const json_t *cloudevent);

/* The line, without its end, of a revision:
 *   01-12 09:41 ● 橙色 升级  和兴街道 某网格          群体欠薪  24小时内已有5人反映…  (alert 7f3a09c1 rev 2)
 * of an incident (◆ while it is open), of a heartbeat or a digest.  Times are those of the message, in its own offset.  Cut with
 * "…" if `out` is short; 1 KiB holds what the engine writes.  false, and out empty, if it is none of them. */
bool alert_words(const json_t *cloudevent, bool colour, char *out, size_t size);

#endif
