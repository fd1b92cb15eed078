/* A tracked subject as JSON in the state topic: the settled machine and its alerts, so that a restart goes on where the
 * last commit stood.  The view is not kept: the ledger has it. */
#include "alert/tracker_priv.h"

#include "base/check.h"
#include "base/log.h"
#include "base/member.h"

#include <stdio.h>
#include <stdlib.h>

void orphan_clear(struct orphan *o)
{
    alert_clear(&o->alert);
    free((char *)(uintptr_t)o->rule.id);
    free((char *)(uintptr_t)o->rule.title);
    free(o->code);
    free(o->key);
    *o = (struct orphan){0};
}

void state_key(const struct tracker *tracker, const struct tracked *t, char *key, size_t size)
{
    const char *each = t->subject.each == CATEGORY_NONE ? "" : catalogue_category(tracker->catalogue, t->subject.each)->path;
    snprintf(key, size, TRACKER_KEY "%s/%s/%s%s%s", tracked_rule(tracker, t)->id, subject_kind_word(t->subject.kind),
             t->code, *each ? "/" : "", each);
}

static json_t *alert_json(const struct alert *a)
{
    return json_pack("{s:s, s:s, s:b, s:b, s:i, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s?, s:s?, s:I, s:I, s:I}", "id", a->id, "state",
                     alert_state_word(a->state), "unknown", a->unknown, "shadow", a->shadow, "flaps", (int)a->flaps, "down", a->down, "revision", (json_int_t)a->revision, "level",
                     (json_int_t)a->level, "prev_level", (json_int_t)a->prev_level, "highest", (json_int_t)a->highest,
                     "opened_minute", (json_int_t)a->opened_minute, "opened_at", (json_int_t)a->opened_at,
                     "ended_minute", (json_int_t)a->ended_minute, "lasted_minute", (json_int_t)a->lasted_minute, "crossed_id", a->crossed_id, "crossed_source",
                     a->crossed_source, "crossed_at", (json_int_t)a->crossed_at, "sign_by", (json_int_t)a->sign_by, "close_by",
                     (json_int_t)a->close_by);
}

static json_t *minutes_json(const int64_t *minutes, unsigned count)
{
    json_t *array = json_array();
    for (unsigned i = 1; i <= count; i++)
        json_array_append_new(array, json_integer(minutes[i]));
    return array;
}

void tracked_store(struct tracker *tracker, struct tracked *t)
{
    const struct machine *m = &t->machine;
    unsigned levels = tracker->rules->level_count;
    json_t *alerts = json_array();
    for (size_t i = 0; i < t->alert_count; i++) {
        json_t *alert = alert_json(&t->alerts[i]);
        if (t->alerts[i].region != REGION_NONE)
            json_object_set_new(alert, "region",
                                json_string(registry_region(tracker->registry, t->alerts[i].region)->code));
        handled_store(&t->alerts[i], alert);
        notice_store(&t->alerts[i], alert);
        json_array_append_new(alerts, alert);
    }
    const struct rule *rule = tracked_rule(tracker, t);
    char digest[24];
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)rule->digest);
    json_t *state = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:{s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:i}, s:o}", "rule", rule->id, "title",
        rule->title, "digest", digest, "kind", subject_kind_word(t->subject.kind), "code", t->code, "machine",
        "minute", (json_int_t)m->minute, "level", (json_int_t)m->level, "held", minutes_json(m->held, levels), "low",
        minutes_json(m->low, levels), "opened_minute", (json_int_t)m->now.opened_minute, "opened_at",
        (json_int_t)m->now.opened_at, "shown_minute", (json_int_t)m->now.shown_minute, "highest",
        (json_int_t)m->now.highest, "alert", m->level ? m->now.alert : -1, "alerts", alerts);
    CHECK(state);
    if (t->subject.each != CATEGORY_NONE)
        json_object_set_new(state, "each",
                            json_string(catalogue_category(tracker->catalogue, t->subject.each)->path));
    json_object_set_new(state, "shadow", json_boolean(rule->life == LIFE_SHADOW));
    json_object_set_new(state, "standing", json_boolean(rule->standing));
    char key[1024];
    state_key(tracker, t, key, sizeof key);
    tracker->out.store(tracker->out.arg, key, state);
    json_decref(state);
    t->stored = true;
    t->stored_minute = m->minute;
}

void tracked_unstore(struct tracker *tracker, struct tracked *t)
{
    char key[1024];
    state_key(tracker, t, key, sizeof key);
    tracker->out.store(tracker->out.arg, key, NULL);
    t->stored = false;
}

/* ---- taking back ---- */

static char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? xstrdup(value) : NULL;
}

