/* A fact: an accepted event as the ledger keeps it, one cache line and its texts.  (A reading that says nothing but its time,
 * place and value is kept in twenty bytes, see reading.h, and made into one of these for whoever asks.)
 *
 * Written by one worker, then published (by the index and the chains, release/acquire) and never changed again, but
 * for two fields: `cut`, which the committer alone sets and others may ask for meanwhile (fact_committed), and `involved` of
 * a `moved` fact, which names the fact it has moved, taken atomically (see ledger.c). */
#ifndef GW_LEDGER_FACT_H
#define GW_LEDGER_FACT_H

#include "base/str.h"
#include "decode/event.h"
#include "registry/catalogue.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* Names a fact for as long as it is in the ledger: segment and place in it.  0: none. */
typedef uint32_t fact_ref;

enum chain { CHAIN_REGION, CHAIN_RESPONDENT, CHAIN_MATTER, CHAINS };

/* a fact that no source sent: the place that a moved fact has in the region it was moved to */
enum { FACT_ALIAS = EVENT_KINDS };

struct fact {
    uint64_t key;   /* of (source, id), or 1 of a reading that is kept small; 0: a further caller of the event before it (a party) */
    uint64_t actor; /* 0: none */
    uint64_t matter; /* key of the matter's text; 0: none */
    uint32_t occurred_at; /* seconds since 1970 */
    uint32_t region;
    uint32_t involved;
    uint32_t text; /* where its texts lie, see ledger_priv.h; of an alias: the fact it stands for */
    fact_ref next[CHAINS]; /* of kinds that have a target, next[CHAIN_REGION] is the chain by target */
    uint32_t cut;          /* number of the cut that holds it; 0: none yet */
    uint16_t category;
    uint8_t kind;
    uint8_t source : 7;
    uint8_t carried : 1; /* known to its matter and to what modifies it, and to nobody else: see carry.h */
    uint32_t tags : 24;
    uint32_t parties : 8; /* how many party facts follow this one */
};

static_assert(sizeof(struct fact) == 64, "a fact is one cache line");
static_assert(SOURCES_MAX <= 1 << 7, "a source's number has seven bits");

static inline bool fact_committed(const struct fact *fact)
{
    return __atomic_load_n(&fact->cut, __ATOMIC_RELAXED) != 0;
}

#define CUT_NEWEST UINT32_MAX /* all that have been come before it */

/* in a cut before this one */
static inline bool fact_committed_before(const struct fact *fact, uint32_t cut)
{
    uint32_t own = __atomic_load_n(&fact->cut, __ATOMIC_RELAXED);
    return own != 0 && own < cut;
}

/* The variable part, unpacked; text is borrowed from the ledger.  The id has a function of its own, ledger_id. */
struct fact_text {
    struct str matter, respondent, target;
    int64_t value; /* of a carried fact: when it was carried on, in seconds */
    int64_t due_at;
};

#endif
