/* Incidents by chance, against a model that recomputes everything from its own few lines: alerts rise, end, come back
 * and are withdrawn, links come and go, and now and then all is stored and taken back.  And what a subscriber knows who
 * hears nothing but the messages. */
#include "incident/incidents.h"

#include "core.h"

enum { ALERTS = 14, STEPS = 60 };

static const char regions[] = "code,name,level,parent\n1,a,district,\n11,b,street,1\n111,c,community,11\n1111,d,grid,111\n"
                              "1112,e,grid,111\n12,f,street,1\n121,g,community,12\n2,h,district,\n";

static int older(int64_t opened_a, const char *a, int64_t opened_b, const char *b)
{
    return opened_a != opened_b ? opened_a < opened_b : strcmp(a, b) < 0;
}

/* ---- the model ---- */

struct known {
    bool here, firing, matter, barred;
    char id[33], incident[33]; /* "": in none yet */
    int64_t opened_at;
    unsigned level;
    uint32_t region;
};

struct model {
    struct known alerts[ALERTS];
    bool linked[ALERTS][ALERTS];
    struct { /* every incident that there ever was */
        char id[33];
        int64_t opened_at;
    } *born;
    size_t born_count;
    unsigned named;
};

static int64_t birth(const struct model *m, const char *incident)
{
    for (size_t i = m->born_count; i > 0; i--)
        if (strcmp(m->born[i - 1].id, incident) == 0)
            return m->born[i - 1].opened_at;
    ck_abort_msg("%s was never born", incident);
}

static void reach(const struct model *m, int from, int part, int *parts)
{
    parts[from] = part;
    for (int i = 0; i < ALERTS; i++)
        if (m->alerts[i].here && m->linked[from][i] && parts[i] < 0)
            reach(m, i, part, parts);
}

/* its founder, or the oldest that is left of it; -1: none */
static int heir(const struct model *m, const char *incident)
{
    int found = -1;
    for (int i = 0; i < ALERTS; i++) {
        const struct known *a = &m->alerts[i], *b = found < 0 ? NULL : &m->alerts[found];
        if (!a->here || strcmp(a->incident, incident) != 0)
            continue;
        if (strcmp(a->id, incident) == 0)
            return i;
        if (!b || older(a->opened_at, a->id, b->opened_at, b->id))
            found = i;
    }
    return found;
}

static void name_part(struct model *m, const int *parts, int part, char name[33])
{
    int oldest = -1;
    *name = '\0';
    for (int i = 0; i < ALERTS; i++) {
        const struct known *a = &m->alerts[i];
        if (!a->here || parts[i] != part)
            continue;
        if (oldest < 0 || older(a->opened_at, a->id, m->alerts[oldest].opened_at, m->alerts[oldest].id))
            oldest = i;
        if (*a->incident && parts[heir(m, a->incident)] == part &&
            (!*name || older(birth(m, a->incident), a->incident, birth(m, name), name)))
            strcpy(name, a->incident);
    }
    if (*name)
        return;
    strcpy(name, m->alerts[oldest].id);
    m->born = xrealloc(m->born, (m->born_count + 1) * sizeof *m->born);
    strcpy(m->born[m->born_count].id, name);
    m->born[m->born_count++].opened_at = m->alerts[oldest].opened_at;
}

static void model_settle(struct model *m)
{
    int parts[ALERTS], count = 0;
    char names[ALERTS][33];
    memset(parts, -1, sizeof parts);
    for (int i = 0; i < ALERTS; i++)
        if (m->alerts[i].here && parts[i] < 0)
            reach(m, i, count++, parts);
    for (int p = 0; p < count; p++)
        name_part(m, parts, p, names[p]);
    for (int i = 0; i < ALERTS; i++)
        if (m->alerts[i].here)
            strcpy(m->alerts[i].incident, names[parts[i]]);
}

/* ---- what a subscriber knows ---- */

