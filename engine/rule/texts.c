#include "rule/texts.h"

#include "base/buffer.h"
#include "base/check.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *const kind_words[TEXT_KINDS] = {"rules", "calendar", "models"};

struct text {
    enum text_kind kind;
    char *path; /* NULL: from JSON */
    char *name; /* below the folder of its kind; NULL: it lies outside, counts for changes and is not kept */
    bool absent;
    struct buffer bytes;
};

struct rule_texts {
    char *base;      /* the rules' folder, ending in '/' */
    char *rule_file; /* the one in it that `rules` names; NULL: all of it */
    struct text *all;
    size_t count;
    char digest[72];
};

struct rule_texts *rule_texts_create(const char *rules_path)
{
    struct rule_texts *t = xcalloc(1, sizeof *t);
    struct stat about;
    const char *slash = strrchr(rules_path, '/'), *file = slash ? slash + 1 : rules_path;
    if (stat(rules_path, &about) == 0 && !S_ISDIR(about.st_mode)) {
        t->base = slash ? xstrndup(rules_path, (size_t)(file - rules_path)) : xstrdup("");
        t->rule_file = xstrdup(file);
    } else {
        CHECK(asprintf(&t->base, "%s%s", rules_path, *file ? "/" : "") >= 0);
    }
    return t;
}

void rule_texts_destroy(struct rule_texts **pointer)
{
    struct rule_texts *t = *pointer;
    *pointer = NULL;
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        free(t->all[i].path);
        free(t->all[i].name);
        buffer_free(&t->all[i].bytes);
    }
    free(t->base);
    free(t->rule_file);
    free(t->all);
    free(t);
}

/* false: it can't be, or is no text of an author's */
static bool read_bytes(const char *path, struct buffer *bytes)
{
    enum { CHUNK = 1 << 14, BYTES_MAX = 64 << 20 };
    FILE *in = fopen(path, "re");
    if (!in)
        return false;
    size_t got;
    do {
        got = fread(buffer_grow(bytes, CHUNK), 1, CHUNK, in);
        bytes->len -= CHUNK - got;
    } while (got > 0 && bytes->len < BYTES_MAX);
    bool good = !ferror(in) && bytes->len < BYTES_MAX;
    fclose(in);
    return good;
}

/* could it be written below any folder, and nowhere else? */
static bool stays_below(const char *name)
{
    return *name && *name != '/' && strncmp(name, "../", 3) != 0 && !strstr(name, "/../") && !strchr(name, '\n');
}

static char *name_of(const struct rule_texts *t, enum text_kind kind, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = strlen(t->base);
    if (kind != TEXT_RULES)
        return xstrdup(slash ? slash + 1 : path);
    return strncmp(path, t->base, len) == 0 && stays_below(path + len) ? xstrdup(path + len) : NULL;
}

static struct text *text_add(struct rule_texts *t, enum text_kind kind)
{
    t->all = xrealloc(t->all, (t->count + 1) * sizeof *t->all);
    t->all[t->count] = (struct text){.kind = kind};
    return &t->all[t->count++];
}

void rule_texts_note(struct rule_texts *t, enum text_kind kind, const char *path)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->all[i].path, path) == 0)
            return;
    struct text *text = text_add(t, kind);
    text->path = xstrdup(path);
    text->name = name_of(t, kind, path);
    text->absent = !read_bytes(path, &text->bytes);
}

bool rule_texts_unchanged(const struct rule_texts *t)
{
    bool same = true;
    for (size_t i = 0; i < t->count && same; i++) {
        struct buffer now = {0};
        same = read_bytes(t->all[i].path, &now) != t->all[i].absent;
        same &= t->all[i].absent || str_eq(buffer_str(&now), buffer_str(&t->all[i].bytes));
        buffer_free(&now);
    }
    return same;
}

static const char *known_as(const struct text *text)
{
    return text->name ? text->name : text->path;
}

