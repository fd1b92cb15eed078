/* Rules as the engine runs them: compiled from the authors' files, immutable, part of one generation. */
#ifndef GW_RULE_RULE_H
#define GW_RULE_RULE_H

#include "base/problem.h"
#include "decode/event.h"
#include "decode/offer.h"
#include "registry/catalogue.h"
#include "registry/registry.h"

#include <stdbool.h>
#include <stdint.h>

/* word after the selection's name; a bare name counts events */
#define MEASURE_TABLE(X)                                                                                             \
    X(EVENTS, "events", "件数")                                                                                      \
    X(CALLERS, "callers", "人数")       /* distinct actors */                                                        \
    X(INVOLVED, "involved", "涉及人数") /* sum over matters of each matter's largest figure */                       \
    X(REGIONS, "regions", "网格数")     /* distinct grids */                                                         \
    X(SOURCES, "sources", "来源数")                                                                                  \
    X(SUM, "sum", "合计")               /* of values, thousandths */                                                 \
    X(MAX, "max", "最大")               /* of values, thousandths */                                                 \
    X(AVG, "avg", "平均")               /* of values, thousandths */

struct rule_set;

enum measure {
#define X(name, english, chinese) MEASURE_##name,
    MEASURE_TABLE(X)
#undef X
        MEASURES
};

const char *measure_word(enum measure);
const char *measure_word_zh(enum measure);

/* Levels are configured, lowest first; level 0 is none, 1 the lowest. */
enum {
    LEVELS_MAX = 8,
    SELECTIONS_MAX = 32,
    WINDOWS_MAX = 16,
    TERMS_MAX = 64,
    ATOMS_MAX = 64,
    EXPRESSION_MAX = 64,
    PER_MAX = 4,
    HOURS_MAX = 4,
    ASSIST_MAX = 16, /* units that one alert asks to assist */
    ANOMALY_WEEKS = 4, /* of the past, that anomaly() compares with */
    DURING_MAX = 5 /* multipliers are multiplied exactly: five of 100, and the largest threshold, fit into 128 bits */
};

/* a prefix of categories, as numbers */
struct category_range {
    uint16_t first, last;
};

/* local minutes of the day; first > end: over midnight */
struct hours {
    uint16_t first, end;
};

enum { SELECTION_NONE = 0xff, DAYS_WORKDAY = 1 << 7, DAYS_HOLIDAY = 1 << 8 }; /* bits 0..6 of days: Monday..Sunday */

/* What an event must be to be selected. */
struct selection {
    const char *name;
    uint64_t sources;                /* bits; all ones where the author names none */
    struct category_range *category; /* NULL: any */
    unsigned category_count;
    uint32_t kinds;    /* bits of enum event_kind; default created, called_again, reading */
    uint32_t tags_all; /* each of these */
    uint32_t tags_any; /* one of these, if any is named */
    struct hours hours[HOURS_MAX]; /* one of these, if any is named */
    uint8_t hours_count;
    uint16_t days; /* one of these, if any is named */
    /* what else happened to the event's matter before it; the selections' numbers, SELECTION_NONE: not asked */
    uint8_t after, unless;
    bool overdue;
};

bool selection_covers(const struct selection *, unsigned source, uint16_t category); /* kinds, tags and times aside */
/* did it happen at a time of the day, and on a day, that the selection takes? */
/* does it take events of that minute of the day, 0 to 1439, by its `hours`? */
bool selection_takes_minute(const struct selection *, unsigned minute);
bool selection_takes_time(const struct selection *, const struct rule_set *, int64_t occurred_at);
/* is it asked what else happened to the matter? */
static inline bool selection_asks_matter(const struct selection *s)
{
    return s->after != SELECTION_NONE || s->unless != SELECTION_NONE || s->overdue;
}

/* So many seconds; where `workdays` is not 0, so many working days, which last `s` at most, wherever they lie. */
struct span {
    int32_t s;
    uint16_t workdays;
};

