#include "commit/archive.h"

#include "base/check.h"
#include "base/log.h"
#include "sink/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX "generation/"
#define ACTIVE_KEY PREFIX "active"

enum { KEPT = 10, FORMAT = 1, KEY_SIZE = 64 };

struct archive {
    struct kept_generation *all; /* by number */
    unsigned *pieces;            /* records of each */
    size_t count;
    char passed_over[72];
    uint64_t newest;
    struct state_note *notes;
    size_t note_count;
};

struct archive *archive_create(void)
{
    return xcalloc(1, sizeof(struct archive));
}

static void notes_clear(struct archive *a)
{
    for (size_t i = 0; i < a->note_count; i++) {
        free((char *)(uintptr_t)a->notes[i].key);
        free((char *)(uintptr_t)a->notes[i].value.at);
    }
    a->note_count = 0;
}

static void clear(struct archive *a)
{
    for (size_t i = 0; i < a->count; i++)
        rule_texts_destroy(&a->all[i].texts);
    a->count = 0;
    a->newest = 0;
    a->passed_over[0] = '\0';
    notes_clear(a);
}

void archive_destroy(struct archive **pointer)
{
    struct archive *a = *pointer;
    *pointer = NULL;
    if (!a)
        return;
    clear(a);
    free(a->all);
    free(a->pieces);
    free(a->notes);
    free(a);
}

/* ---- asking ---- */

const struct kept_generation *archive_active(const struct archive *a)
{
    return a->count ? &a->all[a->count - 1] : NULL;
}

const char *archive_passed_over(const struct archive *a)
{
    return a->passed_over;
}

const struct kept_generation *archive_find(const struct archive *a, uint64_t number)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->all[i].number == number)
            return &a->all[i];
    return NULL;
}

const struct kept_generation *archive_before(const struct archive *a)
{
    const struct kept_generation *active = archive_active(a);
    for (size_t i = a->count; active && i-- > 0;)
        if (a->all[i].number < active->origin && strcmp(a->all[i].files, active->files) != 0)
            return &a->all[i];
    return NULL;
}

uint64_t archive_next_number(const struct archive *a)
{
    return a->newest + 1;
}

size_t archive_count(const struct archive *a)
{
    return a->count;
}

const struct kept_generation *archive_at(const struct archive *a, size_t i)
{
    return &a->all[i];
}

/* ---- records ---- */

static void key_of(uint64_t number, unsigned piece, char key[KEY_SIZE])
{
    int len = snprintf(key, KEY_SIZE, PREFIX "%" PRIu64, number);
    if (piece)
        snprintf(key + len, KEY_SIZE - (size_t)len, "/%u", piece);
}

/* takes the text over; NULL: deletes */
static void note(struct archive *a, const char *key, char *text, size_t len)
{
    a->notes = xrealloc(a->notes, (a->note_count + 1) * sizeof *a->notes);
    a->notes[a->note_count++] = (struct state_note){xstrdup(key), {text, text ? len : 0}};
}

static void note_active(struct archive *a)
{
    json_t *json = json_pack("{s:i, s:I, s:s}", "format", FORMAT, "number", (json_int_t)a->newest, "passed_over",
                             a->passed_over);
    char *text = json_dumps(json, JSON_COMPACT);
    note(a, ACTIVE_KEY, text, strlen(text));
    json_decref(json);
}

static unsigned note_generation(struct archive *a, const struct kept_generation *g)
{
    json_t *json = json_pack("{s:i, s:I, s:I, s:I, s:i, s:s, s:s, s:o}", "format", FORMAT, "number",
                             (json_int_t)g->number, "origin", (json_int_t)g->origin, "since_ms",
                             (json_int_t)g->since_ms, "rules", (int)g->rules, "digest", g->digest, "files_digest",
                             g->files, "texts", rule_texts_json(g->texts));
    char *text = json_dumps(json, JSON_COMPACT);
    CHECK(text);
    json_decref(json);
    unsigned pieces = 0;
    for (size_t at = 0, len, left = strlen(text); left; at += len, left -= len) {
        char key[KEY_SIZE];
        len = part_len(text + at, left);
        key_of(g->number, pieces++, key);
        note(a, key, xstrndup(text + at, len), len);
    }
    free(text);
    return pieces;
}

