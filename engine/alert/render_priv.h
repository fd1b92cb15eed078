/* What the files that make up an alert's message share. */
#ifndef GW_ALERT_RENDER_PRIV_H
#define GW_ALERT_RENDER_PRIV_H

#include "alert/render.h"

/* What a level compares, its value, the threshold it is held against, the way to the next level. */
struct evidence {
    const struct term *term;
    const struct atom *atom; /* of the level shown, or the nearest */
    int64_t value;           /* VALUE_NONE: there is none, such as the maximum of nothing */
    int64_t threshold;
    unsigned next_level; /* 0: none */
    int64_t missing;
};

/* evidence.c: one entry for each term that a level compares, at most TERMS_MAX */
size_t evidence_gather(const struct revision *, unsigned level_count, struct evidence *all);
json_t *evidence_json(const struct render_context *, const struct revision *, const struct evidence *, size_t count);
json_t *evidence_events_json(const struct render_context *, const struct revision *, bool *truncated);

/* render.c */
json_t *render_region_path(const struct render_context *, uint32_t region);
const char *render_state(const struct alert *); /* of an alert, as messages say it */
json_t *render_envelope(const struct render_context *, const char *type, json_t *data);
void render_dump(json_t *, struct buffer *text); /* lets go of it */
json_t *render_time_json(const struct render_context *, int64_t seconds);
json_t *render_time_or_null(const struct render_context *, int64_t seconds); /* MINUTE_NONE, MINUTE_NEVER: null */
/* render_handling.c */
json_t *render_handling(const struct render_context *, const struct revision *);
void render_no_limits(json_t *handling); /* takes out again what does not run */

/* sentence.c: the case in one sentence; what the alert is about, by name or code */
void sentence_write(const struct render_context *, const struct revision *, const struct evidence *, size_t count,
                    struct buffer *out);
void subject_write(const struct render_context *, const struct revision *, bool code, struct buffer *out);

#endif
