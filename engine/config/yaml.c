/* The tree of a YAML file.  Built from libyaml's events rather than its documents, because a document has already
 * put the anchor's node in the alias's place: shared nodes, circles and exponential growth would come in with it.
 * All nodes belong to the file, which frees them in one go. */
#include "config/yaml.h"

#include "base/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

enum { FILE_BYTES_MAX = 8 << 20, NODES_MAX = 500000, DEPTH_MAX = 32 };

struct yaml_file {
    char *name;
    struct yaml_node **nodes;
    size_t count, capacity;
    const struct yaml_node *root;
};

struct builder {
    yaml_parser_t parser;
    struct yaml_file *file;
    struct str text;
    struct problems *problems;
    bool failed;
};

static size_t characters(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    return count;
}

static struct yaml_node *add_node(struct builder *b, const yaml_event_t *event, enum yaml_kind kind)
{
    struct yaml_file *file = b->file;
    if (file->count == file->capacity) {
        file->capacity = file->capacity ? file->capacity * 2 : 64;
        file->nodes = xrealloc(file->nodes, file->capacity * sizeof(struct yaml_node *));
    }
    struct yaml_node *node = xcalloc(1, sizeof *node);
    node->kind = kind;
    node->line = (int)event->start_mark.line + 1;
    node->col = (int)event->start_mark.column + 1;
    node->file = file;
    file->nodes[file->count++] = node;
    return node;
}

/* An author who types Chinese gets these two wrong most often, and libyaml's words for them help nobody.  It
 * sometimes notices one line late. */
static const char *hint(const struct builder *b, int line)
{
    const char *at = b->text.at, *end = at + b->text.len;
    for (int i = 1; at < end && i <= line; i++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        if (i >= line - 1 && memmem(at, len, "：", strlen("：")))
            return N_(" (a full-width ： does not separate key and value: write `: `)");
        if (i == line && memchr(at, '\t', len))
            return N_(" (a tab: indent with spaces)");
        at = stop ? stop + 1 : end;
    }
    return "";
}

static void syntax_problem(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;
    const char *name = b->file->name, *what = problem_word(b->problems, p->problem ? p->problem : "out of memory");
    b->failed = true;
    if (p->error != YAML_READER_ERROR) {
        int line = (int)p->problem_mark.line + 1;
        problem_add(b->problems, name, line, (int)p->problem_mark.column + 1, "not YAML: %s%s", what,
                    problem_word(b->problems, hint(b, line)));
        return;
    }
    int line = 1;
    for (size_t i = 0; i < p->problem_offset && i < b->text.len; i++)
        line += b->text.at[i] == '\n';
    problem_add(b->problems, name, line, 0, "not UTF-8 text: %s; save the file as UTF-8", what);
}

static void refuse_beyond_core(struct builder *b, const struct yaml_node *node, const yaml_char_t *anchor,
                               const yaml_char_t *tag)
{
    static const char core[] = "tag:yaml.org,2002:";
    if (anchor)
        yaml_problem(node, b->problems, "anchors and aliases are not supported: write it out");
    if (tag && strcmp((const char *)tag, "!") != 0 && strncmp((const char *)tag, core, sizeof core - 1) != 0)
        yaml_problem(node, b->problems, "tags such as %s are not supported", (const char *)tag);
}

static struct yaml_node *add_scalar(struct builder *b, const yaml_event_t *event)
{
    struct yaml_node *node = add_node(b, event, YAML_SCALAR);
    node->text = (struct str){xstrndup((const char *)event->data.scalar.value, event->data.scalar.length),
                              event->data.scalar.length};
    yaml_scalar_style_t style = event->data.scalar.style;
    node->quoted = style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.quoted_implicit;
    size_t quotes = style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE ? 2 : 0;
    node->literal = event->start_mark.line == event->end_mark.line &&
                    event->end_mark.column - event->start_mark.column == characters(node->text) + quotes;
    refuse_beyond_core(b, node, event->data.scalar.anchor, event->data.scalar.tag);
    if (strlen(node->text.at) != node->text.len)
        yaml_problem(node, b->problems, "text with a NUL in it");
    return node;
}

static int by_text(const void *a, const void *b)
{
    const struct yaml_node *const *x = a, *const *y = b;
    int order = strcmp((*x)->text.at, (*y)->text.at);
    return order ? order : ((*x)->line != (*y)->line ? (*x)->line - (*y)->line : (*x)->col - (*y)->col);
}

static void check_keys(struct builder *b, const struct yaml_node *mapping)
{
    const struct yaml_node **keys = xmalloc((mapping->count + 1) * sizeof(struct yaml_node *));
    size_t count = 0;
    for (size_t i = 0; i < mapping->count; i++) {
        const struct yaml_node *key = yaml_key(mapping, i);
        if (key->kind == YAML_SCALAR)
            keys[count++] = key;
        else
            yaml_problem(key, b->problems, "a key must be text");
    }
    qsort(keys, count, sizeof *keys, by_text);
    for (size_t i = 1; i < count; i++)
        if (strcmp(keys[i]->text.at, keys[i - 1]->text.at) == 0)
            yaml_problem(keys[i], b->problems, "the key %s stands here twice, first in line %d", keys[i]->text.at,
                         keys[i - 1]->line);
    free(keys);
}

static struct yaml_node *next_node(struct builder *b, unsigned depth);