static bool alert_restore(const struct tracker *tracker, const json_t *json, struct alert *a)
{
    const char *id = json_string_value(json_object_get(json, "id"));
    const char *state = json_string_value(json_object_get(json, "state"));
    if (!id || strlen(id) != ALERT_ID_SIZE - 1 || !state)
        return false;
    *a = (struct alert){
        .unknown = json_is_true(json_object_get(json, "unknown")),
        .shadow = json_is_true(json_object_get(json, "shadow")),
        .flaps = (unsigned)member_number(json, "flaps"),
        .down = json_is_true(json_object_get(json, "down")),
        .revision = (unsigned)member_number(json, "revision"),
        .level = (unsigned)member_number(json, "level"),
        .prev_level = (unsigned)member_number(json, "prev_level"),
        .highest = (unsigned)member_number(json, "highest"),
        .opened_minute = member_number(json, "opened_minute"),
        .opened_at = member_number(json, "opened_at"),
        .ended_minute = member_number(json, "ended_minute"),
        .lasted_minute = member_number(json, "lasted_minute"),
        .crossed_id = text(json, "crossed_id"),
        .crossed_source = text(json, "crossed_source"),
        .crossed_at = member_number(json, "crossed_at"),
        .sign_by = member_number(json, "sign_by"),
        .close_by = member_number(json, "close_by"),
    };
    memcpy(a->id, id, ALERT_ID_SIZE);
    for (int i = 0; i < ALERT_STATES; i++)
        if (strcmp(state, alert_state_word((enum alert_state)i)) == 0)
            a->state = (enum alert_state)i;
    const char *region = json_string_value(json_object_get(json, "region"));
    if (region)
        a->region = registry_find(tracker->registry, str_of(region));
    unsigned levels = tracker->rules->level_count;
    notice_restore(json, a);
    return handled_restore(json, a) && a->level <= levels && a->prev_level <= levels && a->highest <= levels;
}

static void minutes_restore(const json_t *array, int64_t *minutes, unsigned count)
{
    for (unsigned i = 1; i <= count && i <= json_array_size(array); i++)
        minutes[i] = json_integer_value(json_array_get(array, i - 1));
}

static void machine_restore(const json_t *json, unsigned levels, struct machine *m)
{
    machine_init(m, member_number(json, "minute"));
    minutes_restore(json_object_get(json, "held"), m->held, levels);
    minutes_restore(json_object_get(json, "low"), m->low, levels);
    m->level = (unsigned)member_number(json, "level");
    if (m->level > levels)
        m->level = levels;
    m->now = (struct episode){
        .opened_minute = member_number(json, "opened_minute"),
        .opened_at = member_number(json, "opened_at"),
        .ended_minute = MINUTE_NEVER,
        .level = m->level,
        .shown = m->level,
        .shown_minute = member_number(json, "shown_minute"),
        .highest = (unsigned)member_number(json, "highest"),
        .alert = (int)member_number(json, "alert"),
    };
}

bool tracker_find_rule(const struct rule_set *rules, const char *id, unsigned *rule)
{
    for (unsigned r = 0; r < rules->count; r++)
        if (strcmp(rules->rules[r].id, id) == 0) {
            *rule = r;
            return true;
        }
    return false;
}

static enum subject_kind kind_parse(const char *word)
{
    for (int kind = SUBJECT_DISTRICT; kind <= SUBJECT_MATTER; kind++)
        if (strcmp(word, subject_kind_word((enum subject_kind)kind)) == 0)
            return (enum subject_kind)kind;
    return SUBJECT_NONE;
}

/* kind SUBJECT_NONE: the registry no longer has it, or the rule no longer speaks of such */
static struct subject subject_restore(const struct tracker *tracker, const struct rule *rule, enum subject_kind kind,
                                      const char *code, const char *each)
{
    struct subject subject = {.kind = kind};
    bool per = false;
    for (unsigned i = 0; rule && i < rule->per_count; i++)
        per |= rule->per[i] == kind;
    if (kind == SUBJECT_RESPONDENT) {
        subject.chain = subject_of_respondent(str_of(code));
    } else if (kind == SUBJECT_MATTER) {
        subject.chain = subject_of_matter(matter_key(str_of(code)));
    } else {
        subject.region = registry_find(tracker->registry, str_of(code));
        subject.chain = subject_of_region(subject.region);
        per &= subject.region != REGION_NONE;
    }
    if (each)
        subject.each = catalogue_find_category(tracker->catalogue, str_of(each));
    per &= !rule || (rule->each != 0) == (subject.each != CATEGORY_NONE);
    subject.key = subject_key(subject.chain, subject.each);
    if (!per)
        subject.kind = SUBJECT_NONE;
    return subject;
}

