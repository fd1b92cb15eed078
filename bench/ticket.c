#include "ticket.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STREET_DIGITS = 9,
    ACTORS = 1000000,
    RESPONDENTS = 2000000, /* one ticket in four names one */
    REGULARS = 3,
    GRID_BURSTS = 200,
    GRID_BURST_LEAST = 5,
    GRID_BURST_MOST = 12,
    STREET_BURSTS = 40,
    STREET_BURST_SIZE = 60,
    PLANTED_MOST = GRID_BURSTS * GRID_BURST_MOST + STREET_BURSTS * STREET_BURST_SIZE,
    LATEST_MS = 30000,
};

static_assert((int)PLANTED_MOST <= (int)TICKETS_LEAST, "what is planted must fit");

static const char *const phrases[] = {
    "市民反映",     "该工地",       "拖欠工资",   "多次联系", "未得到答复", "夜间施工",     "影响休息",     "小区内",
    "物业公司",     "没有处理",     "希望有关部门", "尽快核实", "并给予答复", "已经三个月",   "涉及工人",     "二十余名",
    "现场照片",     "已经提交",     "电话无人接听", "要求退款", "道路破损",   "车辆无法通行", "路灯不亮",     "存在安全隐患",
    "居民意见很大", "水管漏水",     "供暖不足",   "垃圾堆积", "气味难闻",   "请予督办",
};
static const char filler[] = "。";
static const char *const channels[] = {"phone", "app", "web", "wechat"};
static const char *const urgencies[] = {"urgent", "normal", "normal", "low"};

/* splitmix64: a bijection, so that different actors have different tokens */
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t random_state;

void ticket_seed(uint64_t seed)
{
    random_state = seed;
}

uint32_t ticket_below(uint32_t n)
{
    random_state += 0x9e3779b97f4a7c15u;
    return (uint32_t)(mix(random_state) % n);
}

static uint32_t some_category(uint32_t count)
{
    double all = 0, share = ticket_below(1 << 30) / (double)(1 << 30);
    for (uint32_t i = 0; i < count; i++)
        all += 1.0 / (i + 12);
    uint32_t chosen = 0;
    for (double left = share * all - 1.0 / 12; left >= 0 && chosen + 1 < count; left -= 1.0 / (chosen + 12))
        chosen++;
    return chosen;
}

static size_t plant(struct ticket *tickets, const struct city *city, int64_t span)
{
    size_t made = 0;
    for (int burst = 0; burst < GRID_BURSTS; burst++) {
        uint32_t grid = ticket_below(city->grids.count), category = some_category(city->categories.count), size = GRID_BURST_LEAST + ticket_below(GRID_BURST_MOST - GRID_BURST_LEAST + 1);
        int64_t begin = ticket_below((uint32_t)(span / 1000 - 3600)) * INT64_C(1000);
        uint32_t first = ticket_below(ACTORS);
        for (uint32_t i = 0; i < size; i++)
            tickets[made++] = (struct ticket){.arrival = begin + ticket_below(3300000), .grid = grid, .category = category,
                                              .actor = (first + i * 7919) % ACTORS};
    }
    for (int burst = 0; burst < STREET_BURSTS; burst++) {
        uint32_t street = ticket_below(city->grids.count / GRIDS_OF_STREET), category = some_category(city->categories.count);
        int64_t begin = ticket_below((uint32_t)(span / 1000 - 1800)) * INT64_C(1000);
        for (uint32_t i = 0; i < STREET_BURST_SIZE; i++)
            tickets[made++] = (struct ticket){.arrival = begin + ticket_below(1200000),
                                              .grid = street * GRIDS_OF_STREET + ticket_below(GRIDS_OF_STREET),
                                              .category = category, .actor = ticket_below(ACTORS)};
    }
    return made;
}

static int by_arrival(const void *a, const void *b)
{
    const struct ticket *x = a, *y = b;
    return x->arrival != y->arrival ? (x->arrival > y->arrival) - (x->arrival < y->arrival)
                                    : (x->actor > y->actor) - (x->actor < y->actor);
}

int64_t ticket_delay_ms(void)
{
    return ticket_below(LATEST_MS + 1);
}

struct ticket *tickets_plan(const struct city *city, size_t count, int64_t span)
{
    struct ticket *tickets = count >= TICKETS_LEAST ? calloc(count, sizeof *tickets) : NULL;
    if (!tickets)
        return NULL;
    size_t made = plant(tickets, city, span);
    for (; made < count; made++) {
        uint32_t grid = ticket_below(city->grids.count), category = some_category(city->categories.count);
        uint64_t regular = (uint64_t)grid * 1000 + category * REGULARS + ticket_below(REGULARS);
        tickets[made] = (struct ticket){
            .arrival = ticket_below((uint32_t)(span / 1000)) * INT64_C(1000) + ticket_below(1000), .grid = grid, .category = category,
            .actor = ticket_below(200) ? (uint32_t)(mix(regular) % ACTORS) : ticket_below(ACTORS)};
    }
    for (size_t i = 0; i < count; i++)
        tickets[i].time = tickets[i].arrival - ticket_delay_ms();
    qsort(tickets, count, sizeof *tickets, by_arrival);
    return tickets;
}

void ticket_render(const struct ticket *t, const struct city *city, int64_t begin_s, long number, char *out)
{
    const char *grid = city->grids.texts[t->grid];
    time_t local = begin_s + t->time / 1000 + 8 * 3600;
    struct tm tm;
    gmtime_r(&local, &tm);
    char tail[256], time[32], respondent[17] = "";
    if (ticket_below(4) == 0)
        snprintf(respondent, sizeof respondent, "%016llx", (unsigned long long)mix(ACTORS + ticket_below(RESPONDENTS)));
    uint32_t involved = ticket_below(2000) ? 1 : 2 + ticket_below(29);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S+08:00", &tm);
    int tail_length =
        snprintf(tail, sizeof tail,
                 "\",\"grid\":\"%s\",\"urgency\":\"%s\",\"complainant\":\"%016llx\",\"respondent\":\"%s\","
                 "\"involved_count\":%u}}",
                 grid, urgencies[ticket_below(4)], (unsigned long long)mix(t->actor), respondent, involved);
    int length =
        snprintf(out, TICKET_LENGTH,
                 "{\"specversion\":\"1.0\",\"id\":\"WO%08ld#created\",\"source\":\"//hotline12345.example/district\","
                 "\"type\":\"gov.hotline.workorder.created\",\"time\":\"%s\",\"partitionkey\":\"%.*s\","
                 "\"data\":{\"order_no\":\"WO%08ld\",\"accept_channel\":\"%s\",\"category\":\"%s\","
                 "\"appeal_content\":\"",
                 number, time, STREET_DIGITS, grid, number, channels[ticket_below(4)], city->categories.texts[t->category]);
    for (;;) {
        const char *phrase = phrases[ticket_below(sizeof phrases / sizeof *phrases)];
        int more = (int)strlen(phrase);
        if (length + more + tail_length > TICKET_LENGTH)
            break;
        memcpy(out + length, phrase, (size_t)more);
        length += more;
    }
    for (int more = sizeof filler - 1; length + more + tail_length <= TICKET_LENGTH; length += more)
        memcpy(out + length, filler, (size_t)more);
    memcpy(out + length, tail, (size_t)tail_length + 1);
}
