/* Any bytes as a message of the topic of dispositions.  What is refused says why.  What gets through keeps what disposition.h
 * and silence.h promise, tells of nobody, and is taken once: the second time it is doubled, also after a restart. */
#include "fuzz_world.h"

#include "decode/text.h"
#include "handle/handling.h"
#include "notify/silence.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SKEW_S = 600, SINCE_S = 946684800 };
static const int64_t now_ms = INT64_C(1800000000000);

/* ---- what both have ---- */

static void check_unit(const char *unit)
{
    CHECK(strlen(unit) < DISPOSITION_TEXT && !text_numbered(str_of(unit)));
}

static void check_role(const char *role)
{
    CHECK(role[strspn(role, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0' && strlen(role) < DISPOSITION_WORD &&
          !text_numbered(str_of(role)));
}

/* Without a clock nothing is ahead of it, and all else is the same. */
static void check_clock(bool good, const struct refusal *with, bool good_without, const struct refusal *without)
{
    if (good || with->reason != DECODE_FUTURE)
        CHECK(good == good_without && with->reason == without->reason && strcmp(with->place, without->place) == 0);
    CHECK(without->reason != DECODE_FUTURE);
    CHECK(good ? with->reason == DECODE_OK : with->reason != DECODE_OK && with->expected[0] != '\0');
}

/* ---- dispositions ---- */

static void check_needs(const struct disposition *d)
{
    CHECK(d->act < ACTS_SAID && d->outcome < SAID_OUTCOMES && d->reason < CAUSES);
    CHECK(*d->unit || !act_names_unit(d->act));
    CHECK(d->act != ACT_TRANSFERRED || (*d->to && strcmp(d->to, d->unit) != 0));
    CHECK(d->act != ACT_EXTENDED || d->until > d->at);
}

static void check_disposition(const struct disposition *d)
{
    CHECK(*d->id && strlen(d->id) < DISPOSITION_TEXT);
    CHECK(strspn(d->alert, "0123456789abcdef") == 32 && d->alert[32] == '\0');
    check_unit(d->unit);
    check_unit(d->to);
    check_role(d->by_role);
    check_needs(d);
    CHECK(!*d->actual_level || rule_level_named(d->actual_level, fuzz_context()));
    CHECK(d->at >= SINCE_S && d->at <= now_ms / 1000 + SKEW_S);
}

static void take_disposition(const struct disposition *d)
{
    static const struct route route = {
        .lead = "区人社局", .assist = {"和兴街道"}, .assist_count = 1, .tier = REGION_STREET,
        .above = {[REGION_STREET] = "和兴街道", [REGION_DISTRICT] = "区应急指挥中心"}};
    static const struct sent sent = {&route, SINCE_S, 0, 0};
    struct journal journal = {0};
    struct journal_entry entry = {.said = *d};
    struct handling h;
    enum answer answer = journal_take(&journal, &sent, &entry);
    CHECK(answer <= ANSWER_GONE && answer != ANSWER_DOUBLED && journal.count == (answer < ANSWER_REFUSED));
    handling_of(&h, &sent, &journal);
    CHECK(h.lead >= 0 && (unsigned)h.lead < h.count && h.count >= 2);
    CHECK(answer >= ANSWER_REFUSED || journal_take(&journal, &sent, &entry) == ANSWER_DOUBLED);
    journal_free(&journal);
}

static void try_disposition(struct str text)
{
    struct disposition d, without_clock;
    struct refusal why, why_without;
    bool good = disposition_read(text, now_ms, SKEW_S, fuzz_context(), &d, &why);
    bool good_without = disposition_read(text, -1, SKEW_S, fuzz_context(), &without_clock, &why_without);
    check_clock(good, &why, good_without, &why_without);
    if (!good)
        return;
    CHECK(memcmp(&d, &without_clock, sizeof d) == 0);
    check_disposition(&d);
    take_disposition(&d);
}

/* ---- silences ---- */

static void check_silence(const struct silence *s)
{
    CHECK(*s->id && *s->by_role && *s->unit && s->at >= SINCE_S && s->at <= now_ms / 1000 + SKEW_S);
    check_unit(s->unit);
    check_role(s->by_role);
    if (*s->ends)
        return;
    CHECK(*s->rules || s->region || s->category || *s->subject || s->level);
    CHECK(s->region <= registry_count(fuzz_context()->registry) &&
          s->category <= catalogue_category_count(fuzz_context()->catalogue) && s->level <= fuzz_context()->level_count);
    CHECK(s->reason < SILENCE_REASONS);
    CHECK(s->until > s->from && s->until > s->at && s->until - s->from <= SILENCE_LONGEST_S);
}

/* as the state topic gives it back */
static void check_kept(const struct silences *kept, const struct silence *s, const struct asked *asked)
{
    struct silences again = {0};
    const struct silence *stored;
    json_t *json = silence_json(&kept->all[0], asked);
    CHECK(silences_restore(&again, json, asked) && again.count == 1);
    CHECK(memcmp(&again.all[0], &kept->all[0], sizeof *again.all) == 0);
    CHECK(silences_take(&again, s, asked->rules, &stored) == ANSWER_DOUBLED);
    json_decref(json);
    silences_free(&again);
}

static void take_silence(const struct silence *s)
{
    static struct rule_set rules = {.level_count = 4, .level_name = {NULL, "blue", "yellow", "orange", "red"}};
    const struct asked asked = {fuzz_context()->registry, fuzz_context()->catalogue, &rules};
    struct silences kept = {0};
    const struct silence *stored;
    struct silence end = {.at = s->from + 1};
    enum answer answer = silences_take(&kept, s, &rules, &stored);
    CHECK(answer == (*s->ends ? ANSWER_NO_EFFECT : *s->rules ? ANSWER_UNKNOWN_RULE : ANSWER_TAKEN));
    CHECK((stored != NULL) == (answer < ANSWER_REFUSED));
    if (stored)
        check_kept(&kept, s, &asked);
    if (answer == ANSWER_TAKEN) {
        snprintf(end.id, sizeof end.id, "end");
        snprintf(end.ends, sizeof end.ends, "%s", s->id);
        CHECK(silences_take(&kept, &end, &rules, &stored) == (end.at < s->until ? ANSWER_TAKEN : ANSWER_NO_EFFECT));
        check_kept(&kept, s, &asked);
    }
    silences_free(&kept);
}

/* false: it is something else */
static bool try_silence(struct str text)
{
    struct silence s, without_clock;
    struct refusal why, why_without;
    enum silence_found found = silence_read(text, now_ms, SKEW_S, fuzz_context(), &s, &why);
    enum silence_found found_without = silence_read(text, -1, SKEW_S, fuzz_context(), &without_clock, &why_without);
    CHECK((found == SILENCE_NONE) == (found_without == SILENCE_NONE));
    if (found == SILENCE_NONE)
        return false;
    check_clock(found == SILENCE_SAID, &why, found_without == SILENCE_SAID, &why_without);
    if (found == SILENCE_SAID) {
        CHECK(memcmp(&s, &without_clock, sizeof s) == 0);
        check_silence(&s);
        take_silence(&s);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    if (!try_silence(text))
        try_disposition(text);
    return 0;
}