void orphan_add(struct tracker *tracker, const char *key, const char *rule_id, const char *title,
                enum subject_kind kind, const char *code, struct alert *alert)
{
    struct orphan o = {.key = xstrdup(key), .kind = kind, .code = xstrdup(code), .alert = *alert};
    o.rule.id = xstrdup(rule_id);
    o.rule.title = xstrdup(title);
    o.region = kind <= SUBJECT_MICRO_GRID ? registry_find(tracker->registry, str_of(code)) : alert->region;
    tracker->orphans = xrealloc(tracker->orphans, (tracker->orphan_count + 1) * sizeof *tracker->orphans);
    tracker->orphans[tracker->orphan_count++] = o;
    *alert = (struct alert){0};
}

static void orphans_restore(struct tracker *tracker, struct str key, const json_t *json, enum subject_kind kind)
{
    char *name = xstrndup(key.at, key.len);
    size_t before = tracker->orphan_count;
    const char *title = json_string_value(json_object_get(json, "title"));
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(json, "alerts"), index, item)
    {
        struct alert a = {0};
        if (alert_restore(tracker, item, &a) && a.state == ALERT_FIRING && !a.shadow)
            orphan_add(tracker, name, json_string_value(json_object_get(json, "rule")), title ? title : "", kind,
                       json_string_value(json_object_get(json, "code")), &a);
        alert_clear(&a);
    }
    if (tracker->orphan_count == before) /* else its withdrawal takes it away */
        tracker->out.store(tracker->out.arg, name, NULL);
    free(name);
}

void tracked_rejudge(struct tracked *t)
{
    t->edited = true;
    t->corrected = true;
    t->rebuild_from = t->machine.level > 0 ? t->machine.now.opened_minute : t->machine.minute + 1;
    for (size_t i = 0; i < t->alert_count; i++)
        if (t->alerts[i].state == ALERT_FIRING && t->alerts[i].opened_minute < t->rebuild_from)
            t->rebuild_from = t->alerts[i].opened_minute;
}

/* as tracker_switch would have it: for the same eyes, and of events or of sources as before */
static bool still_judges(const struct rule *rule, const json_t *json)
{
    const json_t *standing = json_object_get(json, "standing"); /* NULL: of an earlier version, which did not say */
    return rule->life != LIFE_DRAFT && json_is_true(json_object_get(json, "shadow")) == (rule->life == LIFE_SHADOW) &&
           (!standing || json_is_true(standing) == rule->standing);
}

static bool restore_json(struct tracker *tracker, struct str key, const json_t *json)
{
    const char *id = json_string_value(json_object_get(json, "rule"));
    const char *code = json_string_value(json_object_get(json, "code"));
    const char *word = json_string_value(json_object_get(json, "kind"));
    const char *digest = json_string_value(json_object_get(json, "digest"));
    if (!id || !code || !word || !digest)
        return false;
    enum subject_kind kind = kind_parse(word);
    unsigned number = 0;
    const struct rule *rule = tracker_find_rule(tracker->rules, id, &number) ? &tracker->rules->rules[number] : NULL;
    const char *each = json_string_value(json_object_get(json, "each"));
    struct subject subject = subject_restore(tracker, rule, kind, code, each);
    if (!rule || subject.kind == SUBJECT_NONE || !still_judges(rule, json)) {
        orphans_restore(tracker, key, json, kind);
        return true;
    }
    struct tracked *t = tracked_lookup(tracker, number, subject.key);
    if (t)
        return false; /* one key, one state: the newest was to be handed over */
    t = tracked_add(tracker, number, subject, str_of(code), 0);
    machine_restore(json_object_get(json, "machine"), tracker->rules->level_count, &t->machine);
    json_t *alerts = json_object_get(json, "alerts");
    t->alerts = xcalloc(json_array_size(alerts) + 1, sizeof *t->alerts);
    for (size_t i = 0; i < json_array_size(alerts); i++)
        if (alert_restore(tracker, json_array_get(alerts, i), &t->alerts[t->alert_count]))
            t->alert_count++;
        else {
            alert_clear(&t->alerts[t->alert_count]);
            return false;
        }
    if (t->machine.now.alert >= (int)t->alert_count)
        t->machine.now.alert = -1;
    t->view_missing = true;
    t->stored = true;
    t->stored_minute = t->machine.minute;
    t->dirty = true;
    char now[24];
    snprintf(now, sizeof now, "%016llx", (unsigned long long)rule->digest);
    if (strcmp(now, digest) != 0)
        tracked_rejudge(t);
    return true;
}

bool tracker_restore(struct tracker *tracker, struct str key, struct str state)
{
    json_error_t error;
    json_t *json = json_loadb(state.at, state.len, 0, &error);
    bool of_incident = key.len > strlen(INCIDENT_KEY) && memcmp(key.at, INCIDENT_KEY, strlen(INCIDENT_KEY)) == 0;
    bool good = json && (of_incident ? disputes_restore(tracker, key, json) : restore_json(tracker, key, json));
    if (!good)
        log_line(LOG_ERROR, "recover", "state record '%.*s' is not understood", STR_ARG(key));
    json_decref(json);
    return good;
}
