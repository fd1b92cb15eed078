/* Of a rule of silent(): the sources as the message says that they were, and what would have had to be heard, when. */
#include "replay/packet_priv.h"

#include "alert/episode.h"
#include "alert/render.h"
#include "base/member.h"
#include "replay/identity.h"
#include "replay/silent.h"

struct view *packet_silent_view(const struct packing *p)
{
    struct view *view = view_create(&(struct view_inputs){p->rules, p->rule, past_ledger(p->packet->judgement->past), p->config->registry,
                                                          p->packet->alert->subject.region});
    view_silence(view, silent_sources(p->config->catalogue, p->packet->told));
    return view;
}

/* ---- records that were missing ---- */

/* with the thousandths that it is written with */
static int64_t time_ms(const json_t *heard, const char *key)
{
    const char *text = member_text(heard, key), *point = strchr(text, '.');
    int64_t seconds = member_time(heard, key), ms = 0;
    if (seconds == INT64_MIN)
        return INT64_MIN;
    for (int digit = 1; digit <= 3 && point; digit++) {
        point = point[1] >= '0' && point[1] <= '9' ? point + 1 : NULL;
        ms = ms * 10 + (point ? *point - '0' : 0);
    }
    return seconds * 1000 + ms;
}

static json_t *ms_json(const struct packing *p, int64_t ms)
{
    char text[TIME_TEXT_SIZE];
    render_time_ms(ms, p->config->utc_offset_s, text);
    return json_string(text);
}

/* One record is not enough where the silence was found long after it had begun, such as by a leader that had to start first. */
static json_t *missing_json(const struct packing *p, const char *source)
{
    const json_t *told = silent_told(p->packet->told, source);
    int64_t from = time_ms(told, "silent_from"), judged = time_ms(told, "judged_at"), heard = time_ms(told, "heard_at");
    int64_t after = from - (heard == INT64_MIN ? time_ms(told, "listening_since") : heard);
    int64_t records = after > 0 && judged > from ? (judged - from + after - 1) / after : 1;
    return json_pack("{s:s, s:I, s:o, s:o}", "source", source, "records", (json_int_t)records, "first_by", ms_json(p, from),
                     "last_not_before", ms_json(p, judged - after));
}

/* is the level, or a higher one, reached while these sources are silent? */
static bool reached_in(const struct packing *p, uint64_t silent)
{
    view_silence(p->view, silent);
    return condition_level(p->rule, p->rules->level_count, p->view, p->minute) >= p->level;
}

json_t *packet_heard(const struct packing *p)
{
    uint64_t silent = silent_sources(p->config->catalogue, p->packet->told), each = 0;
    for (uint64_t rest = silent; rest; rest &= rest - 1)
        if (!reached_in(p, silent & ~(rest & -rest)))
            each |= rest & -rest;
    bool all = !each && !reached_in(p, 0);
    view_silence(p->view, silent);
    json_t *sources = json_array();
    for (uint64_t rest = all ? silent : each; rest; rest &= rest - 1)
        json_array_append_new(sources, missing_json(p, catalogue_source(p->config->catalogue, (unsigned)__builtin_ctzll(rest))));
    if (json_array_size(sources))
        return json_pack("{s:s, s:o}", "need", all ? "all" : "one", "sources", sources);
    json_decref(sources);
    return json_null();
}
