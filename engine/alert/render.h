/* A revision as the CloudEvents message that subscribers read, and the heartbeat.  What it shows is in
 * alert.schema.json and heartbeat.schema.json beside this file. */
#ifndef GW_ALERT_RENDER_H
#define GW_ALERT_RENDER_H

#include "alert/tracker.h"
#include "base/buffer.h"
#include "sink/store.h"

struct render_partition {
    const char *name; /* "topic/number" */
    const char *source;
    int64_t offset;        /* next to be read */
    int64_t last_event_at; /* seconds; MINUTE_NONE: none yet */
    int64_t watermark;     /* seconds; MINUTE_NONE, MINUTE_NEVER */
    bool silent;
    bool untimed; /* of dispositions: what is told of the sources does not speak of it */
};

/* What a source's silence is reckoned from: all of it is kept over a restart. */
struct render_source {
    int32_t silent_after_s;
    bool heard;            /* a record of it has come, ever */
    int64_t heard_ms;      /* the last one, of whichever partition; where none has come, since when it is listened to */
    int64_t resumed_ms;    /* when it was heard again after its last silence; INT64_MIN: it was never silent */
    int64_t last_event_at; /* seconds; MINUTE_NONE: none yet */
};

/* what a message says besides the revision itself; borrowed for the call */
struct render_context {
    const struct ledger *ledger;
    const struct registry *registry;
    const struct catalogue *catalogue;
    const struct rule_set *rules;
    const char *group;
    int32_t utc_offset_s;
    int64_t now_ms;
    uint64_t cut;
    int64_t watermark_minute; /* of the revision's rule */
    const struct render_partition *partitions;
    size_t partition_count;
    const struct render_source *sources; /* by their numbers */
    int64_t judged_ms;                   /* the clock's, when it was found which of them are silent */
};

/* All but what is known only when the run is over; the caller's.  Fills key and headers of *out (borrowed from context and
 * revision: copy before either changes), not its value. */
json_t *render_alert(const struct render_context *, const struct revision *, struct store_record *out);
/* That, too: appends the whole to `text`, and lets go of the event.  Returns the header `notice`. */
struct str render_telling(json_t *event, const struct telling *, struct buffer *text);
/* a digest, whose key that is; takes its data over */
void render_digest(const struct render_context *, const char *key, json_t *data, struct buffer *text);
/* what an incident says of the alert that leads it; then the incident: appends the value to `text`, fills the rest of *out */
json_t *render_face(const struct render_context *, const struct revision *lead, uint32_t region);
void render_incident(const struct render_context *, const struct incident_revision *, struct buffer *text,
                     struct store_record *out);
void render_heartbeat(const struct render_context *, struct buffer *text);

/* RFC 3339 with the offset */
enum { TIME_TEXT_SIZE = 40 };
void render_time(int64_t seconds, int32_t utc_offset_s, char *out);
/* with its thousandths, not negative: for what is reckoned to the millisecond */
void render_time_ms(int64_t ms, int32_t utc_offset_s, char *out);

#endif