static int by_name(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(known_as(x), known_as(y));
}

const char *rule_texts_digest(struct rule_texts *t)
{
    crypto_hash_sha256_state state;
    unsigned char hash[crypto_hash_sha256_BYTES];
    if (t->count)
        qsort(t->all, t->count, sizeof *t->all, by_name);
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < t->count; i++) {
        const struct text *text = &t->all[i];
        struct buffer head = {0}; /* with lengths: no name or text can pass for another file */
        buffer_printf(&head, "%s %zu:%s %d %zu:", kind_words[text->kind], strlen(known_as(text)), known_as(text),
                      !text->absent, text->bytes.len);
        crypto_hash_sha256_update(&state, (const unsigned char *)head.at, head.len);
        crypto_hash_sha256_update(&state, (const unsigned char *)text->bytes.at, text->bytes.len);
        buffer_free(&head);
    }
    crypto_hash_sha256_final(&state, hash);
    size_t prefix = strlen("sha256:");
    memcpy(t->digest, "sha256:", prefix);
    sodium_bin2hex(t->digest + prefix, sizeof t->digest - prefix, hash, sizeof hash);
    return t->digest;
}

size_t rule_texts_count(const struct rule_texts *t)
{
    return t->count;
}

const char *rule_texts_path(const struct rule_texts *t, size_t number)
{
    return t->all[number].path;
}

/* ---- kept, and brought back ---- */

/* Texts as they are where they are UTF-8, so that people can read what is kept; others (GB18030) in base64. */
static json_t *text_json(const struct text *text)
{
    json_t *json = json_pack("{s:s, s:s}", "kind", kind_words[text->kind], "name", text->name);
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
        if (t->all[i].name && !t->all[i].absent)
            json_array_append_new(files, text_json(&t->all[i]));
    return json_pack("{s:s*, s:o}", "rule_file", t->rule_file, "files", files);
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
    while (word && kind < TEXT_KINDS && strcmp(word, kind_words[kind]) != 0)
        kind++;
    if (!word || kind == TEXT_KINDS || !name || !stays_below(name))
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

static bool write_text(const struct text *text, const char *folder, struct problems *problems)
{
    char *path;
    CHECK(asprintf(&path, "%s/%s/%s", folder, kind_words[text->kind], text->name) >= 0);
    make_folders(path, strlen(folder) + 1);
    FILE *out = fopen(path, "wxe");
    bool good = out && (!text->bytes.len || fwrite(text->bytes.at, 1, text->bytes.len, out) == text->bytes.len);
    good = out && fclose(out) == 0 && good;
    if (!good)
        problem_add(problems, path, 0, 0, "can't be written: %s", problem_word(problems, strerror(errno)));
    free(path);
    return good;
}

static char *place_of(const char *folder, enum text_kind kind, const char *name)
{
    char *path;
    CHECK(asprintf(&path, "%s/%s%s%s", folder, kind_words[kind], name ? "/" : "", name ? name : "") >= 0);
    return path;
}

bool rule_texts_write(const struct rule_texts *t, const char *folder, struct text_places *places,
                      struct problems *problems)
{
    bool good = true;
    *places = (struct text_places){.rules = place_of(folder, TEXT_RULES, t->rule_file)};
    for (size_t i = 0; i < t->count; i++) {
        const struct text *text = &t->all[i];
        if (!text->name || text->absent)
            continue;
        good &= write_text(text, folder, problems);
        if (text->kind == TEXT_CALENDAR && !places->calendar)
            places->calendar = place_of(folder, TEXT_CALENDAR, text->name);
        if (text->kind == TEXT_MODEL && !places->models)
            places->models = place_of(folder, TEXT_MODEL, NULL);
    }
    return good;
}

void text_places_free(struct text_places *places)
{
    free(places->rules);
    free(places->calendar);
    free(places->models);
    *places = (struct text_places){0};
}