struct heard {
    char id[33];
    unsigned revision;
    enum incident_state state;
    unsigned level;
    char lead[33], firing[ALERTS][33];
    size_t count;
};

struct world {
    struct model model;
    struct incidents *incidents;
    const struct registry *registry;
    json_t *stored;
    struct heard *heard;
    size_t heard_count;
    unsigned told[INCIDENT_CHANGES];
};

static struct heard *hear_of(struct world *w, const char *id)
{
    for (size_t i = 0; i < w->heard_count; i++)
        if (strcmp(w->heard[i].id, id) == 0)
            return &w->heard[i];
    w->heard = xrealloc(w->heard, (w->heard_count + 1) * sizeof *w->heard);
    w->heard[w->heard_count] = (struct heard){.state = INCIDENT_STATES};
    strcpy(w->heard[w->heard_count].id, id);
    return &w->heard[w->heard_count++];
}

static void hear(struct world *w, const struct incident *i, enum incident_change change)
{
    struct heard *h = hear_of(w, i->id);
    EXPECT(i->revision == h->revision + 1, "%s: revision %u after %u", i->id, i->revision, h->revision);
    EXPECT(h->state != INCIDENT_IS_NEVER, "%s: told of after it was withdrawn", i->id);
    bool again = h->state == INCIDENT_IS_OVER && i->state == INCIDENT_IS_OPEN && change != INCIDENT_SPLIT;
    EXPECT((change == INCIDENT_REOPENED) == again, "%s: %s after %s", i->id, incident_change_word(change), incident_state_word(h->state));
    EXPECT((change == INCIDENT_MERGED) == (*i->merged_into != '\0'), "%s: merged, and into what", i->id);
    EXPECT(change != INCIDENT_HANDLED || strcmp(h->lead, i->lead->id) != 0, "%s: told of nothing", i->id);
    snprintf(h->lead, sizeof h->lead, "%s", i->lead ? i->lead->id : "");
    EXPECT(i->level >= 1 && i->highest >= i->level, "%s: level %u, and at most %u so far", i->id, i->level, i->highest);
    h->revision = i->revision;
    h->state = i->state;
    h->level = i->level;
    h->count = 0;
    for (size_t m = 0; m < i->members.count; m++) {
        const struct member *member = i->members.at[m];
        if (member->firing)
            strcpy(h->firing[h->count++], member->id);
    }
    w->told[change]++;
}

static void stored(void *arg, const char *id, json_t *state)
{
    struct world *w = arg;
    if (state)
        json_object_set(w->stored, id, state);
    else
        json_object_del(w->stored, id);
}

/* ---- chance ---- */

static const struct known *known_as(const struct model *m, const char *id)
{
    for (int i = 0; i < ALERTS; i++)
        if (m->alerts[i].here && strcmp(m->alerts[i].id, id) == 0)
            return &m->alerts[i];
    ck_abort_msg("%s is not here", id);
}

static void pass_on(struct world *w, const struct known *a)
{
    struct member *m = incidents_find(w->incidents, a->id);
    m->firing = a->firing;
    m->level = a->level;
    m->region = a->region;
    m->matter = a->matter;
    m->barred = a->barred;
    incidents_touch(w->incidents, m->incident);
}

static void raise_alert(struct world *w, struct dice *dice, struct known *a)
{
    *a = (struct known){.here = true,
                        .firing = true,
                        .matter = dice_chance(dice, 30),
                        .opened_at = dice_between(dice, 100, 130),
                        .level = 1 + dice_below(dice, 4),
                        .region = dice_below(dice, registry_count(w->registry) + 1)};
    snprintf(a->id, sizeof a->id, "%08x%024x", dice_below(dice, 1000), w->model.named++);
    incidents_join(w->incidents, a->id, a->opened_at);
    pass_on(w, a);
}

