/* Reads the calendar.  Rows may stand in any order: they are first read and checked each by itself, then laid on the
 * days, where it shows whether two of them contradict. */
#include "rule/calendar_priv.h"

#include "base/check.h"
#include "base/civil.h"
#include "registry/csv.h"

#include <stdlib.h>
#include <time.h>

enum column { FROM, TO, KIND, NAME, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
    [FROM] = {"from", true, "起"},
    [TO] = {"to", false, "止"},
    [KIND] = {"kind", true, "类型"},
    [NAME] = {"name", false, "名称"},
};

enum kind { HOLIDAY, WORKDAY, PERIOD, KINDS };

static const char *const kind_words[2 * KINDS] = {N_("holiday"), N_("workday"), "period", "休息日", "上班日", "时期"};

struct span {
    int64_t from, to;
    enum kind kind;
    const struct csv_field *row;
};

struct loader {
    struct csv *csv;
    struct problems *problems;
    struct span *spans; /* of the rows without a mistake */
    size_t count;
    struct calendar *calendar;
    int *said; /* by which line each day is free or worked */
};

static bool read_kind(struct loader *l, const struct csv_field *field, enum kind *kind)
{
    for (unsigned i = 0; i < 2 * KINDS; i++)
        if (str_eq(field->text, str_of(kind_words[i]))) {
            *kind = (enum kind)(i % KINDS);
            return true;
        }
    const char *near = nearest_word(field->text.at, kind_words, 2 * KINDS);
    if (near)
        csv_problem(l->csv, field, l->problems, "unknown kind %s; did you mean %s?", field->text.at, near);
    else
        csv_problem(l->csv, field, l->problems,
                    "unknown kind %s; expected holiday (休息日), workday (上班日) or period (时期)", field->text.at);
    return false;
}

static bool read_dates(struct loader *l, const struct csv_field *row, struct span *span)
{
    const struct csv_field *to = row[TO].text.len ? &row[TO] : &row[FROM];
    bool from_good = date_parse(row[FROM].text.at, &span->from), to_good = date_parse(to->text.at, &span->to);
    if (!from_good)
        csv_problem(l->csv, &row[FROM], l->problems, DATE_FORMS);
    if (!to_good && to != &row[FROM])
        csv_problem(l->csv, to, l->problems, DATE_FORMS);
    if (from_good && to_good && span->to < span->from)
        csv_problem(l->csv, to, l->problems, "%s is before %s", to->text.at, row[FROM].text.at);
    return from_good && to_good && span->to >= span->from;
}

/* kept sorted, since their order numbers them */
static bool add_period(struct loader *l, const struct csv_field *name)
{
    struct calendar *c = l->calendar;
    if (calendar_find_period(c, name->text) >= 0)
        return true;
    if (name->text.len == 0 || c->period_count == CALENDAR_PERIODS_MAX) {
        csv_problem(l->csv, name, l->problems,
                    name->text.len ? "too many periods: at most %d" : "a period without a name", CALENDAR_PERIODS_MAX);
        return false;
    }
    unsigned at = c->period_count++;
    for (; at > 0 && strcmp(c->period_name[at - 1], name->text.at) > 0; at--)
        c->period_name[at] = c->period_name[at - 1];
    c->period_name[at] = xstrdup(name->text.at);
    return true;
}

static bool check_length(struct loader *l, const struct span *span)
{
    if (span->to - span->from < 366)
        return true;
    csv_problem(l->csv, &span->row[TO], l->problems, "a %s of more than a year: is the year right?",
                problem_word(l->problems, kind_words[span->kind]));
    return false;
}

static void read_row(struct loader *l, const struct csv_field *row)
{
    struct span *span = &l->spans[l->count];
    span->row = row;
    bool dates = read_dates(l, row, span);
    if (read_kind(l, &row[KIND], &span->kind) &&
        (span->kind == PERIOD ? add_period(l, &row[NAME]) : dates && check_length(l, span)) && dates)
        l->count++;
}

/* the dates that the file names */
static void span_days(struct loader *l)
{
    struct calendar *c = l->calendar;
    for (size_t i = 0; i < l->count; i++) {
        const struct span *s = &l->spans[i];
        c->first = c->first == c->end || s->from < c->first ? s->from : c->first;
        c->end = s->to + 1 > c->end ? s->to + 1 : c->end;
    }
    size_t count = (size_t)(c->end - c->first);
    c->days = xcalloc(count + 1, sizeof *c->days);
    l->said = xcalloc(count + 1, sizeof *l->said);
}

static void contradiction(struct loader *l, const struct span *s, int64_t day)
{
    char date[16];
    struct tm tm;
    time_t seconds = day * CIVIL_DAY_S;
    strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&seconds, &tm));
    csv_problem(l->csv, &s->row[FROM], l->problems, "%s is a %s here, but a %s in line %d", date,
                problem_word(l->problems, kind_words[s->kind]),
                problem_word(l->problems, kind_words[s->kind == HOLIDAY ? WORKDAY : HOLIDAY]),
                l->said[day - l->calendar->first]);
}

static void lay_kind(struct loader *l, const struct span *s)
{
    struct calendar *c = l->calendar;
    enum day_kind kind = s->kind == HOLIDAY ? DAY_HOLIDAY : DAY_WORKDAY;
    bool contradicts = false;
    for (int64_t day = s->from; day <= s->to; day++) {
        struct calendar_day *d = &c->days[day - c->first];
        if (d->kind != DAY_PLAIN && d->kind != kind && !contradicts) {
            contradiction(l, s, day);
            contradicts = true;
        }
        d->kind = kind;
        l->said[day - c->first] = s->row[FROM].line;
    }
    for (int year = calendar_year(s->from); year <= calendar_year(s->to); year++)
        c->covered[year - DATE_YEAR_FIRST] = true;
}

static void lay_period(struct loader *l, const struct span *s)
{
    struct calendar *c = l->calendar;
    uint32_t bit = UINT32_C(1) << calendar_find_period(c, s->row[NAME].text);
    for (int64_t day = s->from; day <= s->to; day++)
        c->days[day - c->first].periods |= bit;
}

static void find_changes(struct calendar *c)
{
    int64_t next = INT64_MAX;
    uint32_t after = 0;
    for (int64_t day = c->end; day-- > c->first;) {
        struct calendar_day *d = &c->days[day - c->first];
        next = d->periods != after ? day + 1 : next;
        after = d->periods;
        d->next = next;
    }
}

static void lay_rows(struct loader *l)
{
    span_days(l);
    for (size_t i = 0; i < l->count; i++)
        (l->spans[i].kind == PERIOD ? lay_period : lay_kind)(l, &l->spans[i]);
    find_changes(l->calendar);
    free(l->said);
}

struct calendar *calendar_load(const char *path, struct problems *problems)
{
    size_t before = problems->count;
    struct csv *csv = csv_load(path, columns, COLUMNS, problems);
    if (!csv)
        return NULL;
    struct loader l = {.csv = csv, .problems = problems, .calendar = xcalloc(1, sizeof *l.calendar)};
    l.spans = xcalloc(csv_rows(csv) + 1, sizeof *l.spans);
    for (size_t row = 0; row < csv_rows(csv); row++)
        read_row(&l, csv_row(csv, row));
    lay_rows(&l);
    if (problems->count != before)
        calendar_destroy(&l.calendar);
    free(l.spans);
    csv_close(&csv);
    return l.calendar;
}
