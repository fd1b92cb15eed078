#ifndef GW_REPLAY_PAST_PRIV_H
#define GW_REPLAY_PAST_PRIV_H

#include "replay/past.h"

struct past {
    const struct config *config;
    struct ledger *ledger;
    bool borrowed; /* the ledger is */
    struct decoder **decoders; /* by source */
    int64_t from_s, until_s;
    int64_t newest; /* event time met; the ledger makes room by it */
    uint64_t entered;
    struct past_report report;
    struct past_refusals *refusals;
};

#endif
