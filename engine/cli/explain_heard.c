/* What `gridwarn explain` says of a rule of silent(): of no past, but of what the engine committed last, held against the clock. */
#include "cli/explain_show.h"

#include "alert/render.h"
#include "base/member.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "commit/committer.h"
#include "sink/parts.h"

/* what the state topic holds under the key; a new reference, NULL: nothing */
static json_t *kept(const json_t *state, const char *key)
{
    struct buffer text = {0};
    json_t *known = json_object();
    json_t *json = parts_join(state, key, known, &text) ? json_loadb(text.at, text.len, 0, NULL) : NULL;
    json_decref(known);
    buffer_free(&text);
    return json;
}

static void show_state(const struct inquiry *q, const char *code, const json_t *state)
{
    char key[1024];
    snprintf(key, sizeof key, TRACKER_KEY "%s/%s/%s", q->rule->id, subject_kind_word(SUBJECT_DISTRICT), code);
    json_t *subject = kept(state, key);
    int64_t level = member_number(json_object_get(subject, "machine"), "level");
    bool known = level > 0 && level <= q->level_count;
    printf(known ? cli_text("state: %s\n", "状态：%s\n") : cli_text("state: no alert\n", "状态：无预警\n"),
           show_level(q->judgement, known ? (unsigned)level : 0));
    json_decref(subject);
}

/* 51s, or as any length */
static void short_length(int64_t ms, char out[LENGTH_SIZE])
{
    if (ms < 120000)
        snprintf(out, LENGTH_SIZE, "%llds", (long long)ms / 1000);
    else
        show_length(ms / 60000, out);
}

static void show_source(const struct config *config, unsigned source, const json_t *progress, int64_t now_ms)
{
    char since[TIME_TEXT_SIZE], from[TIME_TEXT_SIZE], length[LENGTH_SIZE];
    struct buffer after = {0};
    int64_t after_s = config->sources[source].silent_after_s, heard_ms = member_number(progress, "heard_ms");
    int64_t from_ms = heard_ms + after_s * 1000;
    render_time_ms(heard_ms, config->utc_offset_s, since);
    render_time_ms(from_ms, config->utc_offset_s, from);
    short_length(now_ms > from_ms ? now_ms - from_ms : from_ms - now_ms, length);
    duration_write(after_s, &after);
    printf(json_is_true(json_object_get(progress, "heard"))
               ? cli_text("  %s: last heard %s, silent after %.*s", "  %s：最后数据 %s，%.*s 无数据即断流")
               : cli_text("  %s: never heard, listened to since %s, silent after %.*s", "  %s：从未有数据，自 %s 起监听，%.*s 无数据即断流"),
           config->sources[source].name, since, STR_ARG(buffer_str(&after)));
    if (json_is_true(json_object_get(progress, "silent")))
        printf(cli_text(": since %s, for %s\n", "：断流始于 %s，已 %s\n"), from, length);
    else if (now_ms <= from_ms)
        printf(cli_text(": at %s, in %s\n", "：断流将始于 %s，还有 %s\n"), from, length);
    else
        printf(cli_text(": at %s, which passed %s ago, and the engine has committed nothing since\n",
                        "：断流应始于 %s，已过 %s，引擎此后没有提交\n"),
               from, length);
    buffer_free(&after);
}

void explain_heard(const struct inquiry *q, const char *code, const json_t *state, int64_t now_ms)
{
    const struct config *config = past_config(q->judgement->past);
    char now[TIME_TEXT_SIZE];
    uint64_t silent = 0;
    json_t *progress = kept(state, PROGRESS_KEY), *sources = json_object_get(progress, "sources");
    render_time(now_ms / 1000, config->utc_offset_s, now);
    printf(progress ? cli_text("at %s, by what the engine committed last\n", "截至 %s，按引擎最近一次提交\n")
                    : cli_text("at %s: the engine has committed nothing yet\n", "截至 %s：引擎尚未提交\n"),
           now);
    for (unsigned t = 0; t < q->rule->term_count; t++) {
        unsigned source = q->rule->terms[t].source;
        if (json_is_true(json_object_get(json_object_get(sources, config->sources[source].name), "silent")))
            silent |= UINT64_C(1) << source;
    }
    view_silence(q->view, silent);
    if (progress) {
        show_state(q, code, state);
        explain_conditions(q, now_ms / 60000);
        puts("");
    }
    for (unsigned t = 0; t < q->rule->term_count; t++) {
        const json_t *one = json_object_get(sources, config->sources[q->rule->terms[t].source].name);
        if (one)
            show_source(config, q->rule->terms[t].source, one, now_ms);
    }
    json_decref(progress);
}
