/* All rules, from the files of a folder to one set with its digest: the part of a generation that authors write.
 * All of it or nothing (law 5): a set in which one rule is wrong is no set. */
#include "rule/rule_priv.h"

#include "base/check.h"
#include "rule/calendar.h"
#include "rule/notify_rules.h"
#include "rule/routing.h"
#include "rule/texts.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { RULES_MAX = 4096 };

/* not the dot files that editors leave beside what they edit */
static int is_rule_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot &&
           (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void check_unique(const struct rule_set *set, const struct yaml_node *node, struct problems *problems)
{
    const struct rule *last = &set->rules[set->count - 1];
    for (unsigned i = 0; i + 1 < set->count; i++)
        if (last->id && last->id[0] && set->rules[i].id && strcmp(set->rules[i].id, last->id) == 0) {
            yaml_problem(node, problems, "a rule with the id %s stands in %s:%d already", last->id,
                         set->rules[i].file, set->rules[i].line);
            return;
        }
}

/* One for all rules: where an alert goes is asked of one table. */
static void read_routing(struct rule_set *set, const struct yaml_node *node, const struct rule_context *context,
                         struct problems *problems)
{
    if (!node)
        return;
    const char *name = yaml_text(node, "routing (派发表)", "", problems);
    if (!*name)
        yaml_problem(node, problems, "routing (派发表): expected the name of a CSV file");
    if (set->routing)
        yaml_problem(node, problems, "routing (派发表): another file of the rules names one already");
    if (!*name || set->routing)
        return;
    char *path = yaml_resolve(node->file, name);
    if (context->texts)
        rule_texts_note(context->texts, TEXT_RULES, path);
    set->routing = routing_load(path, text_place(context->places, path), context, problems);
    free(path);
}

/* likewise */
static void read_notify(struct rule_set *set, const struct yaml_node *node, const struct rule_context *context,
                        struct problems *problems)
{
    if (node && set->notify)
        yaml_problem(node, problems, "notify (通知): another file of the rules has it already");
    else if (node)
        set->notify = notify_rules_read(node, context, problems);
}

void rule_set_read(struct rule_set *set, const struct yaml_node *root, const struct rule_context *context,
                   struct problems *problems)
{
    if (!yaml_is_mapping(root, "a rule file", problems))
        return;
    rule_keys_only(root, IN_FILE, problems);
    const struct yaml_node *routing = rule_get(root, KEY_ROUTING, problems);
    const struct yaml_node *notify = rule_get(root, KEY_NOTIFY, problems);
    read_routing(set, routing, context, problems);
    read_notify(set, notify, context, problems);
    /* what is one for all rules may have a file to itself; a file of nothing is a slip */
    const struct yaml_node *list = routing || notify ? rule_get(root, KEY_RULES, problems)
                                                     : rule_need(root, KEY_RULES, problems);
    if (!list)
        return;
    if (list->kind != YAML_SEQUENCE) {
        yaml_problem(list, problems, "rules (规则): expected a list of rules, each beginning with `- id: ...`");
        return;
    }
    for (size_t i = 0; i < list->count && set->count < RULES_MAX; i++) {
        set->rules = xrealloc(set->rules, (set->count + 1) * sizeof *set->rules);
        set->rules[set->count] = (struct rule){0};
        rule_read(&set->rules[set->count++], list->items[i], context, problems);
        check_unique(set, list->items[i], problems);
    }
    if (set->count == RULES_MAX)
        yaml_problem(list, problems, "too many rules: fewer than %d in all", RULES_MAX);
}

static void read_file(struct rule_set *set, const char *path, const struct rule_context *context,
                      struct problems *problems)
{
    if (context->texts)
        rule_texts_note(context->texts, TEXT_RULES, path);
    struct yaml_file *file = yaml_read(path, problems);
    if (file)
        rule_set_read(set, yaml_root(file), context, problems);
    yaml_close(&file);
}

static void read_folder(struct rule_set *set, const char *path, const struct rule_context *context,
                        struct problems *problems)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_rule_file, by_name);
    if (count < 0) {
        problem_add(problems, path, 0, 0, "can't be read: %s", problem_word(problems, strerror(errno)));
        return;
    }
    for (int i = 0; i < count; i++) {
        char *file;
        size_t len = strlen(path);
        CHECK(asprintf(&file, "%s%s%s", path, len && path[len - 1] == '/' ? "" : "/", entries[i]->d_name) >= 0);
        read_file(set, file, context, problems);
        free(file);
        free(entries[i]);
    }
    free(entries);
}

static void seal(struct rule_set *set, const struct rule_context *context)
{
    crypto_hash_sha256_state state;
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    for (unsigned i = 0; i < set->count; i++) {
        char *computed, *said;
        rule_canonical(&set->rules[i], context, &computed, &said);
        crypto_hash_sha256_update(&state, (const unsigned char *)computed, strlen(computed));
        crypto_hash_sha256_update(&state, (const unsigned char *)said, strlen(said));
        free(computed);
        free(said);
    }
    uint64_t routing = routing_digest(set->routing);
    if (set->routing)
        crypto_hash_sha256_update(&state, (const unsigned char *)&routing, sizeof routing);
    uint64_t notify = notify_rules_digest(set->notify, set);
    if (set->notify)
        crypto_hash_sha256_update(&state, (const unsigned char *)&notify, sizeof notify);
    crypto_hash_sha256_final(&state, hash);
    size_t prefix = strlen("sha256:");
    memcpy(set->digest, "sha256:", prefix);
    sodium_bin2hex(set->digest + prefix, sizeof set->digest - prefix, hash, sizeof hash);
}

struct rule_set *rule_set_load(const char *path, const struct rule_context *given, struct problems *problems)
{
    size_t before = problems->count;
    struct stat about;
    struct rule_set *set = xcalloc(1, sizeof *set);
    struct rule_context with_calendar = *given, *context = &with_calendar;
    if (given->calendar_path && given->texts)
        rule_texts_note(given->texts, TEXT_CALENDAR, given->calendar_path);
    if (given->calendar_path)
        context->calendar = set->calendar = calendar_load(given->calendar_path, problems);
    set->utc_offset_s = context->utc_offset_s;
    set->catalogue = context->catalogue;
    set->level_count = context->level_count;
    for (unsigned l = 0; l < context->level_count; l++)
        set->level_name[l + 1] = xstrdup(context->level_names[l]);
    if (stat(path, &about) != 0)
        problem_add(problems, path, 0, 0, "can't be read: %s", problem_word(problems, strerror(errno)));
    else if (S_ISDIR(about.st_mode))
        read_folder(set, path, context, problems);
    else
        read_file(set, path, context, problems);
    if (set->notify)
        notify_rules_link(set->notify, set, problems);
    if (set->notify && problems->count == before)
        notify_rules_check(set->notify, set, problems);
    if (problems->count == before && set->count == 0)
        problem_add(problems, path, 0, 0, "no rule here: expected *.yaml, *.yml or *.json with `rules:`");
    if (problems->count == before)
        seal(set, context);
    else
        rule_set_destroy(&set);
    return set;
}
