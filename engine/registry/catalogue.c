/* Sources, tags, categories and organisations.  A list of a few dozen names is searched from end to end; the others
 * have a table.  Categories lie in the order of the tree (depth first), which is the order of their paths when '.'
 * sorts before any other character. */
#include "registry/catalogue.h"

#include "base/check.h"
#include "registry/csv.h"
#include "registry/names.h"

#include <stdlib.h>

struct words {
    char *all[SOURCES_MAX];
    unsigned count, max;
};

struct category_text {
    char *path, *name; /* name is NULL for an ancestor that is only implied */
};

struct category_list {
    struct category_text *all;
    uint32_t count, capacity;
};

struct catalogue {
    struct words sources, tags;
    struct category_list texts;  /* in the order of the tree: number 1 is the first */
    struct category *categories; /* by number; [0] is none */
    unsigned category_count;
    struct names *paths;
    struct organisation *organisations;
    unsigned organisation_count;
    struct names *aliases;          /* codes, names and aliases */
    struct csv *organisations_file; /* owns their texts */
};

_Static_assert((int)TAGS_MAX <= (int)SOURCES_MAX, "words hold either");

struct catalogue *catalogue_create(void)
{
    struct catalogue *c = xcalloc(1, sizeof *c);
    c->sources.max = SOURCES_MAX;
    c->tags.max = TAGS_MAX;
    c->paths = names_create();
    c->aliases = names_create();
    return c;
}

void catalogue_destroy(struct catalogue **catalogue)
{
    struct catalogue *c = *catalogue;
    if (!c)
        return;
    for (unsigned i = 0; i < c->sources.count; i++)
        free(c->sources.all[i]);
    for (unsigned i = 0; i < c->tags.count; i++)
        free(c->tags.all[i]);
    for (uint32_t i = 0; i < c->texts.count; i++) {
        free(c->texts.all[i].path);
        free(c->texts.all[i].name);
    }
    free(c->texts.all);
    free(c->categories);
    names_destroy(&c->paths);
    free(c->organisations);
    names_destroy(&c->aliases);
    csv_close(&c->organisations_file);
    free(c);
    *catalogue = NULL;
}

static int words_find(const struct words *w, struct str word)
{
    for (unsigned i = 0; i < w->count; i++)
        if (str_eq(str_of(w->all[i]), word))
            return (int)i;
    return -1;
}

static int words_add(struct words *w, const char *word)
{
    int found = words_find(w, str_of(word));
    if (found >= 0 || w->count == w->max)
        return found;
    w->all[w->count] = xstrdup(word);
    return (int)w->count++;
}

int catalogue_add_source(struct catalogue *c, const char *name)
{
    return words_add(&c->sources, name);
}

int catalogue_add_tag(struct catalogue *c, const char *name)
{
    return words_add(&c->tags, name);
}

unsigned catalogue_source_count(const struct catalogue *c)
{
    return c->sources.count;
}

const char *catalogue_source(const struct catalogue *c, unsigned source)
{
    CHECK(source < c->sources.count);
    return c->sources.all[source];
}

int catalogue_find_source(const struct catalogue *c, struct str name)
{
    return words_find(&c->sources, name);
}

unsigned catalogue_tag_count(const struct catalogue *c)
{
    return c->tags.count;
}

const char *catalogue_tag(const struct catalogue *c, unsigned tag)
{
    CHECK(tag < c->tags.count);
    return c->tags.all[tag];
}

int catalogue_find_tag(const struct catalogue *c, struct str name)
{
    return words_find(&c->tags, name);
}

bool catalogue_has_categories(const struct catalogue *c)
{
    return c->categories;
}

unsigned catalogue_category_count(const struct catalogue *c)
{
    return c->category_count;
}

const struct category *catalogue_category(const struct catalogue *c, uint16_t category)
{
    CHECK(category >= 1 && category <= c->category_count);
    return &c->categories[category];
}

bool catalogue_contains(const struct catalogue *c, uint16_t wide, uint16_t narrow)
{
    return wide == CATEGORY_NONE || (narrow >= wide && narrow <= catalogue_category(c, wide)->last);
}

uint16_t catalogue_prefix(const struct catalogue *c, uint16_t category, unsigned segments)
{
    while (category != CATEGORY_NONE && c->categories[category].depth > segments)
        category = c->categories[category].parent;
    return category;
}

uint16_t catalogue_find_category(const struct catalogue *c, struct str path)
{
    uint32_t number = names_find(c->paths, path);
    return number == NAMES_NONE ? CATEGORY_NONE : (uint16_t)number;
}

const struct organisation *catalogue_find_organisation(const struct catalogue *c, struct str text)
{
    uint32_t number = names_find(c->aliases, text);
    return number == NAMES_NONE ? NULL : &c->organisations[number];
}

