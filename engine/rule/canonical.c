/* A rule as text that is equal for equal rules, whatever the order of words, the synonyms, the names of selections or
 * the catalogue's numbering of today.  Its hash decides whether a rule that was loaded again keeps its open alerts,
 * so a change that alters no result must not change it.  Texts are netstrings: no name can forge another field. */
#include "rule/rule_priv.h"

#include "base/check.h"
#include "rule/calendar.h"

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

/* what they cover together, in whatever order and pieces it was said */
static void put_hours(FILE *out, const struct selection *s)
{
    enum { DAY_MINUTES = 1440 };
    unsigned first = 0, covered = 0;
    for (unsigned minute = 0; minute < DAY_MINUTES; minute++)
        covered += selection_takes_minute(s, minute);
    if (s->hours_count && covered == DAY_MINUTES)
        fprintf(out, " hours 0-%u", (unsigned)DAY_MINUTES);
    for (; covered < DAY_MINUTES && first < DAY_MINUTES; first++) {
        unsigned end = first;
        if (!selection_takes_minute(s, first) || selection_takes_minute(s, (first + DAY_MINUTES - 1) % DAY_MINUTES))
            continue;
        while (selection_takes_minute(s, end % DAY_MINUTES))
            end++;
        fprintf(out, " hours %u-%u", first, end == DAY_MINUTES ? end : end % DAY_MINUTES);
    }
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
    put_hours(out, s);
    if (s->days)
        fprintf(out, " days %u", s->days);
    if (s->overdue)
        fputs(" overdue", out);
}

static void put_selection_with_others(FILE *out, const struct rule *rule, unsigned number,
                                      const struct catalogue *catalogue)
{
    const struct selection *s = &rule->selections[number];
    fputs(" (", out);
    put_selection(out, s, catalogue);
    if (s->after != SELECTION_NONE) {
        fputs(" after (", out);
        put_selection(out, &rule->selections[s->after], catalogue);
        fputs(" )", out);
    }
    if (s->unless != SELECTION_NONE) {
        fputs(" unless (", out);
        put_selection(out, &rule->selections[s->unless], catalogue);
        fputs(" )", out);
    }
    fputs(" )", out);
}

static void put_expression(FILE *, const struct rule *, const struct expression *, const struct rule_context *);

static void put_score(FILE *, const struct rule *, const struct score *, const struct rule_context *);

static void put_span(FILE *out, struct span span)
{
    if (span.workdays)
        fprintf(out, "%u workdays", span.workdays);
    else
        fprintf(out, "%d", span.s);
}

static void put_window(FILE *out, const struct rule *rule, unsigned window)
{
    if (!window)
        return;
    fputs(" in ", out);
    put_span(out, rule->windows[window].within);
    fprintf(out, " lag %d", rule->windows[window].lag_s);
}

static void put_term(FILE *out, const struct rule *rule, const struct term *term, const struct rule_context *context)
{
    fprintf(out, " %s", term_kind_word(term->kind));
    switch (term->kind) {
    case TERM_SILENT:
        put(out, catalogue_source(context->catalogue, term->source));
        return;
    case TERM_SCORE:
        put_score(out, rule, &rule->scores[term->score], context);
        return;
    case TERM_ADJACENT:
        put_expression(out, rule, term->inner, context);
        return;
    case TERM_MEASURE:
    case TERM_CHANGE:
    case TERM_SHARE:
    case TERM_BOTH:
    case TERM_ANOMALY:
    case TERM_KINDS:
        break;
    }
    put_selection_with_others(out, rule, term->selection, context->catalogue);
    fprintf(out, ".%s", measure_word(term->measure));
    put_window(out, rule, term->window);
    if (term->kind == TERM_SHARE || term->kind == TERM_BOTH) {
        put_selection_with_others(out, rule, term->other, context->catalogue);
        fprintf(out, ".%s", measure_word(term->other_measure));
    }
    if (term->kind == TERM_CHANGE)
        put_window(out, rule, term->earlier);
}

