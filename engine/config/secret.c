/* What must never be seen: passwords and the keys that turn callers into tokens.  They come from files of their own,
 * so that the configuration can be shown, mailed and kept in a repository.  An actor key that others on the machine
 * can read would let them undo every token by trying all phone numbers, so its file's mode is checked. */
#include "config/config_priv.h"

#include "base/check.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SECRET_MAX = 4096 };

/* Reads all of a small file into text[SECRET_MAX + 1], less the newline at its end. */
static bool read_secret(const struct yaml_node *node, const char *path, bool private, char *text,
                        struct problems *problems)
{
    struct stat about;
    FILE *in = fopen(path, "re");
    if (!in || fstat(fileno(in), &about) != 0) {
        yaml_problem(node, problems, "%s can't be read: %s", path, problem_word(problems, strerror(errno)));
        if (in)
            fclose(in);
        return false;
    }
    size_t len = fread(text, 1, SECRET_MAX + 1, in);
    bool failed = ferror(in);
    fclose(in);
    if (len > 0 && len <= SECRET_MAX && text[len - 1] == '\n')
        len--;
    if (failed || len == 0 || len > SECRET_MAX) {
        yaml_problem(node, problems, "%s: expected a file of 1 to %d bytes", path, SECRET_MAX);
        return false;
    }
    if (private && (about.st_mode & 077)) {
        yaml_problem(node, problems, "%s may be read by others (mode %03o): expected `chmod 600`", path,
                     (unsigned)about.st_mode & 0777);
        return false;
    }
    text[len] = '\0';
    return true;
}

char *config_secret(const struct yaml_node *node, const char *what, struct problems *problems)
{
    static const char *const known[] = {"file"};
    if (node->kind != YAML_MAPPING) {
        const char *text = yaml_text(node, what, NULL, problems);
        return text ? xstrdup(text) : NULL;
    }
    char text[SECRET_MAX + 1], *secret = NULL, *path;
    yaml_only(node, known, COUNT(known), problems);
    path = config_path(config_need(node, "file", problems), what, problems);
    if (*path && read_secret(yaml_get(node, "file"), path, false, text, problems))
        secret = xstrdup(text);
    sodium_memzero(text, sizeof text);
    free(path);
    return secret;
}

static void read_actor_key(struct config *c, const struct yaml_node *node, struct problems *problems)
{
    char text[SECRET_MAX + 1], *path = config_path(node, "actor_keys", problems);
    size_t len = 0;
    const char *end = NULL;
    unsigned char *key = c->actor_keys + ACTOR_KEY_BYTES * c->actor_key_count;
    if (*path && read_secret(node, path, true, text, problems)) {
        if (strlen(text) == 2 * ACTOR_KEY_BYTES &&
            sodium_hex2bin(key, ACTOR_KEY_BYTES, text, strlen(text), NULL, &len, &end) == 0 && len == ACTOR_KEY_BYTES)
            c->actor_key_count++;
        else
            yaml_problem(node, problems, "%s: expected %d hexadecimal digits; `gridwarn token --new-key` writes them",
                         path, 2 * ACTOR_KEY_BYTES);
    }
    sodium_memzero(text, sizeof text);
    free(path);
}

static void make_actor_key(struct config *c)
{
    CHECK(sodium_init() >= 0);
    randombytes_buf(c->actor_keys, ACTOR_KEY_BYTES);
    c->actor_key_count = 1;
}

void config_read_actor_keys(struct config *c, const struct yaml_node *node, struct problems *problems)
{
    enum { KEYS_MAX = 2 };
    if (!node)
        return;
    c->actor_keys = xcalloc(KEYS_MAX, ACTOR_KEY_BYTES);
    if (c->words_only) {
        make_actor_key(c);
        return;
    }
    if (node->kind == YAML_SCALAR && strcmp(node->text.at, "ephemeral") == 0) {
        if (c->kafka)
            yaml_problem(node, problems,
                         "actor_keys: ephemeral serves runs on files only: after a restart nobody "
                         "would be the same caller");
        make_actor_key(c);
        return;
    }
    if (node->kind == YAML_SCALAR) {
        read_actor_key(c, node, problems);
        return;
    }
    if (node->kind != YAML_SEQUENCE || node->count < 1 || node->count > KEYS_MAX) {
        yaml_problem(node, problems, "actor_keys: expected one file, two during a rotation, or `ephemeral`");
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        read_actor_key(c, node->items[i], problems);
}
