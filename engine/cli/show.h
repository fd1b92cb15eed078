/* What the authors' tools show in common: levels, lengths and times in the reader's language. */
#ifndef GW_CLI_SHOW_H
#define GW_CLI_SHOW_H

#include "alert/columns.h"
#include "replay/judge.h"

/* the level's name, the usual four in Chinese where the reader is */
const char *show_level(const struct judgement *, unsigned level);
const char *show_level_named(const char *name);
/* for a terminal (SGR) and for pictures (#rrggbb) */
const char *show_level_colour(const struct rule_set *, unsigned level);
const char *show_level_sgr(const struct judgement *, unsigned level);
const char *show_level_rgb(const struct judgement *, unsigned level);

/* 45m, 14h20m, 3d4h; "-" for one that does not end */
enum { LENGTH_SIZE = 40 };
void show_length(int64_t minutes, char out[LENGTH_SIZE]);

/* of a window: 24h, 5 working days */
void show_span(struct span, char out[LENGTH_SIZE]);

/* street's name, or what stands for none */
const char *show_street(const struct judgement *, uint32_t street);

/* "和兴街道 ORG-0001 某建设劳务公司": where and what */
enum { WHERE_SIZE = 800 };
void show_where(const struct judgement *, const struct past_alert *, char out[WHERE_SIZE]);

/* writes right-aligned ASCII so that it ends before `column` */
void show_right(struct columns *, unsigned column, const char *text);

#endif
