/* Carrying on: before a span of the facts' shelf goes, what is still needed of it enters a later span, so that a matter
 * that is open knows all that ever happened to it, however far back.
 *
 *   a fact of a matter          while the matter is open: the last of its created, reopened and closed is no closed,
 *                               over all that it is one with by merges
 *   a merge, a link             while either of its matters is open
 *   a closed, a merge           while anything but closeds, merges and links that was carried on of its matter before
 *                               stays: otherwise what is closed would be open again
 *   a void, restoration, move   while what it means is kept: in a span that stays, or carried on
 *
 * A carried fact keeps kind, time, place, category, source, tags, due time and texts of the original, and takes its id
 * over in the index.  It is in the chain of its matter, or in that by target, and in no other: no window holds it, no
 * counter counts it.  It has no callers, figure, value or respondent, which only windows ask for.  It may be carried on
 * again.
 *
 * Spans that go, go at one moment: all that is in them is judged by what was committed before, whatever comes while it is
 * carried on, a segment at a time.  So of a matter all goes on or nothing does, and what reopens a matter, or joins it to
 * one that is open, has come in time or has not.
 *
 * Original and copy may both be there for a while.  Whatever reads a matter's chain makes the same of one as of both. */
#ifndef GW_LEDGER_CARRY_H
#define GW_LEDGER_CARRY_H

#include "base/tally.h"
#include "ledger/ledger.h"

/* Is it true, over facts of the cuts before this one, that nothing has closed this matter since it was created or
 * reopened?  Committer. */
bool ledger_matter_open(const struct ledger *, uint64_t matter, uint32_t cut);

/* Are spans below the floor to go with the next ledger_maintain?  Nothing more is entered there, and all of it is
 * committed if the caller has waited as ledger_quiet says.  Committer. */
bool ledger_leaving(const struct ledger *);

/* The facts of the next segment that is to go; false: all have been visited, and from now on nobody finds them any more, so
 * that nobody may keep a ref to them beyond the next ledger_maintain. */
bool ledger_leave(struct ledger *, ledger_visit *, void *arg);

enum carry_result {
    CARRY_NOT,  /* it is not needed any more */
    CARRY_DONE, /* *entered as of ledger_enter; its cut is the caller's to set */
    CARRY_FULL, /* there is no room: of what was carried before in half of the bound, of others in all of it */
};

/* Enters one of the facts that ledger_leave visits into the span of `at`, if it is needed; inside a batch.  It is judged
 * by facts of the cuts before `cut`: the same one for all that goes at a time, and all that goes is of those before.  *judged
 * keeps what was found out about its matter, and all that this is one with, for the next fact: empty at first, good for
 * that cut, and the caller's to free. */
enum carry_result ledger_carry(struct ledger_writer *, fact_ref, int64_t at, uint32_t cut, struct tally *judged,
                               struct entered *entered);

/* Memory of carried facts (in spans that stay), and the most of it: a part of what the shelf may use. */
size_t ledger_carried_bytes(const struct ledger *);
size_t ledger_carried_bound(const struct ledger *);

/* While another process leads, the floor of facts is the one that it has committed, since only what lies below that has
 * been carried on.  LEDGER_LEADS: it follows the time, as ledger_maintain is told. */
#define LEDGER_LEADS INT64_MIN
void ledger_follow_floor(struct ledger *, int64_t floor);

/* Nothing is found below: it is gone, or about to go.  Of facts, this is what ledger_follow_floor is to be told. */
int64_t ledger_left_below(const struct ledger *, enum shelf);

#endif
