/* Rules back into words, for those who ask why: what a term is, as its author writes it. */
#include "rule/rule.h"

#include "base/buffer.h"

void duration_write(int64_t seconds, struct buffer *out)
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    unsigned u = 0;
    /* the largest unit that needs no rest; 24h is said rather than 1d */
    while (u < 3 && (seconds % units[u].seconds != 0 || seconds / units[u].seconds < (u == 0 ? 2 : 1)))
        u++;
    buffer_printf(out, "%lld%s", (long long)(seconds / units[u].seconds), units[u].unit);
}

void span_write(struct span span, struct buffer *out)
{
    if (span.workdays)
        buffer_printf(out, "%u working day%s", span.workdays, span.workdays == 1 ? "" : "s");
    else
        duration_write(span.s, out);
}

static void write_counted(const struct rule *rule, unsigned selection, enum measure measure, struct buffer *out)
{
    buffer_printf(out, "%s", rule->selections[selection].name);
    if (measure != MEASURE_EVENTS)
        buffer_printf(out, ".%s", measure_word(measure));
}

static void write_inner(const struct rule_set *, const struct rule *, const struct expression *, struct buffer *);

void term_write(const struct rule_set *set, const struct rule *rule, const struct term *t, struct buffer *out)
{
    if (t->kind == TERM_MEASURE) {
        write_counted(rule, t->selection, t->measure, out);
        return;
    }
    buffer_printf(out, "%s(", term_kind_word(t->kind));
    if (t->kind == TERM_SILENT) {
        buffer_printf(out, "%s", catalogue_source(set->catalogue, t->source));
    } else if (t->kind == TERM_SCORE) {
        buffer_printf(out, "%s", rule->scores[t->score].model);
    } else if (t->kind == TERM_ADJACENT) {
        write_inner(set, rule, t->inner, out);
    } else {
        write_counted(rule, t->selection, t->measure, out);
        if (t->kind == TERM_SHARE || t->kind == TERM_BOTH) {
            buffer_printf(out, ", ");
            write_counted(rule, t->other, t->other_measure, out);
        } else if (t->kind == TERM_CHANGE) {
            buffer_printf(out, ", ");
            duration_write(rule->windows[t->earlier].lag_s, out);
        }
    }
    buffer_printf(out, ")");
}

/* of >= alone, in the order of its steps: enough to know it by */
static void write_inner(const struct rule_set *set, const struct rule *rule, const struct expression *e,
                        struct buffer *out)
{
    bool first = true;
    for (unsigned i = 0; i < e->count; i++) {
        if (e->steps[i].op != OP_ATOM) {
            buffer_printf(out, " %s", e->steps[i].op == OP_AND ? "and" : "or");
            continue;
        }
        const struct atom *atom = &rule->atoms[e->steps[i].atom];
        buffer_printf(out, first ? "" : ", ");
        term_write(set, rule, &rule->terms[atom->term], out);
        buffer_printf(out, " >= %lld", (long long)atom->threshold);
        first = false;
    }
}
