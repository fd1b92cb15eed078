#include "rule/texts_priv.h"

#include "base/check.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *const kind_words[TEXT_KINDS] = {"rules", "calendar", "models"};

const char *text_kind_word(enum text_kind kind)
{
    return kind_words[kind];
}

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

/* A rule file names its tables as they lie from it: so do we, ../ and all; what has a path of its own has that. */
static char *name_of(const struct rule_texts *t, enum text_kind kind, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = strlen(t->base);
    if (kind != TEXT_RULES)
        return xstrdup(slash ? slash + 1 : path);
    return xstrdup(strncmp(path, t->base, len) == 0 ? path + len : path);
}

struct text *text_add(struct rule_texts *t, enum text_kind kind)
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

static int by_name(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->name, y->name);
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
        buffer_printf(&head, "%s %zu:%s %d %zu:", kind_words[text->kind], strlen(text->name), text->name,
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
