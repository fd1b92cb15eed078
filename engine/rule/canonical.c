/* A rule as text that is equal for equal rules, whatever the order of words, the synonyms, the names of selections or
 * the catalogue's numbering of today.  Its hash decides whether a rule that was loaded again keeps its open alerts,
 * so a change that alters no result must not change it.  Texts are netstrings: no name can forge another field. */
#include "rule/rule_priv.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void put(FILE *out, const char *text)
{
    fprintf(out, "%zu:%s,", strlen(text), text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* consumes `words` */
static void put_sorted(FILE *out, const char *what, const char **words, unsigned count)
{
    qsort(words, count, sizeof *words, by_text);
    fprintf(out, " %s", what);
    for (unsigned i = 0; i < count; i++)
        if (i == 0 || strcmp(words[i], words[i - 1]) != 0)
            put(out, words[i]);
    free(words);
}

static void put_bits(FILE *out, const char *what, uint64_t bits, unsigned count, const struct catalogue *catalogue,
                     const char *(*word)(const struct catalogue *, unsigned))
{
    const char **words = xcalloc(count + 1, sizeof *words);
    unsigned named = 0;
    for (unsigned i = 0; i < count; i++)
        if (bits >> i & 1)
            words[named++] = word(catalogue, i);
    put_sorted(out, what, words, named);
}

static const char *kind_word(const struct catalogue *catalogue, unsigned kind)
{
    (void)catalogue;
    return event_kind_word((enum event_kind)kind);
}

static void put_selection(FILE *out, const struct selection *s, const struct catalogue *catalogue)
{
    if (s->sources != UINT64_MAX)
        put_bits(out, "source", s->sources, catalogue_source_count(catalogue), catalogue, catalogue_source);
    if (s->category_count) {
        const char **paths = xcalloc(s->category_count, sizeof *paths);
        for (unsigned i = 0; i < s->category_count; i++)
            paths[i] = catalogue_category(catalogue, s->category[i].first)->path;
        put_sorted(out, "category", paths, s->category_count);
    }
    put_bits(out, "kind", s->kinds, EVENT_KINDS, catalogue, kind_word);
    put_bits(out, "tag", s->tags_all, catalogue_tag_count(catalogue), catalogue, catalogue_tag);
    put_bits(out, "any_tag", s->tags_any, catalogue_tag_count(catalogue), catalogue, catalogue_tag);
}

static void put_levels(FILE *out, const struct rule *rule, const struct rule_context *context)
{
    static const char *const words[] = {[OP_ATOM] = "", [OP_AND] = " and", [OP_OR] = " or"};
    for (unsigned l = 1; l <= context->level_count; l++) {
        const struct expression *e = &rule->level[l];
        if (!e->count)
            continue;
        fputs("\nlevel ", out);
        put(out, context->level_names[l - 1]);
        for (unsigned i = 0; i < e->count; i++) {
            fputs(words[e->steps[i].op], out);
            if (e->steps[i].op != OP_ATOM)
                continue;
            const struct atom *atom = &rule->atoms[e->steps[i].atom];
            fputs(" (", out);
            put_selection(out, &rule->selections[atom->selection], context->catalogue);
            fprintf(out, " ).%s>=%" PRId64, measure_word(atom->measure), atom->threshold);
        }
    }
}

static char *text_of(const struct rule *rule, const struct rule_context *context,
                     void (*write)(FILE *, const struct rule *, const struct rule_context *))
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    CHECK(out);
    write(out, rule, context);
    CHECK(fclose(out) == 0);
    return text;
}

static void write_computed(FILE *out, const struct rule *rule, const struct rule_context *context)
{
    fputs("rule ", out);
    put(out, rule->id);
    fputs("\nper", out);
    for (unsigned i = 0; i < rule->per_count; i++)
        fprintf(out, " %s", subject_kind_word(rule->per[i]));
    fprintf(out, "\nwithin %d for %d after %d below %" PRId64 " raise %d", rule->within_s, rule->for_s,
            rule->clear_after_s, rule->clear_below, rule->raise_within_s);
    put_levels(out, rule, context);
    fputc('\n', out);
}

static void put_limits(FILE *out, const char *what, const int32_t *limits, const struct rule_context *context)
{
    for (unsigned l = 1; l <= context->level_count; l++)
        if (limits[l]) {
            fprintf(out, "\n%s ", what);
            put(out, context->level_names[l - 1]);
            fprintf(out, " %d", limits[l]);
        }
}

static void write_said(FILE *out, const struct rule *rule, const struct rule_context *context)
{
    fputs("title ", out);
    put(out, rule->title);
    fputs("\nversion ", out);
    put(out, rule->version);
    fputs("\nlead ", out);
    put(out, rule->lead);
    for (unsigned i = 0; i < rule->assist_count; i++) {
        fputs("\nassist ", out);
        put(out, rule->assist[i]);
    }
    for (unsigned i = 0; i < rule->selection_count; i++) {
        fputs("\nselection ", out);
        put(out, rule->selections[i].name);
    }
    put_limits(out, "sign", rule->sign_within_s, context);
    put_limits(out, "close", rule->close_within_s, context);
    fputc('\n', out);
}

void rule_canonical(const struct rule *rule, const struct rule_context *context, char **computed, char **said)
{
    *computed = text_of(rule, context, write_computed);
    *said = text_of(rule, context, write_said);
}
