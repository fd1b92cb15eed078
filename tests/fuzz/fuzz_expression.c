/* Any text as a condition of a rule that has every kind of selection.  What gets through keeps its bounds, can be said
 * in words again, and is monotone where all its comparisons are >=.  Run from the project's root. */
#include "fuzz_world.h"

#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "{a: {}, b: {source: hotline, after: a}, c: {kind: reading}, 甲: {unless: a}, 乙: {overdue: true}}";

/* what YAML's reader lets through is UTF-8 without NUL */
static bool is_text(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size;) {
        unsigned more = at[i] < 0x80 ? 0 : at[i] >> 5 == 6 ? 1 : at[i] >> 4 == 14 ? 2 : at[i] >> 3 == 30 ? 3 : 4;
        if (at[i++] == 0 || more > 3)
            return false;
        for (; more > 0; more--, i++)
            if (i == size || at[i] >> 6 != 2)
                return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!is_text(data, size))
        return 0;
    const struct rule_context *context = fuzz_context();
    struct problems problems = {0};
    struct yaml_file *let = yaml_parse("let", (struct str){text, sizeof text - 1}, &problems);
    char *condition = xstrndup((const char *)data, size);
    struct yaml_node node = {.kind = YAML_SCALAR, .literal = true, .line = 1, .col = 1, .file = let};
    node.text = str_of(condition);
    struct rule_set *set = xcalloc(1, sizeof *set);
    set->rules = xcalloc(1, sizeof *set->rules);
    set->count = 1;
    set->catalogue = context->catalogue;
    struct rule *rule = set->rules;
    rule->within_s = 3600;
    rule->per[rule->per_count++] = SUBJECT_GRID;
    rule->windows[rule->window_count++] = (struct window){{3600, 0}, 0};
    rule_read_selections(rule, yaml_root(let), context, &problems);
    rule->let_count = rule->selection_count;
    CHECK(problems.count == 0);
    struct expression e = {0};
    rule_read_expression(rule, &node, &e, context, &problems);
    if (problems.count == 0) {
        CHECK(e.count > 0 && rule->term_count > 0);
        fuzz_check_monotone(rule, &e);
        for (unsigned t = 0; t < rule->term_count; t++) {
            struct buffer words = {0};
            term_write(set, rule, &rule->terms[t], &words);
            CHECK(words.len > 0);
            buffer_free(&words);
        }
    }
    free(condition);
    yaml_close(&let);
    problems_clear(&problems);
    rule_set_destroy(&set);
    return 0;
}
