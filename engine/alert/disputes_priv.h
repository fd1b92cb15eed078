/* What the files of the disputes share. */
#ifndef GW_ALERT_DISPUTES_PRIV_H
#define GW_ALERT_DISPUTES_PRIV_H

#include "alert/tracker_priv.h"
#include "incident/near.h"
#include "incident/overlap.h"

struct disputes {
    struct incidents *incidents;
    struct near near;
    bool stale; /* what is near whom */
    struct list waiting; /* members whose facts have changed */
    uint64_t run;
    size_t comparisons; /* left in this run */
    bool formed;        /* in this run: what is another from now on is for the next one */
    struct list later;  /* members of which that is so */
    bool off;    /* the rules ask for no incidents */
    bool ending; /* they did before, which is still to be told */
};

/* disputes.c: the alert that it stands for; NULL: of a rule that is gone */
struct alert *member_alert(const struct member *);
/* what is known of an alert's member, as that stands */
void member_update(const struct tracker *, struct tracked *, struct alert *);

/* disputes_tell.c: into the state topic; an incident_store, of a tracker */
void disputes_store(void *tracker, const char *id, json_t *state);

/* disputes_link.c: the facts that it rests on now; false: it is of a rule that is gone */
bool member_window(struct tracker *, const struct member *, struct evidence_window *);

#endif