/* segments of letters, digits, '_', '-' and whatever is not ASCII */
static bool is_path(struct str path)
{
    bool after_dot = true;
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.at[i];
        if (c == '.' ? after_dot
                     : !(c >= 0x80 || c == '_' || c == '-' || (c >= '0' && c <= '9') ||
                         ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')))
            return false;
        after_dot = c == '.';
    }
    return !after_dot;
}

static int by_tree(const void *a, const void *b)
{
    const char *x = ((const struct category_text *)a)->path, *y = ((const struct category_text *)b)->path;
    while (*x && *x == *y)
        x++, y++;
    int p = *x == '.' ? 1 : (unsigned char)*x, q = *y == '.' ? 1 : (unsigned char)*y;
    return p - q;
}

/* the path's entry, added if there is none; `seen` is where each path stands in the list */
static struct category_text *list_entry(struct category_list *list, struct names *seen, struct str path)
{
    uint32_t at = names_add(seen, path, list->count);
    if (at < list->count)
        return &list->all[at];
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->all = xrealloc(list->all, list->capacity * sizeof *list->all);
    }
    list->all[list->count] = (struct category_text){.path = xstrndup(path.at, path.len)};
    return &list->all[list->count++];
}

static void read_category(struct category_list *list, struct names *seen, const struct csv *csv,
                          const struct csv_field *row, struct problems *problems)
{
    const struct csv_field *path = &row[0], *name = &row[1];
    if (!is_path(path->text)) {
        csv_problem(csv, path, problems, "expected a dotted path such as labour.wage_arrears");
        return;
    }
    for (size_t i = 1; i < path->text.len; i++)
        if (path->text.at[i] == '.')
            list_entry(list, seen, (struct str){path->text.at, i});
    struct category_text *category = list_entry(list, seen, path->text);
    if (category->name)
        csv_problem(csv, path, problems, "the category %s stands here twice", path->text.at);
    else
        category->name = xstrdup(name->text.len ? name->text.at : path->text.at);
}

static void number_categories(struct catalogue *c)
{
    struct category_text *texts = c->texts.all;
    if (c->texts.count)
        qsort(texts, c->texts.count, sizeof *texts, by_tree);
    c->category_count = c->texts.count < CATEGORIES_MAX ? c->texts.count : CATEGORIES_MAX;
    c->categories = xcalloc((size_t)c->category_count + 1, sizeof *c->categories);
    for (unsigned i = 1; i <= c->category_count; i++) {
        const char *path = texts[i - 1].path;
        size_t len = strlen(path);
        unsigned last = i;
        while (last < c->category_count && strncmp(texts[last].path, path, len) == 0 && texts[last].path[len] == '.')
            last++;
        /* ancestors have been numbered before */
        const char *dot = strrchr(path, '.');
        uint16_t parent = dot ? catalogue_find_category(c, (struct str){path, (size_t)(dot - path)}) : CATEGORY_NONE;
        uint8_t depth = parent == CATEGORY_NONE ? 1 : (uint8_t)(c->categories[parent].depth + 1);
        c->categories[i] = (struct category){path, texts[i - 1].name ? texts[i - 1].name : path, (uint16_t)last,
                                             parent, depth};
        names_add(c->paths, str_of(path), i);
    }
}

void catalogue_load_categories(struct catalogue *c, const char *path, struct problems *problems)
{
    static const struct csv_column columns[] = {{"path", true, NULL}, {"name", false, NULL}};
    CHECK(!c->categories);
    struct csv *csv = csv_load(path, columns, 2, problems);
    if (!csv)
        return;
    struct names *seen = names_create();
    for (size_t row = 0; row < csv_rows(csv); row++)
        read_category(&c->texts, seen, csv, csv_row(csv, row), problems);
    if (c->texts.count > CATEGORIES_MAX)
        problem_add(problems, path, 0, 0, "%u categories; at most %d", c->texts.count, CATEGORIES_MAX);
    number_categories(c);
    names_destroy(&seen);
    csv_close(&csv);
}

static void add_alias(struct catalogue *c, const struct csv_field *field, struct str alias, uint32_t number,
                      struct problems *problems)
{
    uint32_t other = names_add(c->aliases, alias, number);
    if (other != number)
        csv_problem(c->organisations_file, field, problems, "%.*s already is a code, name or alias of %s",
                    STR_ARG(alias), c->organisations[other].code);
}

void catalogue_load_organisations(struct catalogue *c, const char *path, struct problems *problems)
{
    static const struct csv_column columns[] = {{"code", true, NULL}, {"name", true, NULL}, {"aliases", false, NULL}};
    CHECK(!c->organisations_file);
    struct csv *csv = c->organisations_file = csv_load(path, columns, 3, problems);
    if (!csv)
        return;
    c->organisation_count = (unsigned)csv_rows(csv);
    c->organisations = xcalloc((size_t)c->organisation_count + 1, sizeof *c->organisations);
    for (uint32_t row = 0; row < c->organisation_count; row++) {
        const struct csv_field *field = csv_row(csv, row);
        c->organisations[row] = (struct organisation){field[0].text.at, field[1].text.at};
        for (unsigned i = 0; i < 2; i++) {
            if (field[i].text.len)
                add_alias(c, &field[i], field[i].text, row, problems);
            else
                csv_problem(csv, &field[i], problems, "an organisation without a %s", columns[i].name);
        }
        struct str list = field[2].text, alias;
        while (csv_next_item(&list, &alias))
            add_alias(c, &field[2], alias, row, problems);
    }
}
