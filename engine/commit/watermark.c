#include "commit/watermark.h"

static int64_t partition_watermark(const struct watermarks *w, const struct partition_progress *p, int64_t now_ms)
{
    const struct source_progress *s = &w->sources[p->source];
    if (p->state == RECORD_FINISHED)
        return WATERMARK_ALL;
    int64_t complete = p->newest == INT64_MIN ? WATERMARK_NONE : p->newest - s->lateness_s;
    if (!w->clock || p->state != RECORD_AT_END)
        return complete;
    bool backlog_may_come = s->thawed_ms != INT64_MIN && p->heard_ms < s->thawed_ms &&
                            now_ms < s->thawed_ms + s->silent_after_s * 1000;
    if (backlog_may_come)
        return s->watermark > complete ? s->watermark : complete;
    int64_t heard_until_ms = s->heard_ms + s->silent_after_s * 1000;
    int64_t idle = (now_ms < heard_until_ms ? now_ms : heard_until_ms) / 1000 - s->lateness_s;
    return idle > complete ? idle : complete;
}

/* What was heard lies in the past, even if the clock was set back since, or was another machine's: else a silence would
 * count only from when the clock is there again, and be taken for calm until then. */
static void hear_in_the_past(struct watermarks *w, int64_t now_ms)
{
    for (size_t k = 0; k < w->partition_count; k++)
        if (w->partitions[k].heard_ms > now_ms)
            w->partitions[k].heard_ms = now_ms;
    for (size_t i = 0; i < w->source_count; i++)
        if (w->sources[i].heard_ms > now_ms)
            w->sources[i].heard_ms = now_ms;
}

void watermarks_hear(struct watermarks *w, struct partition_progress *p, int64_t now_ms)
{
    struct source_progress *s = &w->sources[p->source];
    if (s->silent)
        s->thawed_ms = now_ms;
    s->silent = false;
    s->heard = true;
    s->heard_ms = p->heard_ms = now_ms;
}

bool watermarks_update(struct watermarks *w, int64_t now_ms)
{
    bool changed = false;
    w->now_ms = now_ms;
    hear_in_the_past(w, now_ms);
    for (size_t i = 0; i < w->source_count; i++) {
        struct source_progress *s = &w->sources[i];
        if (s->untimed)
            continue;
        bool was_silent = s->silent;
        s->silent = w->clock && (s->silent || now_ms > s->heard_ms + s->silent_after_s * 1000);
        int64_t least = WATERMARK_ALL;
        s->seen = false;
        for (size_t k = 0; k < w->partition_count; k++) {
            if (w->partitions[k].source != i)
                continue;
            s->seen = true;
            int64_t one = partition_watermark(w, &w->partitions[k], now_ms);
            if (one < least)
                least = one;
        }
        s->silent &= s->seen && least != WATERMARK_ALL;
        if (w->clock && !s->silent && now_ms / 60000 > s->horizon)
            s->horizon = now_ms / 60000;
        changed |= was_silent != s->silent || (s->seen && least > s->watermark);
        if (s->seen && least > s->watermark)
            s->watermark = least;
    }
    return changed;
}

int64_t watermark_minute(int64_t watermark_s)
{
    if (watermark_s == WATERMARK_NONE || watermark_s == WATERMARK_ALL)
        return watermark_s;
    int64_t last = watermark_s - 1; /* the last second that is complete */
    return last >= 0 ? last / 60 : -((-last + 59) / 60);
}