static void remove_alert(struct world *w, struct known *a, bool withdrawn)
{
    incidents_leave(w->incidents, incidents_find(w->incidents, a->id), withdrawn);
    a->here = false;
    for (int i = 0, k = (int)(a - w->model.alerts); i < ALERTS; i++)
        w->model.linked[k][i] = w->model.linked[i][k] = false;
}

static void change_link(struct world *w, int a, int b)
{
    struct model *m = &w->model;
    if (a == b || !m->alerts[a].here || !m->alerts[b].here)
        return;
    struct member *one = incidents_find(w->incidents, m->alerts[a].id);
    struct member *other = incidents_find(w->incidents, m->alerts[b].id);
    bool linked = m->linked[a][b];
    EXPECT(members_linked(one, other) == linked && members_linked(other, one) == linked, "a link has two ends");
    if (m->linked[a][b])
        incidents_unlink(w->incidents, one, other);
    else
        EXPECT(incidents_link(w->incidents, one, other), "far below all bounds");
    m->linked[a][b] = m->linked[b][a] = !m->linked[a][b];
}

static void change_one(struct world *w, struct dice *dice)
{
    struct known *a = &w->model.alerts[dice_below(dice, ALERTS)];
    unsigned kind = dice_below(dice, 100);
    if (!a->here) {
        raise_alert(w, dice, a);
        return;
    }
    if (kind < 10) {
        remove_alert(w, a, true);
        return;
    }
    if (kind < 15 && !a->firing) {
        remove_alert(w, a, false);
        return;
    }
    if (kind < 40)
        change_link(w, (int)(a - w->model.alerts), (int)dice_below(dice, ALERTS));
    else if (kind < 65)
        a->firing = !a->firing;
    else if (kind < 80)
        a->level = 1 + dice_below(dice, 4);
    else if (kind < 90)
        a->barred = !a->barred;
    else if (a->region)
        a->region = registry_region(w->registry, a->region)->ancestor[REGION_DISTRICT]; /* it only grows */
    pass_on(w, a);
}

/* ---- what must be true ---- */

static void check_incident(struct world *w, const struct incident *i, unsigned *seen)
{
    size_t firing = 0, uncovered = 0;
    unsigned highest = 0;
    const struct heard *h = hear_of(w, i->id);
    for (size_t m = 0; m < i->members.count; m++) {
        const struct member *member = i->members.at[m], *by = member->covered_by;
        const struct known *a = known_as(&w->model, member->id);
        seen[a - w->model.alerts]++;
        EXPECT(strcmp(a->incident, i->id) == 0, "%s is in %s, not in %s", a->id, i->id, a->incident);
        if (!a->firing) {
            EXPECT(!by, "%s is covered, and over", a->id);
            continue;
        }
        firing++;
        uncovered += !by;
        highest = a->level > highest ? a->level : highest;
        EXPECT(!by || (by->incident == i && by->firing && !by->barred && by->level >= a->level && !by->covered_by),
               "%s is covered by one that may not", a->id);
    }
    if (i->state == INCIDENT_IS_JOINED) {
        EXPECT(i->members.count == 0, "%s was merged, and has alerts", i->id);
        return;
    }
    EXPECT(h->state == (firing ? INCIDENT_IS_OPEN : INCIDENT_IS_OVER), "%s: subscribers think it is %s", i->id,
           incident_state_word(h->state));
    EXPECT(!firing || (uncovered && i->lead && !i->lead->covered_by && strcmp(i->lead->id, h->lead) == 0),
           "%s: %zu are not covered, and who leads", i->id, uncovered);
    EXPECT(h->count == firing && (!firing || h->level == highest), "%s: subscribers know %zu of %zu alerts, level %u of %u",
           i->id, h->count, firing, h->level, highest);
    for (size_t k = 0; k < h->count; k++)
        EXPECT(known_as(&w->model, h->firing[k])->firing, "%s: subscribers think that %s fires", i->id, h->firing[k]);
}

