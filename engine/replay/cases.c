#include "replay/cases_priv.h"

#include "base/check.h"
#include "replay/moment.h"

#include <stdlib.h>
#include <unistd.h>

#define DAY_DEFAULT "2026-01-12" /* a Monday, and a working day */

const char *case_keep(struct case_file *file, char *text)
{
    if (file->owned_count % 64 == 0)
        file->owned = xrealloc(file->owned, (file->owned_count + 64) * sizeof *file->owned);
    return file->owned[file->owned_count++] = text;
}

static void read_case(struct case_reader *r, const struct yaml_node *node, struct rule_case *c)
{
    struct problems *problems = r->problems;
    *c = (struct rule_case){.name = "", .line = node->line};
    if (!yaml_is_mapping(node, "a test", problems))
        return;
    case_keys_only(node, IN_CASE, problems);
    c->name = yaml_text(case_need(node, CASE_KEY_NAME, problems), "name", "", problems);
    const struct yaml_node *day = case_get(node, CASE_KEY_DAY, problems), *rule = case_get(node, CASE_KEY_RULE, problems);
    const char *text = yaml_text(day, "day", DAY_DEFAULT, problems);
    if (!moment_read(str_of(text), r->file->config->utc_offset_s, &r->day_s) || strlen(text) != strlen(DAY_DEFAULT))
        yaml_problem(day, problems, "day (日期): expected a date such as %s", DAY_DEFAULT);
    if (rule)
        c->rule = case_rule(r, rule);
    const struct yaml_node *events = case_need(node, CASE_KEY_EVENTS, problems);
    const struct yaml_node *expect = case_get(node, CASE_KEY_EXPECT, problems);
    const struct yaml_node *moments = case_get(node, CASE_KEY_EXPECT_AT, problems);
    if (events)
        case_read_events(r, events, c);
    if (expect)
        case_read_expectation(r, expect, CASE_ANY_TIME, c);
    if (moments)
        case_read_moments(r, moments, c);
    if (!expect && !moments)
        yaml_problem(node, problems, "a test expects something: expect (应报), [] for no alert, or expect_at (届时应报)");
}

static void load_rules(struct case_reader *r, const struct yaml_node *node, const char *path)
{
    const struct rule_context context = config_rule_context(r->file->config);
    if (r->file->set_count == CASE_RULE_SETS_MAX) {
        yaml_problem(node, r->problems, "rules (规则): %d paths at most", CASE_RULE_SETS_MAX);
        return;
    }
    struct rule_set *set = rule_set_load(path, &context, r->problems);
    if (set)
        r->file->sets[r->file->set_count++] = set;
}

static void read_rules(struct case_reader *r, const struct yaml_node *node)
{
    if (!node) {
        load_rules(r, yaml_root(r->file->yaml), r->file->config->rules_path);
        return;
    }
    size_t count = node->kind == YAML_SEQUENCE ? node->count : 1;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *one = node->kind == YAML_SEQUENCE ? node->items[i] : node;
        const char *path = yaml_text(one, "rules", NULL, r->problems);
        if (path)
            load_rules(r, one, case_keep(r->file, yaml_resolve(one->file, path)));
    }
}

/* gridwarn.yaml in the file's folder or in one above it; free().  NULL: there is none. */
static char *find_config(const char *path)
{
    char *folder = realpath(path, NULL), *slash, *found = NULL;
    while (folder && !found && (slash = strrchr(folder, '/'))) {
        *slash = '\0';
        CHECK(asprintf(&found, "%s/gridwarn.yaml", folder) >= 0);
        if (access(found, R_OK) != 0) {
            free(found);
            found = NULL;
        }
    }
    free(folder);
    return found;
}

static const struct config *configure(struct case_reader *r, const char *config, case_configuration *give, void *arg)
{
    const struct yaml_node *root = yaml_root(r->file->yaml), *node = case_get(root, CASE_KEY_CONFIG, r->problems);
    const char *named = yaml_text(node, "config", NULL, r->problems);
    char *path = named ? yaml_resolve(r->file->yaml, named) : config ? xstrdup(config) : find_config(r->file->path);
    if (!path) {
        yaml_problem(root, r->problems, "config (配置) is missing: the configuration that says what regions, categories and "
                                        "sources there are; or give it with -c");
        return NULL;
    }
    const struct config *given = give(arg, path, r->problems);
    free(path);
    return given;
}

static void read_file(struct case_reader *r, const char *config, case_configuration *give, void *arg)
{
    const struct yaml_node *root = yaml_root(r->file->yaml);
    if (!yaml_is_mapping(root, "a file of rule tests", r->problems))
        return;
    case_keys_only(root, IN_CASE_FILE, r->problems);
    const struct yaml_node *tests = case_need(root, CASE_KEY_TESTS, r->problems);
    r->file->config = configure(r, config, give, arg);
    if (!r->file->config || !r->file->config->registry)
        return;
    read_rules(r, case_get(root, CASE_KEY_RULES, r->problems));
    if (!tests || r->file->set_count == 0)
        return;
    if (tests->kind != YAML_SEQUENCE || tests->count == 0) {
        yaml_problem(tests, r->problems, "tests (测试): expected a list, each beginning with `- name: ...`");
        return;
    }
    r->file->cases = xcalloc(tests->count, sizeof *r->file->cases);
    r->file->count = tests->count;
    for (size_t i = 0; i < tests->count; i++)
        read_case(r, tests->items[i], &r->file->cases[i]);
}

struct case_file *cases_read(const char *path, const char *config, case_configuration *give, void *arg,
                             struct problems *problems)
{
    size_t before = problems->count;
    struct yaml_file *yaml = yaml_read(path, problems);
    if (!yaml)
        return NULL;
    struct case_file *file = xcalloc(1, sizeof *file);
    file->path = path;
    file->yaml = yaml;
    read_file(&(struct case_reader){.file = file, .problems = problems}, config, give, arg);
    if (problems->count != before)
        cases_destroy(&file);
    return file;
}

void cases_destroy(struct case_file **pointer)
{
    struct case_file *file = *pointer;
    *pointer = NULL;
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++) {
        for (size_t k = 0; k < file->cases[i].expectation_count; k++)
            free(file->cases[i].expectations[k].alerts);
        free(file->cases[i].expectations);
        free(file->cases[i].events);
    }
    for (unsigned s = 0; s < file->set_count; s++)
        rule_set_destroy(&file->sets[s]);
    for (size_t i = 0; i < file->owned_count; i++)
        free(file->owned[i]);
    free(file->owned);
    free(file->cases);
    yaml_close(&file->yaml);
    free(file);
}
