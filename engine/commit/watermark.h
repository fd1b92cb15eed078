/* Progress of the input and the watermark it allows: the event time up to which a source is taken to be complete.
 *
 * Of a partition: its newest event's time less the source's lateness.  Of a source: the minimum over its partitions.  A
 * partition that has been read to its end follows the clock, less the lateness, until the source has been silent
 * for `silent_after`; then the source is frozen: silence is not calm.  A partition out of reach never follows the clock: it
 * may hold anything.  When a source is heard again after a silence, its other partitions stay frozen until each is
 * heard too, or for silent_after: their share of the backlog may still be on its way.  Without a clock (time: event)
 * nothing follows it, and a partition that has ended for good no longer counts.  The watermark never goes back, not
 * over a restart either.
 *
 * One thread, the committer.  Everything here depends only on what was handed over and on the clock it is given. */
#ifndef GW_COMMIT_WATERMARK_H
#define GW_COMMIT_WATERMARK_H

#include "source/source.h"

#define WATERMARK_NONE INT64_MIN /* nothing is known to be complete */
#define WATERMARK_ALL INT64_MAX  /* everything is: the input has ended */
#define HEARD_NOT_YET INT64_MAX  /* the first update makes it the present: who begins to listen has heard no silence */

struct partition_progress {
    unsigned source;
    int64_t next_offset; /* -1: nothing was read yet */
    int64_t newest;      /* seconds; INT64_MIN: no event yet */
    int64_t heard_ms;    /* when its last record came; HEARD_NOT_YET */
    enum record_kind state;
};

struct source_progress {
    int64_t lateness_s, silent_after_s;
    int64_t heard_ms;  /* when its last record came, or, until the first has, since when it is listened to; HEARD_NOT_YET */
    int64_t thawed_ms; /* when it was heard again after its last silence; INT64_MIN: never silent */
    int64_t watermark; /* seconds, complete below it */
    int64_t horizon;   /* newest minute of the clock while it was not silent; MINUTE_NONE: none.  Never goes back. */
    bool heard; /* a record of it has come, ever */
    bool silent;
    bool seen;    /* has partitions that rules wait for */
    bool untimed; /* dispositions: they say nothing of events, so no watermark waits for them, nor are they ever silent */
};

struct watermarks {
    bool clock; /* time: wall */
    int64_t now_ms; /* of the last update: by it was judged what is silent */
    struct partition_progress *partitions;
    size_t partition_count;
    struct source_progress *sources;
    size_t source_count;
};

/* A record of the partition came.  Nothing else ends a silence, a clock that is set back least of all. */
void watermarks_hear(struct watermarks *, struct partition_progress *, int64_t now_ms);

/* recomputes all sources; true if a watermark changed or a silence began */
bool watermarks_update(struct watermarks *, int64_t now_ms);

/* the newest minute all of whose facts have come, given a watermark in seconds; MINUTE_NONE, MINUTE_NEVER at the ends */
int64_t watermark_minute(int64_t watermark_s);

#endif