static void check(struct world *w)
{
    unsigned seen[ALERTS] = {0};
    size_t open = 0;
    for (size_t i = 0; i < w->incidents->all.count; i++)
        check_incident(w, w->incidents->all.at[i], seen);
    for (int i = 0; i < ALERTS; i++)
        EXPECT(seen[i] == w->model.alerts[i].here, "alert %d is in %u incidents", i, seen[i]);
    for (size_t h = 0; h < w->heard_count; h++) {
        open += w->heard[h].state == INCIDENT_IS_OPEN;
        EXPECT(w->heard[h].state != INCIDENT_IS_OPEN || incident_find(w->incidents, w->heard[h].id),
               "%s has gone, and subscribers think it is open", w->heard[h].id);
    }
    EXPECT(open == incidents_open(w->incidents), "%zu open ones", open);
}

/* in any order, the same alerts are in incidents of the same names */
static void check_order(const struct world *w, struct dice *dice)
{
    struct form_alert alerts[ALERTS];
    struct form_before before[2 * ALERTS];
    struct form_link links[ALERTS * ALERTS];
    struct form_now now[ALERTS];
    int order[ALERTS], at[ALERTS];
    size_t count = 0, link_count = 0, before_count = 0;
    for (int i = 0; i < ALERTS; i++)
        order[i] = i;
    for (unsigned i = ALERTS - 1; i > 0; i--) {
        unsigned k = dice_below(dice, i + 1);
        int swapped = order[i];
        order[i] = order[k];
        order[k] = swapped;
    }
    for (int i = 0; i < ALERTS; i++) {
        const struct known *a = &w->model.alerts[order[i]];
        if (!a->here)
            continue;
        size_t b = 0;
        while (b < before_count && strcmp(before[b].id, a->incident) != 0)
            b++;
        if (b == before_count)
            before[before_count++] = (struct form_before){a->incident, birth(&w->model, a->incident), 0};
        at[order[i]] = (int)count;
        alerts[count++] = (struct form_alert){a->id, a->opened_at, (int)b, 0};
    }
    for (int i = 0; i < ALERTS; i++)
        for (int k = 0; k < i; k++)
            if (w->model.linked[order[i]][order[k]]) {
                size_t one = (size_t)at[order[i]], other = (size_t)at[order[k]];
                links[link_count++] = dice_chance(dice, 50) ? (struct form_link){one, other} : (struct form_link){other, one};
            }
    incidents_form(alerts, count, links, link_count, before, before_count, now);
    for (size_t a = 0; a < count; a++)
        EXPECT(strcmp(now[alerts[a].now].id, known_as(&w->model, alerts[a].id)->incident) == 0,
               "%s: the order has a say", alerts[a].id);
}

static void tell_all(struct world *w)
{
    incidents_settle(w->incidents);
    incidents_cover(w->incidents);
    incidents_begin_telling(w->incidents);
    for (size_t i = 0; i < w->incidents->touched.count; i++) {
        struct incident *incident = w->incidents->touched.at[i];
        json_t *face = incident->lead ? json_pack("{s:s, s:{}}", "lead", incident->lead->id, "handling") : NULL;
        enum incident_change change = incident_tell(incident, face);
        if (change != INCIDENT_UNCHANGED)
            hear(w, incident, change);
    }
    incidents_told(w->incidents, stored, w);
}

/* as after a crash: what was stored, and the alerts as they are */
static void take_back(struct world *w)
{
    const char *id;
    json_t *state;
    incidents_destroy(&w->incidents);
    w->incidents = incidents_create(w->registry);
    json_object_foreach(w->stored, id, state)
    {
        EXPECT(incident_restore(w->incidents, id, state), "%s is not understood", id);
    }
    for (int i = 0; i < ALERTS; i++)
        if (w->model.alerts[i].here) {
            EXPECT(incidents_find(w->incidents, w->model.alerts[i].id), "%s was lost", w->model.alerts[i].id);
            pass_on(w, &w->model.alerts[i]);
        }
    unsigned told[INCIDENT_CHANGES];
    memcpy(told, w->told, sizeof told);
    tell_all(w);
    EXPECT(memcmp(told, w->told, sizeof told) == 0, "a crash is nothing to tell of");
}

