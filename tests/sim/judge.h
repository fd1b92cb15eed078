/* What must be true after every commit, whatever happened before it.  It reads the log as a subscriber and a
 * successor would, and knows of the running engine only what the log handed to it, how much of that its committer has
 * taken, and which sources it calls silent.
 *
 *   facts      each once, as the world meant it; with the offsets that say that it was read
 *   floor      what is below it and needed has been carried on, once, and nothing else
 *   records    none lost: below the committed offset each is a fact, a duplicate or a dead letter
 *   watermark  never back, never beyond what partitions that are not at their end, or a silent source, allow
 *   revisions  1, 2, 3, ... of each alert, each with something new; nothing after a withdrawal
 *   alerts     exactly the model's episodes of the committed facts at the committed watermark, by the rules that the log
 *              says are active; what was over for longer than a rule's raise_within when it became known is not raised
 *   identity   what goes on goes on as the same alert, whatever has become known, and if its rule was edited, too
 *   rules      alerts of a rule that is gone end with the commit in which it goes, and say why
 *   told       who was told that an alert began is told that it ended, and nobody else; what holds one is there, and in order;
 *              of no more alerts than its budget is a street told in a shift, or everybody in a minute; what that holds is listed,
 *              and told as soon as a minute has room
 *   incidents  every alert that fires is of exactly one, by the incidents' own messages and by the alert's
 *   answers    every disposition and silence is applied, or a dead letter */
#ifndef GW_SIM_JUDGE_H
#define GW_SIM_JUDGE_H

#include "centre.h"
#include "commit/watermark.h"
#include "log.h"
#include "model.h"

struct judge;

/* centre: what was said; trace: revisions, on stdout */
struct judge *judge_create(const struct world *, const struct memory_log *, const struct centre *, bool trace);
void judge_destroy(struct judge **);

/* An engine is about to lead: what it has not committed of the one before is void.  Where generations are not
 * archived its rules are those of that one of the world's. */
void judge_begin(struct judge *, unsigned generation, int64_t now_ms);
/* The committer looked at the clock and took in what was handed over (a step that did not begin with a frozen cut).
 * all_taken: there is nothing left of it. */
void judge_step(struct judge *, const struct log_client *, const struct watermarks *, bool all_taken, int64_t now_ms);
/* Which of the world's generations would be active if an engine began to lead now, and this one lay on the disk? */
unsigned judge_chosen(const struct judge *, unsigned on_disk);
uint64_t judge_active_number(const struct judge *); /* as committed; 0: none */
/* An alert that somebody was told of, for the command centre to speak of; false: there is none. */
bool judge_addressed(const struct judge *, struct dice *, struct addressed *);
/* From now on a partition read to its end has ended for good. */
void judge_drain(struct judge *);
/* Judges the commits since the last call; false: see judge_why. */
bool judge_commits(struct judge *);
/* Is all that came committed, and everything below this floor gone or carried on? */
bool judge_rested(const struct judge *, int64_t floor);
/* After the end of all input: everything is in, every episode is over. */
bool judge_end(struct judge *);
const char *judge_why(const struct judge *);

struct judge_counts {
    uint64_t commits, facts, revisions, alerts, episodes;
};
struct judge_counts judge_counts(const struct judge *);

#endif
