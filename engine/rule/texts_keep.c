/* Rule texts as JSON, in which they are kept with their generation, and as files again, to be loaded like any. */
#include "rule/texts_priv.h"

#include "base/check.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* could it be written below any folder, and nowhere else? */
static bool stays_below(const char *name)
{
    return *name && *name != '/' && strncmp(name, "../", 3) != 0 && !strstr(name, "/../") && !strchr(name, '\n');
}

/* Texts as they are where they are UTF-8, so that people can read what is kept; others (GB18030) in base64. */
static json_t *text_json(const struct text *text)
{
    json_t *json = json_pack("{s:s, s:s}", "kind", text_kind_word(text->kind), "name", text->name);
    json_t *plain = text->bytes.len && memchr(text->bytes.at, 0, text->bytes.len)
                        ? NULL
                        : json_stringn(text->bytes.len ? text->bytes.at : "", text->bytes.len);
    if (plain) {
        json_object_set_new(json, "text", plain);
        return json;
    }
    size_t size = sodium_base64_encoded_len(text->bytes.len, sodium_base64_VARIANT_ORIGINAL);
    char *base64 = xmalloc(size);
    sodium_bin2base64(base64, size, (const unsigned char *)text->bytes.at, text->bytes.len,
                      sodium_base64_VARIANT_ORIGINAL);
    json_object_set_new(json, "base64", json_string(base64));
    free(base64);
    return json;
}

json_t *rule_texts_json(const struct rule_texts *t)
{
    json_t *files = json_array();
    for (size_t i = 0; i < t->count; i++)
        if (!t->all[i].absent)
            json_array_append_new(files, text_json(&t->all[i]));
    return json_pack("{s:s*, s:o}", "rule_file", t->rule_file, "files", files);
}

json_t *rule_texts_file(const struct rule_texts *t, enum text_kind kind, const char *name)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    for (size_t i = 0; i < t->count; i++) {
        const struct text *text = &t->all[i];
        if (text->kind != kind || text->absent || (name && strcmp(text->name, name) != 0))
            continue;
        json_t *file = text_json(text);
        crypto_hash_sha256(hash, (const unsigned char *)text->bytes.at, text->bytes.len);
        json_object_set_new(file, "sha256", json_string(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash)));
        return file;
    }
    return NULL;
}

static bool text_bytes(struct text *text, const json_t *json)
{
    const json_t *plain = json_object_get(json, "text");
    if (plain) {
        buffer_put(&text->bytes, json_string_value(plain), json_string_length(plain));
        return json_is_string(plain);
    }
    const json_t *base64 = json_object_get(json, "base64");
    size_t len = json_string_length(base64), got;
    if (!json_is_string(base64))
        return false;
    bool good = sodium_base642bin((unsigned char *)buffer_grow(&text->bytes, len + 1), len + 1,
                                  json_string_value(base64), len, NULL, &got, NULL,
                                  sodium_base64_VARIANT_ORIGINAL) == 0;
    text->bytes.len = good ? got : 0;
    return good;
}

static bool text_from_json(struct rule_texts *t, const json_t *json)
{
    const char *word = json_string_value(json_object_get(json, "kind")),
               *name = json_string_value(json_object_get(json, "name"));
    enum text_kind kind = 0;
    while (word && kind < TEXT_KINDS && strcmp(word, text_kind_word(kind)) != 0)
        kind++;
    if (!word || kind == TEXT_KINDS || !name || !*name || (kind != TEXT_RULES && !stays_below(name)))
        return false;
    struct text *text = text_add(t, kind);
    text->name = xstrdup(name);
    return text_bytes(text, json);
}

struct rule_texts *rule_texts_from_json(const json_t *json)
{
    const char *file = json_string_value(json_object_get(json, "rule_file"));
    const json_t *files = json_object_get(json, "files"), *one;
    struct rule_texts *t = xcalloc(1, sizeof *t);
    t->base = xstrdup("");
    t->rule_file = file ? xstrdup(file) : NULL;
    bool good = json_is_array(files) && (!file || stays_below(file));
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)files, i, one) good &= text_from_json(t, one);
    if (!good)
        rule_texts_destroy(&t);
    return t;
}

/* the folders on the way to a file; `from` is where they may not exist yet */
static void make_folders(char *path, size_t from)
{
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

static bool write_text(const struct text *text, const char *folder, char *path, struct problems *problems)
{
    make_folders(path, strlen(folder) + 1);
    FILE *out = fopen(path, "wxe");
    bool good = out && (!text->bytes.len || fwrite(text->bytes.at, 1, text->bytes.len, out) == text->bytes.len);
    good = out && fclose(out) == 0 && good;
    if (!good)
        problem_add(problems, path, 0, 0, "can't be written: %s", problem_word(problems, strerror(errno)));
    return good;
}

static char *place_of(const char *folder, enum text_kind kind, const char *name)
{
    char *path;
    CHECK(asprintf(&path, "%s/%s%s%s", folder, text_kind_word(kind), name ? "/" : "", name ? name : "") >= 0);
    return path;
}

/* Rule files that are loaded from `folder` ask for it where it lay from them, or by its own path: there it is not. */
static void put_elsewhere(struct text_places *places, const struct text *text, const char *folder, const char *path)
{
    char *asked;
    CHECK(asprintf(&asked, "%s/%s/%s", folder, text_kind_word(text->kind), text->name) >= 0);
    places->moved = xrealloc(places->moved, (places->moved_count + 1) * sizeof *places->moved);
    places->moved[places->moved_count++] = (struct text_move){*text->name == '/' ? xstrdup(text->name) : xstrdup(asked), xstrdup(path)};
    free(asked);
}

bool rule_texts_write(const struct rule_texts *t, const char *folder, struct text_places *places,
                      struct problems *problems)
{
    bool good = true;
    *places = (struct text_places){.rules = place_of(folder, TEXT_RULES, t->rule_file)};
    for (size_t i = 0; i < t->count; i++) {
        const struct text *text = &t->all[i];
        if (text->absent)
            continue;
        bool inside = stays_below(text->name);
        char *path;
        if (inside)
            path = place_of(folder, text->kind, text->name);
        else
            CHECK(asprintf(&path, "%s/outside/%zu", folder, i) >= 0);
        good &= write_text(text, folder, path, problems);
        if (!inside)
            put_elsewhere(places, text, folder, path);
        if (text->kind == TEXT_CALENDAR && !places->calendar)
            places->calendar = place_of(folder, TEXT_CALENDAR, text->name);
        if (text->kind == TEXT_MODEL && !places->models)
            places->models = place_of(folder, TEXT_MODEL, NULL);
        free(path);
    }
    return good;
}

const char *text_place(const struct text_places *places, const char *path)
{
    for (size_t i = 0; places && i < places->moved_count; i++)
        if (strcmp(places->moved[i].from, path) == 0)
            return places->moved[i].to;
    return path;
}

void text_places_free(struct text_places *places)
{
    free(places->rules);
    free(places->calendar);
    free(places->models);
    for (size_t i = 0; i < places->moved_count; i++) {
        free(places->moved[i].from);
        free(places->moved[i].to);
    }
    free(places->moved);
    *places = (struct text_places){0};
}