static void tell_end(void *arg, const struct incident *i)
{
    hear(arg, i, INCIDENT_DISSOLVED);
}

/* rules that ask for no incidents, then rules that do; those that fire are found again, and begin by themselves */
static void dissolve(struct world *w)
{
    struct model *m = &w->model;
    incidents_dissolve(w->incidents, tell_end, stored, w);
    for (size_t h = 0; h < w->heard_count; h++)
        EXPECT(w->heard[h].state != INCIDENT_IS_OPEN, "%s: dissolved, and told of as open", w->heard[h].id);
    memset(m->linked, 0, sizeof m->linked);
    for (int i = 0; i < ALERTS; i++) {
        struct known *a = &m->alerts[i];
        a->here &= a->firing;
        *a->incident = '\0';
        if (a->here) {
            incidents_join(w->incidents, a->id, a->opened_at);
            pass_on(w, a);
        }
    }
    struct list known = {0};
    for (int i = 0; i < ALERTS; i++) {
        size_t place;
        if (m->alerts[i].here && !list_find(&known, m->alerts[i].id, &place))
            list_insert(&known, place, m->alerts[i].id);
    }
    incidents_purge(w->incidents, &known, stored, w);
    list_free(&known);
    model_settle(m);
    tell_all(w);
}

START_TEST(what_subscribers_hear_is_what_a_model_says)
{
    struct dice dice = core_dice();
    struct names names = names_create(regions, "path,name\nx,x\n");
    unsigned told[INCIDENT_CHANGES] = {0};
    for (unsigned round = 0, rounds = core_effort(200); round < rounds; round++) {
        struct world w = {.registry = names.registry, .stored = json_object()};
        w.incidents = incidents_create(names.registry);
        for (unsigned step = 0; step < STEPS; step++) {
            for (unsigned n = 1 + dice_below(&dice, 4); n > 0; n--)
                change_one(&w, &dice);
            model_settle(&w.model);
            tell_all(&w);
            check(&w);
            check_order(&w, &dice);
            if (dice_chance(&dice, 10)) {
                take_back(&w);
                check(&w);
            }
            if (dice_chance(&dice, 3)) {
                dissolve(&w);
                check(&w);
            }
        }
        for (int c = 0; c < INCIDENT_CHANGES; c++)
            told[c] += w.told[c];
        incidents_destroy(&w.incidents);
        json_decref(w.stored);
        free(w.model.born);
        free(w.heard);
    }
    for (int c = 0; c < INCIDENT_CHANGES; c++)
        ck_assert_msg(told[c] > 0, "nothing was ever %s", incident_change_word(c));
    names_destroy(&names);
}
END_TEST

/* ---- who covers whom ---- */

START_TEST(covering_is_a_strict_order)
{
    struct dice dice = core_dice();
    struct names names = names_create(regions, "path,name\nx,x\n");
    unsigned seen = 0;
    for (unsigned round = 0, rounds = core_effort(20000); round < rounds; round++) {
        struct cover_alert a[3];
        static const char *const ids[] = {"0", "1", "2"};
        for (int i = 0; i < 3; i++)
            a[i] = (struct cover_alert){.id = ids[i],
                                        .opened_at = dice_below(&dice, 2),
                                        .rank = dice_below(&dice, 2),
                                        .level = 1 + dice_below(&dice, 2),
                                        .region = dice_below(&dice, registry_count(names.registry) + 1),
                                        .matter = dice_chance(&dice, 30)};
        bool ab = alert_covers(names.registry, &a[0], &a[1]), bc = alert_covers(names.registry, &a[1], &a[2]);
        EXPECT(!ab || !alert_covers(names.registry, &a[1], &a[0]), "two cover each other");
        EXPECT(!ab || !bc || alert_covers(names.registry, &a[0], &a[2]), "what covers a cover covers what that does");
        EXPECT(!alert_covers(names.registry, &a[0], &a[0]), "none covers itself");
        EXPECT(a[0].region != a[1].region || a[0].level != a[1].level || ab || alert_covers(names.registry, &a[1], &a[0]),
               "of two in one place one covers the other");
        seen += ab && bc;
    }
    ck_assert_uint_gt(seen, 0);
    names_destroy(&names);
}
END_TEST

