/* The engine's metrics, all of them from one table, in the conventions of Prometheus: names, units, help, labels.
 * No label has a value per grid, per caller or per alert.  Adding and setting: any thread, lock-free, relaxed, no
 * allocation.
 *
 * A metric has up to two labels, each over a fixed set of values that is known when the metrics are created: see
 * enum metric_label. */
#ifndef GW_METRICS_METRICS_H
#define GW_METRICS_METRICS_H

#include <stdint.h>
#include <stddef.h>

enum metric_label {
    LABEL_NONE,
    LABEL_SOURCE,    /* configured sources */
    LABEL_OUTCOME,   /* enum outcome */
    LABEL_PARTITION, /* "topic/number" of the source's partitions */
    LABEL_LEVEL,     /* configured levels, from 1; 0 is "none" */
    LABEL_CHANGE,    /* types of revision */
    LABEL_STRUCTURE, /* enum structure: what is bounded */
    LABEL_ANSWER,    /* enum answer: what became of a disposition */
    LABEL_CAUSE,     /* enum hold: why nobody is told of an alert; 0 is "told" */
    LABELS
};

/* what became of an event (or of the record that held it) */
#define OUTCOME_TABLE(X)                                                                                             \
    X(ACCEPTED, "accepted")                                                                                          \
    X(DUPLICATE, "duplicate")                                                                                        \
    X(EXPIRED, "expired")                                                                                            \
    X(REFUSED, "refused")                                                                                            \
    X(SKIPPED, "skipped")

#define STRUCTURE_TABLE(X)                                                                                           \
    X(LEDGER, "ledger")                                                                                              \
    X(READINGS, "readings")                                                                                          \
    X(CARRIED, "carried")                                                                                            \
    X(INDEX, "index")                                                                                                \
    X(COUNTERS, "counters")                                                                                          \
    X(TRACKED, "tracked_subjects")                                                                                   \
    X(INCIDENTS, "incidents")                                                                                        \
    X(UNCOMMITTED, "uncommitted")

enum outcome {
#define X(name, word) OUTCOME_##name,
    OUTCOME_TABLE(X)
#undef X
        OUTCOMES
};
enum structure {
#define X(name, word) STRUCTURE_##name,
    STRUCTURE_TABLE(X)
#undef X
        STRUCTURES
};