static void drop_oldest(struct archive *a)
{
    for (unsigned p = 0; p < a->pieces[0]; p++) {
        char key[KEY_SIZE];
        key_of(a->all[0].number, p, key);
        note(a, key, NULL, 0);
    }
    rule_texts_destroy(&a->all[0].texts);
    a->count--;
    memmove(a->all, a->all + 1, a->count * sizeof *a->all);
    memmove(a->pieces, a->pieces + 1, a->count * sizeof *a->pieces);
}

static void put(struct archive *a, const struct kept_generation *g, unsigned pieces)
{
    a->all = xrealloc(a->all, (a->count + 1) * sizeof *a->all);
    a->pieces = xrealloc(a->pieces, (a->count + 1) * sizeof *a->pieces);
    size_t at = a->count++;
    for (; at > 0 && a->all[at - 1].number > g->number; at--) {
        a->all[at] = a->all[at - 1];
        a->pieces[at] = a->pieces[at - 1];
    }
    a->all[at] = *g;
    a->pieces[at] = pieces;
}

void archive_add(struct archive *a, struct kept_generation g, const char *passed_over)
{
    notes_clear(a);
    g.number = ++a->newest;
    if (!g.origin)
        g.origin = g.number;
    snprintf(a->passed_over, sizeof a->passed_over, "%s", passed_over);
    put(a, &g, note_generation(a, &g));
    note_active(a);
    while (a->count > KEPT + 1)
        drop_oldest(a);
}

const struct state_note *archive_notes(struct archive *a, size_t *count)
{
    *count = a->note_count;
    return a->notes;
}

/* ---- back from the log ---- */

static bool copy_text(const json_t *json, const char *name, char text[72])
{
    const char *value = json_string_value(json_object_get(json, name));
    return value && snprintf(text, 72, "%s", value) < 72;
}

static bool read_generation(const json_t *json, struct kept_generation *g)
{
    *g = (struct kept_generation){
        .number = (uint64_t)json_integer_value(json_object_get(json, "number")),
        .origin = (uint64_t)json_integer_value(json_object_get(json, "origin")),
        .since_ms = json_integer_value(json_object_get(json, "since_ms")),
        .rules = (unsigned)json_integer_value(json_object_get(json, "rules")),
    };
    return json_integer_value(json_object_get(json, "format")) == FORMAT && g->number && g->origin &&
           copy_text(json, "digest", g->digest) && copy_text(json, "files_digest", g->files) &&
           (g->texts = rule_texts_from_json(json_object_get(json, "texts")));
}

static void restore_one(struct archive *a, const json_t *state, uint64_t number)
{
    struct buffer text = {0};
    unsigned pieces = 0;
    for (;; pieces++) {
        char key[KEY_SIZE];
        key_of(number, pieces, key);
        const json_t *piece = json_object_get(state, key);
        if (!piece)
            break;
        buffer_put(&text, json_string_value(piece), json_string_length(piece));
    }
    json_t *json = json_loadb(text.at, text.len, 0, NULL);
    struct kept_generation g;
    if (json && read_generation(json, &g) && g.number == number)
        put(a, &g, pieces);
    else
        log_line(LOG_WARNING, "rules", "generation %" PRIu64 ", which was kept, is not readable", number);
    if (number > a->newest) /* never given twice */
        a->newest = number;
    json_decref(json);
    buffer_free(&text);
}

void archive_restore(struct archive *a, const json_t *state)
{
    clear(a);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)state, key, value)
    {
        char *end;
        if (strncmp(key, PREFIX, strlen(PREFIX)) != 0)
            continue;
        unsigned long long number = strtoull(key + strlen(PREFIX), &end, 10);
        if (number && *end == '\0')
            restore_one(a, state, number);
    }
    const json_t *active = json_object_get(state, ACTIVE_KEY);
    json_t *json = active ? json_loadb(json_string_value(active), json_string_length(active), 0, NULL) : NULL;
    uint64_t number = (uint64_t)json_integer_value(json_object_get(json, "number"));
    if (number > a->newest)
        a->newest = number;
    if (!copy_text(json, "passed_over", a->passed_over))
        a->passed_over[0] = '\0';
    json_decref(json);
}