START_TEST(the_wider_covers_what_is_not_higher)
{
    struct names names = names_create(regions, "path,name\nx,x\n");
    uint32_t street = registry_find(names.registry, STR("11")), grid = registry_find(names.registry, STR("1111"));
    struct cover_alert a[] = {{.id = "matter", .level = 2, .region = grid, .matter = true},
                              {.id = "red", .level = 4, .region = grid},
                              {.id = "grid", .level = 2, .region = grid, .opened_at = 5},
                              {.id = "street", .level = 2, .region = street, .opened_at = 9}};
    ck_assert_int_eq(incident_cover(names.registry, a, 4), 0);
    ck_assert_str_eq(a[0].id, "red"); /* it leads, and the street says nothing of that level */
    ck_assert_int_eq(a[0].covered_by, -1);
    ck_assert_str_eq(a[1].id, "street");
    ck_assert_int_eq(a[1].covered_by, -1);
    ck_assert(a[2].covered_by == 0 && a[3].covered_by == 0);
    for (int i = 0; i < 4; i++)
        a[i].barred = strcmp(a[i].id, "red") == 0; /* a silence holds it */
    ck_assert_int_eq(incident_cover(names.registry, a, 4), 1);
    ck_assert_str_eq(a[1].id, "street");
    ck_assert(a[2].covered_by == 1 && a[3].covered_by == 1);
    struct cover_alert twins[] = {{.id = "a", .level = 1, .region = grid, .rank = 7}, {.id = "b", .level = 1, .region = grid, .rank = 3}};
    ck_assert_int_eq(incident_cover(names.registry, twins, 2), 0);
    ck_assert_str_eq(twins[0].id, "b"); /* its rule stands first */
    ck_assert_int_eq(twins[1].covered_by, 0);
    names_destroy(&names);
}
END_TEST

START_TEST(there_is_a_bound)
{
    struct names names = names_create(regions, "path,name\nx,x\n");
    struct incidents *set = incidents_create(names.registry);
    struct member *first = NULL, *last = NULL;
    char id[33];
    for (unsigned i = 0; i <= INCIDENT_MEMBERS_MAX; i++) {
        snprintf(id, sizeof id, "%032x", i);
        last = incidents_join(set, id, i);
        last->firing = true;
        last->level = 1;
        if (i == 0)
            first = last;
        else
            ck_assert(incidents_link(set, first, last) == (i < INCIDENT_MEMBERS_MAX));
        if (i % 100 == 50) {
            incidents_settle(set);
            incidents_cover(set);
        }
    }
    incidents_settle(set);
    ck_assert_uint_eq(set->shed, 1);
    ck_assert_uint_eq(first->incident->members.count, INCIDENT_MEMBERS_MAX);
    ck_assert_str_eq(last->incident->id, last->id);
    json_t *state = incident_state(first->incident);
    char *text = json_dumps(state, JSON_COMPACT);
    ck_assert_uint_lt(strlen(text), 512 * 1024);
    free(text);
    json_decref(state);
    incidents_destroy(&set);
    names_destroy(&names);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("incident");
    core_test(s, what_subscribers_hear_is_what_a_model_says);
    core_test(s, covering_is_a_strict_order);
    core_test(s, the_wider_covers_what_is_not_higher);
    core_test(s, there_is_a_bound);
    return core_run(s);
}