/* type: COUNTER, GAUGE, HISTOGRAM (seconds).  Gauges of time and bytes are in base units. */
#define METRIC_TABLE(X)                                                                                              \
    X(EVENTS, COUNTER, "gridwarn_events_total", LABEL_SOURCE, LABEL_OUTCOME, "Events read, by what became of them.") \
    X(RECORDS, COUNTER, "gridwarn_records_total", LABEL_SOURCE, LABEL_NONE, "Input records read.")                   \
    X(OFFSET_GAPS, COUNTER, "gridwarn_offset_gaps_total", LABEL_SOURCE, LABEL_NONE,                                  \
      "Offsets missing in the input other than control records; above 0 means lost input.")                          \
    X(LAG, GAUGE, "gridwarn_source_lag_records", LABEL_PARTITION, LABEL_NONE,                                        \
      "Records between the committed position and the end of the partition.")                                        \
    X(WATERMARK, GAUGE, "gridwarn_watermark_timestamp_seconds", LABEL_SOURCE, LABEL_NONE,                            \
      "Event time up to which the source is taken to be complete.")                                                  \
    X(FROZEN, GAUGE, "gridwarn_source_silent", LABEL_SOURCE, LABEL_NONE,                                             \
      "1 while the source is silent and what depends on it is unknown.")                                             \
    X(USED, GAUGE, "gridwarn_used_bytes", LABEL_STRUCTURE, LABEL_NONE, "Memory in use, by structure.")               \
    X(BOUND, GAUGE, "gridwarn_bound_bytes", LABEL_STRUCTURE, LABEL_NONE, "Most memory the structure may use.")       \
    X(SHED, COUNTER, "gridwarn_bound_hits_total", LABEL_STRUCTURE, LABEL_NONE,                                       \
      "Times that a structure's bound was met and its policy applied.")                                              \
    X(FINDINGS, COUNTER, "gridwarn_findings_total", LABEL_NONE, LABEL_NONE, "Thresholds seen reached by a counter.") \
    X(DENIED, COUNTER, "gridwarn_findings_denied_total", LABEL_NONE, LABEL_NONE,                                     \
      "Findings that the facts did not confirm.")                                                                    \
    X(ALERTS_OPEN, GAUGE, "gridwarn_alerts_open", LABEL_LEVEL, LABEL_NONE, "Alerts firing, by level.")               \
    X(ALERTS_PENDING, GAUGE, "gridwarn_alerts_pending", LABEL_NONE, LABEL_NONE,                                      \
      "Conditions that hold, but not yet for as long as their rule asks.")                                           \
    X(REVISIONS, COUNTER, "gridwarn_alert_revisions_total", LABEL_CHANGE, LABEL_NONE,                                \
      "Revisions published, by type.")                                                                               \
    X(HOLDS, COUNTER, "gridwarn_alert_holds_total", LABEL_CAUSE, LABEL_NONE,                                         \
      "Times that an alert came to be held, so that nobody is told of it, by cause.")                                \
    X(INCIDENTS_OPEN, GAUGE, "gridwarn_incidents_open", LABEL_NONE, LABEL_NONE,                                      \
      "Incidents that an alert fires of.")                                                                           \
    X(INCIDENT_REVISIONS, COUNTER, "gridwarn_incident_revisions_total", LABEL_NONE, LABEL_NONE,                      \
      "Revisions of incidents published.")                                                                           \
    X(DISPOSITIONS, COUNTER, "gridwarn_dispositions_total", LABEL_ANSWER, LABEL_NONE,                                \
      "Dispositions and silences, by what became of them.")                                                          \
    X(SHADOWED, COUNTER, "gridwarn_shadow_revisions_total", LABEL_NONE, LABEL_NONE,                                  \
      "Revisions of alerts of rules on trial, which are not published.")                                             \
    X(RECORDED, COUNTER, "gridwarn_alerts_recorded_only_total", LABEL_NONE, LABEL_NONE,                              \
      "Episodes recorded and not raised because they were true only longer ago than raise_within.")                  \
    X(COMMIT_SECONDS, HISTOGRAM, "gridwarn_commit_seconds", LABEL_NONE, LABEL_NONE, "Time that a commit took.")      \
    X(COMMIT_FAILURES, COUNTER, "gridwarn_commit_failures_total", LABEL_NONE, LABEL_NONE,                            \
      "Commits that failed and were sent again, or ended the engine.")                                               \
    X(CUT, GAUGE, "gridwarn_cut", LABEL_NONE, LABEL_NONE, "Number of the newest committed cut.")                     \
    X(COMMITTED_AT, GAUGE, "gridwarn_committed_timestamp_seconds", LABEL_NONE, LABEL_NONE,                           \
      "When the newest commit ended.")                                                                               \
    X(GENERATION, GAUGE, "gridwarn_generation", LABEL_NONE, LABEL_NONE, "Number of the active generation of rules.") \
    X(RULES, GAUGE, "gridwarn_rules", LABEL_NONE, LABEL_NONE, "Rules in the active generation.")                     \
    X(DISK_DIFFERS, GAUGE, "gridwarn_rules_disk_differs", LABEL_NONE, LABEL_NONE,                                    \
      "1 while the files on disk are not those of the active generation: they were refused, or were rolled back from.")   \
    X(RELOADS, COUNTER, "gridwarn_reloads_total", LABEL_NONE, LABEL_NONE, "Changes of the rules while running.")     \
    X(RELOADS_REFUSED, COUNTER, "gridwarn_reloads_refused_total", LABEL_NONE, LABEL_NONE,                            \
      "Changes of the rules that were refused: they had mistakes, or would have opened too many alerts.")            \
    X(WORKER_PAUSE, HISTOGRAM, "gridwarn_worker_pause_seconds", LABEL_NONE, LABEL_NONE,                              \
      "Longest time, in each change of the rules, that a worker had records at hand and finished none.")             \
    X(COUNTERS_FULL, GAUGE, "gridwarn_counters_full_percent", LABEL_NONE, LABEL_NONE,                                \
      "How full the table of counters is; it is renewed from the ledger when it is 63 percent full.")                \
    X(RENEWALS, COUNTER, "gridwarn_counters_renewals_total", LABEL_NONE, LABEL_NONE,                                 \
      "Times that the counters were renewed from the ledger, which gives back those that no window reaches.")        \
    X(RENEWAL_SECONDS, HISTOGRAM, "gridwarn_counters_renewal_seconds", LABEL_NONE, LABEL_NONE,                       \
      "Time that each renewal of the counters took.")                                                                \
    X(LEADER, GAUGE, "gridwarn_leader", LABEL_NONE, LABEL_NONE, "1 while this process publishes, 0 on standby.")     \
    X(REBUILDS, COUNTER, "gridwarn_rebuilds_total", LABEL_NONE, LABEL_NONE,                                          \
      "Times that the engine was rebuilt from the log.")

enum metric {
#define X(name, type, text, label_a, label_b, help) METRIC_##name,
    METRIC_TABLE(X)
#undef X
        METRICS
};

struct metrics;

/* values[label] are the label's words, count[label] how many; the texts are copied.  Outcomes and
 * structures are filled in from the tables above. */
struct metric_labels {
    const char *const *values[LABELS];
    unsigned count[LABELS];
};

struct metrics *metrics_create(const struct metric_labels *);
void metrics_destroy(struct metrics **);

/* a and b: which value of the metric's first and second label; 0 where it has none.  Adding is for counters,
 * setting for gauges, observing for histograms; anything else, or a value that the label has not, is CHECKed. */
void metric_add(struct metrics *, enum metric, unsigned a, unsigned b, uint64_t amount);
void metric_set(struct metrics *, enum metric, unsigned a, int64_t value);
void metric_observe(struct metrics *, enum metric, double seconds);
/* of a histogram: how many were observed */
int64_t metric_value(const struct metrics *, enum metric, unsigned a, unsigned b);

/* All of these and the process's own (metrics/process.h) in the exposition format, version 0.0.4, into a malloc()ed
 * text; free() */
char *metrics_text(const struct metrics *, size_t *len);

#endif
