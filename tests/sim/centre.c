#include "centre.h"

#include "alert/render.h"
#include "base/check.h"
#include "handle/disposition.h"

#include <stdlib.h>

enum { MINUTE_S = 60 };

static struct said *add(struct centre *c)
{
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? c->capacity * 2 : 32;
        c->all = xrealloc(c->all, c->capacity * sizeof *c->all);
    }
    c->all[c->count] = (struct said){0};
    return &c->all[c->count++];
}

static void time_text(int64_t second, char out[TIME_TEXT_SIZE])
{
    render_time(second, 0, out);
}

/* ---- dispositions ---- */

/* one of those that were sent, or one that has no business there */
static const char *any_unit(struct dice *dice, const struct addressed *a)
{
    return a->unit_count && dice_chance(dice, 85) ? a->units[dice_below(dice, a->unit_count)] : "无关单位";
}

static void disposition(struct dice *dice, struct said *s, const struct addressed *a, int64_t now_s)
{
    static const char *const others[] = {"信访局", "综治中心", "人社局"};
    enum act act = (enum act)dice_below(dice, ACTS_SAID);
    const char *unit = act == ACT_ADDED_UNIT && dice_chance(dice, 70) ? others[dice_below(dice, 3)] : any_unit(dice, a);
    char at[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];
    s->at = now_s - (dice_chance(dice, 60) ? 0 : dice_between(dice, 0, 120 * MINUTE_S)); /* reported late, so out of order */
    if (a->id)
        snprintf(s->alert, sizeof s->alert, "%s", a->id);
    else
        snprintf(s->alert, sizeof s->alert, "%016llx%016llx", (unsigned long long)dice_next(dice),
                 (unsigned long long)dice_next(dice));
    time_text(s->at, at);
    time_text(s->at + dice_between(dice, 1, 180 * MINUTE_S), until);
    int len = snprintf(s->text, sizeof s->text, "{\"id\":\"%s\",\"alert_id\":\"%s\",\"action\":\"%s\",\"at\":\"%s\"", s->id,
                       s->alert, act_word(act), at);
    if (act_names_unit(act) || dice_chance(dice, 30))
        len += snprintf(s->text + len, sizeof s->text - (size_t)len, ",\"unit\":\"%s\"", unit);
    if (act == ACT_TRANSFERRED)
        len += snprintf(s->text + len, sizeof s->text - (size_t)len, ",\"to\":\"%s\"", unit == others[0] ? others[1] : others[0]);
    if (act == ACT_EXTENDED)
        len += snprintf(s->text + len, sizeof s->text - (size_t)len, ",\"until\":\"%s\"", until);
    snprintf(s->text + len, sizeof s->text - (size_t)len, "}");
}

/* ---- silences ---- */

/* one thing that they must fit, or two */
static void matchers(struct dice *dice, char *out, size_t size)
{
    static const char *const regions[] = {"9", "91", "92", "911", "912", "9111", "9211"};
    static const char *const categories[] = {"labour", "labour.wages", "noise"};
    static const char *const levels[] = {"yellow", "orange", "red", "red"};
    const unsigned kind = 1 + dice_below(dice, 15);
    int len = 0;
#define MATCH(bit, ...) \
    if (kind & (bit)) \
        len += snprintf(out + len, size - (size_t)len, __VA_ARGS__)
    MATCH(1, "\"rule\":[\"r%u\",\"r%u\"]", dice_below(dice, 4), dice_below(dice, 4));
    MATCH(2, "%s\"region\":\"%s\"", len ? "," : "", regions[dice_below(dice, 7)]);
    MATCH(4, "%s\"category\":\"%s\"", len ? "," : "", categories[dice_below(dice, 3)]);
    MATCH(8, "%s\"level\":\"%s\"", len ? "," : "", levels[dice_below(dice, 4)]);
#undef MATCH
}

static void silence(struct dice *dice, struct said *s, int64_t now_s)
{
    char what[200], at[TIME_TEXT_SIZE], from[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];
    s->at = now_s - dice_between(dice, 0, 5 * MINUTE_S);
    int64_t begins = s->at + (dice_chance(dice, 30) ? dice_between(dice, 0, 40 * MINUTE_S) : 0);
    time_text(s->at, at);
    time_text(begins, from);
    time_text(begins + dice_between(dice, 1, 120 * MINUTE_S), until);
    matchers(dice, what, sizeof what);
    snprintf(s->text, sizeof s->text,
             "{\"id\":\"%s\",\"silence\":{%s},\"by_role\":\"duty_officer\",\"unit\":\"值班室\",\"reason\":\"known\",\"at\":\"%s\","
             "\"from\":\"%s\",\"until\":\"%s\"}",
             s->id, what, at, from, until);
}

/* of a silence that was said, or of none */
static void silence_end(struct centre *c, struct dice *dice, struct said *s, int64_t now_s)
{
    char at[TIME_TEXT_SIZE];
    s->at = now_s - dice_between(dice, 0, 10 * MINUTE_S);
    snprintf(s->silence, sizeof s->silence, "nothing");
    for (unsigned n = 0, i = dice_below(dice, (unsigned)c->count); n < c->count; n++, i = (i + 1) % (unsigned)c->count)
        if (!*c->all[i].alert && !*c->all[i].silence && *c->all[i].id && &c->all[i] != s) {
            snprintf(s->silence, sizeof s->silence, "%s", c->all[i].id);
            break;
        }
    time_text(s->at, at);
    snprintf(s->text, sizeof s->text,
             "{\"id\":\"%s\",\"silence_end\":\"%s\",\"by_role\":\"duty_officer\",\"unit\":\"值班室\",\"at\":\"%s\"}", s->id,
             s->silence, at);
}

const struct said *centre_says(struct centre *c, struct dice *dice, const struct addressed *a, int64_t now_s, const char **broken)
{
    static const char *const rubbish[] = {"{", "{\"id\":\"B\"}", "", "{\"id\":\"B\",\"silence\":{},\"at\":\"2026-01-12T00:00:00Z\"}"};
    unsigned what = dice_below(dice, 100);
    if (what < 4) {
        *broken = rubbish[dice_below(dice, 4)];
        return NULL;
    }
    if (what < 18 && c->count) { /* once more */
        struct said again = c->all[dice_below(dice, (unsigned)c->count)], *s = add(c);
        *s = again;
        return s;
    }
    struct said *s = add(c);
    snprintf(s->id, sizeof s->id, "D%u", c->named++);
    if (what < 80)
        disposition(dice, s, a, now_s);
    else if (what < 94)
        silence(dice, s, now_s);
    else
        silence_end(c, dice, s, now_s);
    return s;
}

void centre_free(struct centre *c)
{
    free(c->all);
    *c = (struct centre){0};
}
