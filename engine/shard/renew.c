/* When counters are renewed from the ledger, by the stages of reload.c.
 *
 * A counter is never given back: a line stays with the subject that it was made for.  So a table fills up with what no window
 * reaches any more, and is left for another that holds what is still asked for: of the same size, or a larger one if that
 * would soon be full, too (backfill_next_size).
 *
 * - It begins at 5/8 of the lines or of the blocks.  Probes are still short then, and there is room for what comes while the
 *   ledger is counted.  (A table that is nearly full refuses only those whose whole run of probes is taken.)
 * - Where even what is asked for comes near that, an eighth of the table must have been added since the last time: a renewal
 *   is paid for by what fills the table, not by how full it is.
 * - Beyond 7/8 that is more than there is room for, and renewals would give back next to nothing.  Then, only once counters
 *   were refused (which costs findings that are denied, and is counted) and only so often that renewals take a twentieth
 *   of one processor: what was live may have become old since. */
#include "shard/shard_priv.h"

#include "base/log.h"

static const double BEGIN_AT = 5.0 / 8, WORTH_IT = 1.0 / 8, SELDOM = 20, SELDOM_S = 60;

bool shard_renewal_due(const struct shard *shard)
{
    const struct counters *c = generation_counters(atomic_load(&shard->generations)->current);
    double full = counters_full(c), rest_s = shard->renewed.seconds * SELDOM;
    if (full < BEGIN_AT)
        return false;
    if (full >= shard->renewed.full + WORTH_IT)
        return true;
    return counters_shed(c) > 0 && clock_steady_s() >= shard->renewed.at_s + (rest_s > SELDOM_S ? rest_s : SELDOM_S);
}

bool shard_renew(struct shard *shard, const struct patience *patience)
{
    const struct counters *c = generation_counters(shard_generation(shard));
    size_t lines = counters_lines(c), bytes = counters_held(c);
    enum step_result why;
    if (shard_stopped(shard, &why))
        return false;
    shard_renew_begin(shard);
    if (reload_go_through(shard, patience) != RELOAD_DONE)
        return false;
    metric_add(shard->in.metrics, METRIC_RENEWALS, 0, 0, 1);
    metric_observe(shard->in.metrics, METRIC_RENEWAL_SECONDS, shard->renewed.seconds);
    c = generation_counters(shard_generation(shard));
    log_line(LOG_INFO, "counters", "renewed in %.3f s: %zu counters were in use in %zu KiB, now %zu in %zu KiB",
             shard->renewed.seconds, lines, bytes >> 10, counters_lines(c), counters_held(c) >> 10);
    return true;
}