/* The last second that lies a whole span before another, and the first that lies one after it: s > span_before(t) where
 * span_after(s) > t, and nowhere else. */
int64_t span_before(const struct rule_set *, struct span, int64_t second);
int64_t span_after(const struct rule_set *, struct span, int64_t second);

/* from a span before T - lag, without that second, to T - lag */
struct window {
    struct span within;
    int32_t lag_s;
};

#define TERM_TABLE(X)                                                                                                \
    X(MEASURE, "", "")                                                                                               \
    X(CHANGE, "change", "变化")     /* against an earlier window; thousandths */                                     \
    X(SHARE, "share", "占比")       /* of another selection; thousandths */                                          \
    X(BOTH, "both", "共同")         /* distinct callers seen in both */                                              \
    X(ADJACENT, "adjacent", "邻近") /* regions, of the subject's and its neighbours, on which `inner` holds */       \
    X(ANOMALY, "anomaly", "异常")   /* -log10 of the chance of so many, after the last four weeks; thousandths */    \
    X(SILENT, "silent", "断流")     /* 1 while the source is silent */                                               \
    X(SCORE, "score", "评分")       /* points of a model */

enum term_kind {
#define X(name, english, chinese) TERM_##name,
    TERM_TABLE(X)
#undef X
        TERM_KINDS
};

const char *term_kind_word(enum term_kind);

/* Something that has a value on a subject at a minute: what conditions compare. */
struct term {
    enum term_kind kind;
    uint8_t selection;        /* MEASURE, CHANGE, SHARE, BOTH, ANOMALY */
    enum measure measure;
    uint8_t other;            /* SHARE, BOTH: selection */
    enum measure other_measure;
    uint8_t window;           /* number in the rule; 0 is the rule's own */
    uint8_t earlier;          /* CHANGE: window; ANOMALY: the first of four */
    uint8_t source;           /* SILENT */
    uint8_t score;            /* SCORE: number in the rule */
    struct expression *inner; /* ADJACENT */
};

/* one in a term's values: 1, or 1000 where they are thousandths */
int64_t term_unit(const struct term *);
bool measure_of_values(enum measure);
int64_t measure_scale(enum measure); /* of what is measured by itself */

struct buffer;
struct rule;
/* as an author writes it: wages.callers, change(calls, 7d) */
void term_write(const struct rule_set *, const struct rule *, const struct term *, struct buffer *out);
/* 24h, 90m, 35d */
void duration_write(int64_t seconds, struct buffer *out);
/* the same, or 5 working days */
void span_write(struct span, struct buffer *out);

/* what has no value: no comparison with it holds */
#define VALUE_NONE INT64_MIN

/* term >= threshold, or term <= threshold (`> n` is stored as `>= n + 1` unit) */
struct atom {
    uint8_t term;
    bool at_most;
    bool more; /* the author wrote >: a threshold that replaces his is to be exceeded, too */
    /* more facts can make it true and never false, so it may be believed before the minute is closed */
    bool monotone;
    bool fixed; /* of adjacent(), = or !=: its threshold is the same everywhere and always */
    int64_t threshold; /* in the term's units */
};

/* postfix */
enum op { OP_ATOM, OP_AND, OP_OR };
struct step {
    enum op op;
    uint8_t atom;
};
struct expression {
    struct step steps[EXPRESSION_MAX];
    unsigned count; /* 0: never true */
};

/* a threshold of its own on a region and what lies below it */
struct rule_override {
    uint32_t region;
    uint8_t atom; /* of one level alone */
    int64_t threshold;
    int line; /* of the table */
};

/* points by the value of a term */
struct feature {
    const char *name;
    uint8_t term;
    struct bin {
        int64_t below; /* of the term's units; the last bin has INT64_MAX */
        int32_t points;
    } *bins;
    unsigned bin_count;
    int32_t none; /* points where there is no value */
};

enum { FEATURES_MAX = 32 }; /* of a scorecard */

