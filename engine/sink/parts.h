/* State that is larger than a record may be: it is stored in parts, in one cut, and put together when it is read back.
 *
 * Under its own key stands "+<how many>\n" and the first part, under "+1/<key>", "+2/<key>"... the others.  Texts of state are
 * JSON, so none begins like that, nor does any other key.  Each part is text by itself: no character is cut. */
#ifndef GW_SINK_PARTS_H
#define GW_SINK_PARTS_H

#include "base/buffer.h"
#include "sink/store.h"

enum { PART_BYTES = STORE_RECORD_MAX / 2 };

/* the length of the first part of a text */
size_t part_len(const char *text, size_t left);

/* Calls `put` for each record that stores the text under the key, and deletes what it no longer needs (value.at NULL);
 * text.at NULL: deletes all.  known: key → how many parts, of those with several; kept up to date. */
typedef void part_put(void *arg, struct str key, struct str value);
void parts_put(json_t *known, const char *key, struct str text, part_put *, void *arg);

/* is it the key of a further part? */
bool parts_further(const char *key);
/* The text that is stored under the key, appended to `text` and noted in `known`; false: a part is missing. */
bool parts_join(const json_t *state, const char *key, json_t *known, struct buffer *text);

#endif