static void put_score(FILE *out, const struct rule *rule, const struct score *score,
                      const struct rule_context *context)
{
    put(out, score->model);
    put(out, score->version);
    fprintf(out, " base %d", score->base);
    for (unsigned f = 0; f < score->feature_count; f++) {
        const struct feature *feature = &score->features[f];
        put_term(out, rule, &rule->terms[feature->term], context);
        for (unsigned b = 0; b < feature->bin_count; b++)
            fprintf(out, " %" PRId64 ":%d", feature->bins[b].below, feature->bins[b].points);
        fprintf(out, " none:%d", feature->none);
    }
}

static void put_expression(FILE *out, const struct rule *rule, const struct expression *e,
                           const struct rule_context *context)
{
    static const char *const words[] = {[OP_ATOM] = "", [OP_AND] = " and", [OP_OR] = " or"};
    for (unsigned i = 0; i < e->count; i++) {
        fputs(words[e->steps[i].op], out);
        if (e->steps[i].op != OP_ATOM)
            continue;
        const struct atom *atom = &rule->atoms[e->steps[i].atom];
        put_term(out, rule, &rule->terms[atom->term], context);
        fprintf(out, "%s%" PRId64 "%s", atom->at_most ? "<=" : ">=", atom->threshold, atom->fixed ? " fixed" : "");
        for (unsigned o = 0; o < rule->override_count; o++)
            if (rule->overrides[o].atom == e->steps[i].atom && context->registry) {
                fputs(" at", out);
                put(out, registry_region(context->registry, rule->overrides[o].region)->code);
                fprintf(out, "%" PRId64, rule->overrides[o].threshold);
            }
    }
}

static void put_levels(FILE *out, const struct rule *rule, const struct rule_context *context)
{
    for (unsigned l = 1; l <= context->level_count; l++) {
        if (!rule->level[l].count)
            continue;
        fputs("\nlevel ", out);
        put(out, context->level_names[l - 1]);
        put_expression(out, rule, &rule->level[l], context);
    }
    if (rule->clear_when.count) {
        fputs("\nwhen", out);
        put_expression(out, rule, &rule->clear_when, context);
    }
}

static void put_circumstances(FILE *out, const struct rule *rule, const struct rule_context *context)
{
    fprintf(out, "\neach %u life %d valid %" PRId64 " %" PRId64, rule->each, (int)rule->life, rule->valid_from,
            rule->valid_to);
    for (unsigned i = 0; i < rule->during_count; i++)
        fprintf(out, " during %" PRIu32 " %d", rule->during[i].periods, rule->during[i].multiplier);
    bool dated = rule->during_count > 0;
    for (unsigned i = 0; i < rule->selection_count; i++)
        dated |= (rule->selections[i].days & (DAYS_WORKDAY | DAYS_HOLIDAY)) != 0;
    for (unsigned i = 0; i < rule->window_count; i++)
        dated |= rule->windows[i].within.workdays > 0;
    if (dated)
        fprintf(out, " calendar %016" PRIx64, calendar_digest(context->calendar));
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
    fputs("\nwithin ", out);
    put_span(out, rule->windows[0].within);
    fprintf(out, " for %d after %d below %" PRId64 " raise %d", rule->for_s, rule->clear_after_s, rule->clear_below,
            rule->raise_within_s);
    put_levels(out, rule, context);
    put_circumstances(out, rule, context);
    fputc('\n', out);
}

static void put_limits(FILE *out, const char *what, const struct span *limits, const struct rule_context *context)
{
    for (unsigned l = 1; l <= context->level_count; l++)
        if (limits[l].s) {
            fprintf(out, "\n%s ", what);
            put(out, context->level_names[l - 1]);
            fputc(' ', out);
            put_span(out, limits[l]);
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
    put_limits(out, "sign", rule->sign_within, context);
    put_limits(out, "close", rule->close_within, context);
    fputc('\n', out);
}

void rule_canonical(const struct rule *rule, const struct rule_context *context, char **computed, char **said)
{
    *computed = text_of(rule, context, write_computed);
    *said = text_of(rule, context, write_said);
}