int32_t feature_points(const struct feature *, int64_t value);

/* A scorecard, compiled into the rule that asks for it. */
struct score {
    const char *model, *version;
    int32_t base;
    struct feature *features;
    unsigned feature_count;
};

int64_t score_points(const struct score *, const int64_t *values); /* of the rule's terms */

enum subject_kind {
    SUBJECT_NONE,
    SUBJECT_DISTRICT = REGION_DISTRICT,
    SUBJECT_STREET = REGION_STREET,
    SUBJECT_COMMUNITY = REGION_COMMUNITY,
    SUBJECT_GRID = REGION_GRID,
    SUBJECT_MICRO_GRID = REGION_MICRO_GRID,
    SUBJECT_RESPONDENT,
    SUBJECT_MATTER,
};

const char *subject_kind_word(enum subject_kind); /* "grid", "respondent", ... */

struct rule {
    const char *id, *title;
    const char *version; /* the author's, or "" */
    uint64_t digest;     /* of everything that changes what it computes */
    struct selection *selections;
    unsigned selection_count, let_count; /* the first let_count are of `let`, further ones of models */
    struct window windows[WINDOWS_MAX]; /* [0]: the rule's */
    unsigned window_count;
    struct term terms[TERMS_MAX];
    unsigned term_count;
    struct atom atoms[ATOMS_MAX];
    unsigned atom_count;
    struct score *scores;
    unsigned score_count;
    struct expression level[LEVELS_MAX + 1]; /* [1..]; each implied by the higher ones */
    struct rule_override *overrides;
    unsigned override_count;
    const char *override_file; /* as the rule names it; NULL: none */
    struct during {
        uint32_t periods; /* bit */
        int32_t multiplier; /* thousandths */
    } during[DURING_MAX];
    unsigned during_count;
    enum subject_kind per[PER_MAX]; /* the first that the event names */
    unsigned per_count;
    uint8_t each;          /* segments of the category that each is judged by; 0: all together */
    int32_t within_s;      /* whole minutes; of working days, the most that they last */
    int32_t for_s;         /* 0: at once */
    int32_t clear_after_s; /* how long below, before it ends or goes down */
    int64_t clear_below;   /* kept while the lowest level's one term is >= this; INT64_MIN: same as level 1 */
    struct expression clear_when; /* kept until this holds; count 0: same as level 1 */
    enum life { LIFE_ACTIVE, LIFE_SHADOW, LIFE_DRAFT } life;
    int64_t valid_from, valid_to; /* minutes: no level outside [from, to); INT64_MIN, INT64_MAX where not given */
    uint64_t sources;  /* bits: that its selections read */
    uint32_t used;     /* bits: selections that a term looks at; others are only asked for by after, unless */
    bool monotone;     /* all of its conditions are */
    bool involves;     /* a term is of .involved */
    bool valued;       /* a term is of .sum, .max or .avg */
    bool readings;     /* a selection takes readings, which are kept for a shorter time than other facts */
    bool asks_matter;  /* a selection asks what else happened to the matter */
    bool around;       /* a condition looks at neighbours */
    bool standing;     /* of sources, not of events: silent() */
    bool of_nothing;   /* a level's condition holds where nothing is counted: there it is no level all the same */
    int32_t raise_within_s;
    const char *lead; /* unit, or "" */
    const char *const *assist;
    unsigned assist_count;
    struct span sign_within[LEVELS_MAX + 1]; /* 0 s: no limit */
    struct span close_within[LEVELS_MAX + 1];
    const char *file; /* where it stands, for messages */
    int line;
};

struct rule_set {
    struct rule *rules;
    unsigned count;
    const char *level_name[LEVELS_MAX + 1]; /* [1..level_count] */
    unsigned level_count;
    char digest[72]; /* "sha256:" and 64 hex digits, of all rules */
    struct calendar *calendar; /* NULL: weekends and no periods */
    struct routing *routing;   /* NULL: alerts go where their rules say */
    struct notify_rules *notify; /* NULL: nothing is held back but by silences */
    const struct catalogue *catalogue; /* borrowed */
    int32_t utc_offset_s;
};