static void add_items(struct builder *b, struct yaml_node *node, unsigned depth)
{
    size_t count = 0, capacity = 0;
    for (struct yaml_node *item; (item = next_node(b, depth)) != NULL; count++) {
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 8;
            node->items = xrealloc(node->items, capacity * sizeof(struct yaml_node *));
        }
        node->items[count] = item;
    }
    node->count = node->kind == YAML_MAPPING ? count / 2 : count;
    if (node->kind == YAML_MAPPING && !b->failed)
        check_keys(b, node);
}

static struct yaml_node *node_of(struct builder *b, const yaml_event_t *event, unsigned depth)
{
    struct yaml_node *node = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        node = add_scalar(b, event);
    } else if (event->type == YAML_ALIAS_EVENT) {
        node = add_node(b, event, YAML_SCALAR);
        node->text = (struct str){xstrdup(""), 0};
        refuse_beyond_core(b, node, event->data.alias.anchor, NULL);
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        node = add_node(b, event, YAML_SEQUENCE);
        refuse_beyond_core(b, node, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        add_items(b, node, depth + 1);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        node = add_node(b, event, YAML_MAPPING);
        refuse_beyond_core(b, node, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        add_items(b, node, depth + 1);
    }
    return node;
}

/* the next node, or NULL at the end of what contains it, or after a failure */
static struct yaml_node *next_node(struct builder *b, unsigned depth)
{
    yaml_event_t event;
    if (b->failed)
        return NULL;
    if (!yaml_parser_parse(&b->parser, &event)) {
        syntax_problem(b);
        return NULL;
    }
    struct yaml_node *node = NULL;
    if (depth > DEPTH_MAX || b->file->count >= NODES_MAX) {
        problem_add(b->problems, b->file->name, (int)event.start_mark.line + 1, (int)event.start_mark.column + 1,
                    "too large: at most %d levels and %d values", DEPTH_MAX, NODES_MAX);
        b->failed = true;
    } else {
        node = node_of(b, &event, depth);
    }
    yaml_event_delete(&event);
    return node;
}

static bool skip_event(struct builder *b, yaml_event_type_t expected, const char *otherwise)
{
    yaml_event_t event;
    if (b->failed)
        return false;
    if (!yaml_parser_parse(&b->parser, &event)) {
        syntax_problem(b);
        return false;
    }
    if (event.type != expected) {
        problem_add(b->problems, b->file->name, (int)event.start_mark.line + 1, 0, "%s",
                    problem_word(b->problems, otherwise));
        b->failed = true;
    }
    yaml_event_delete(&event);
    return !b->failed;
}

static void build(struct builder *b)
{
    if (!skip_event(b, YAML_STREAM_START_EVENT, N_("not YAML")) ||
        !skip_event(b, YAML_DOCUMENT_START_EVENT, N_("the file is empty")))
        return;
    b->file->root = next_node(b, 0);
    if (skip_event(b, YAML_DOCUMENT_END_EVENT, N_("not YAML")))
        skip_event(b, YAML_STREAM_END_EVENT, N_("a second document (---): only one is allowed"));
}

struct yaml_file *yaml_parse(const char *name, struct str text, struct problems *problems)
{
    struct yaml_file *file = xcalloc(1, sizeof *file);
    file->name = xstrdup(name);
    struct builder b = {.file = file, .text = text, .problems = problems};
    CHECK(yaml_parser_initialize(&b.parser));
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.at ? text.at : ""), text.len);
    build(&b);
    yaml_parser_delete(&b.parser);
    if (b.failed)
        yaml_close(&file);
    return file;
}

struct yaml_file *yaml_read(const char *path, struct problems *problems)
{
    FILE *in = fopen(path, "re");
    if (!in) {
        problem_add(problems, path, 0, 0, "can't be opened: %s", problem_word(problems, strerror(errno)));
        return NULL;
    }
    size_t len = 0, capacity = 1 << 14, got;
    char *text = xmalloc(capacity);
    while (len <= FILE_BYTES_MAX && (got = fread(text + len, 1, capacity - len, in)) > 0) {
        len += got;
        if (len == capacity)
            text = xrealloc(text, capacity *= 2);
    }
    struct yaml_file *file = NULL;
    if (ferror(in))
        problem_add(problems, path, 0, 0, "can't be read: %s", problem_word(problems, strerror(errno)));
    else if (len > FILE_BYTES_MAX)
        problem_add(problems, path, 0, 0, "too large: at most %d bytes", FILE_BYTES_MAX);
    else
        file = yaml_parse(path, (struct str){text, len}, problems);
    free(text);
    fclose(in);
    return file;
}

void yaml_close(struct yaml_file **file)
{
    struct yaml_file *f = *file;
    *file = NULL;
    if (!f)
        return;
    for (size_t i = 0; i < f->count; i++) {
        free((void *)(uintptr_t)f->nodes[i]->text.at);
        free(f->nodes[i]->items);
        free(f->nodes[i]);
    }
    free(f->nodes);
    free(f->name);
    free(f);
}

const struct yaml_node *yaml_root(const struct yaml_file *file)
{
    return file->root;
}

const char *yaml_name(const struct yaml_file *file)
{
    return file->name;
}

int yaml_column(const struct yaml_node *node, size_t offset)
{
    if (!node->literal)
        return node->col;
    struct str before = {node->text.at, offset < node->text.len ? offset : node->text.len};
    return node->col + (int)node->quoted + (int)characters(before);
}

void yaml_problem(const struct yaml_node *node, struct problems *problems, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    problem_vadd(problems, false, node->file->name, node->line, node->col, format, args);
    va_end(args);
}

void yaml_warning(const struct yaml_node *node, struct problems *problems, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    problem_vadd(problems, true, node->file->name, node->line, node->col, format, args);
    va_end(args);
}