struct rule_context {
    const struct registry *registry; /* NULL: it was wrong, so what names a place cannot be judged */
    const struct catalogue *catalogue;
    const char *const *level_names; /* lowest first */
    unsigned level_count;
    int32_t retention_s; /* a rule that looks further back is refused */
    int32_t readings_retention_s;
    const char *calendar_path; /* NULL: none */
    const char *models_path;   /* folder; NULL: none */
    int32_t utc_offset_s;
    const struct calendar *calendar; /* filled by rule_set_load */
    const struct offer *const *offers; /* of each source by number; NULL: not known, nothing is said of them */
    const struct text_places *places; /* where texts lie that were kept; NULL: where they say */
    struct rule_texts *texts; /* gets every file that is read (rule/texts.h); NULL: nobody asks */
};

/* number of a level by its name or its Chinese synonym, 0 if it is none */
unsigned rule_level_named(const char *word, const struct rule_context *);

/* All rule files (*.yaml, *.yml, *.json) of a folder, or one file, in the order of their names.  NULL, with every
 * mistake added, if any is wrong. */
struct rule_set *rule_set_load(const char *path, const struct rule_context *, struct problems *);
void rule_set_destroy(struct rule_set **);

/* number of a level by its name or its Chinese synonym, 0 if it is none */
unsigned rule_level_named(const char *word, const struct rule_context *);

/* Is this very rule in the set: by its id, and computing the same? */
bool rule_set_has(const struct rule_set *, const struct rule *);

/* Is the comparison true of that value and threshold?  closed: as below. */
bool atom_holds(const struct atom *, int64_t value, int64_t threshold, bool closed);
/* Does it hold if term i has the value values[i]?  thresholds: by atom; NULL: the rule's own.  closed: false where the
 * minute may still change, so that only monotone comparisons are believed. */
bool expression_holds(const struct expression *, const struct rule *, const int64_t *values, const int64_t *thresholds,
                      bool closed);

/* The thresholds of the rule's atoms on a subject of that region (REGION_NONE: none) at a minute. */
void rule_thresholds(const struct rule_set *, const struct rule *, const struct registry *, uint32_t region,
                     int64_t minute, int64_t *thresholds);
/* Which line of the rule's table each of its atoms has there: number in `overrides`, -1 for none. */
void rule_overrides_on(const struct rule *, const struct registry *, uint32_t region, int *lines);
const char *rule_life_word(const struct rule *); /* as an author writes it */
/* does a period of the calendar multiply the atom's threshold? */
bool rule_is_multiplied(const struct rule *, const struct atom *);
/* the least that they can be, there and anywhere: what a counter must reach to be of interest */
void rule_least_thresholds(const struct rule *, int64_t *thresholds);
/* first minute after this one at which a threshold or the rule's validity changes by the date; MINUTE_NEVER if none */
int64_t rule_next_date(const struct rule_set *, const struct rule *, int64_t minute);
/* may it have a level at that minute? */
static inline bool rule_valid(const struct rule *rule, int64_t minute)
{
    return minute >= rule->valid_from && minute < rule->valid_to;
}
/* the periods of the calendar that change the rule's thresholds at that minute */
uint32_t rule_periods(const struct rule_set *, const struct rule *, int64_t minute);
/* are all its subjects regions? */
bool rule_of_regions(const struct rule *);
/* Can a level begin to hold by time alone, with no new fact?  Then a subject is watched while its windows hold any. */
static inline bool rule_waits(const struct rule *rule)
{
    return !rule->monotone || rule->during_count > 0 || rule->valid_from != INT64_MIN;
}
/* how far back from a minute it looks, with all windows */
int32_t rule_reach_s(const struct rule *);


#endif
